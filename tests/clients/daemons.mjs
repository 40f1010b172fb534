// The daemons of a session, which sdk.py has started, and what is asked of them.

import {readFileSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

// With the demo model; with a model that takes its time for an answer; with the demo model for those who have the key.
export const {DEMO: demo, SLOW: slow, KEYED: keyed, KEY: key} = process.env;

export const sample = name => readFileSync(path.join(process.env.SAMPLES, name));
export const sample64 = name => sample(name).toString('base64');

// An answer that goes on for longer than any test lasts, from the slow model.
export const endless = {max_tokens: 16000, temperature: 2, top_p: 1, seed: 1};

// The value of one of the daemon's metrics; 0 where it has none.
async function metric(baseURL, series) {
  const page = await (await fetch(baseURL.replace('/v1', '/metrics'))).text();
  const line = page.split('\n').find(line => line.startsWith(series + ' '));
  return line ? Number(line.split(' ')[1]) : 0;
}

// Waits for what is to be seen in metrics.
async function until(isTrue, what) {
  for (let i = 0; i < 300; i++) {
    if (await isTrue())
      return;
    await sleep(100);
  }
  throw new Error(`waited in vain: ${what}`);
}

// Returns when the slow daemon answers something.
export const isAnswering = () => until(async () => await metric(slow, 'onellmd_sequences') === 1, 'an answer has begun');

// Runs `body`, which leaves in the middle of an answer of the slow daemon; returns once that daemon has seen it go.
export async function abandons(body) {
  const count = () => metric(slow, 'onellmd_questions_total{end="abandoned"}');
  const before = await count();
  await body();
  await until(async () => await count() === before + 1 && await metric(slow, 'onellmd_sequences') === 0,
              'the answer was abandoned');
}
