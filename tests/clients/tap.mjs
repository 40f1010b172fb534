// Test Anything Protocol for the sessions of this folder.

let n = 0, failures = 0;

// One test: it is good when `body` returns without throwing.
export async function test(name, body) {
  let failure = null;
  try {
    await body();
  } catch (error) {
    failure = error;
  }
  console.log(`${failure ? 'not ok' : 'ok'} ${++n} - ${name}`);
  if (failure) {
    failures++;
    console.log(String(failure.stack ?? failure).replace(/^/gm, '# '));
  }
}

// Prints the plan, and ends with the exit status.
export function finish() {
  console.log(`1..${n}`);
  process.exit(failures ? 1 : 0);
}
