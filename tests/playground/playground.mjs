// Does the playground do in a browser what it promises? Every modality, the way from upload to answer, and what goes wrong.
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  answer,
  ask,
  axe,
  closeAll,
  finish,
  folder,
  openBrowser,
  openPage,
  ROOT,
  slowModel,
  startDaemon,
  test,
  WAIT_MS,
} from './support.mjs';

const samples = [
  ...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(
    /^ +curl localhost:8080\/v1\/answers (.*) -F prompt='(.*)'  # (.*)$/gm,
  ),
].map(([, files, question, truth]) => ({
  files: [...files.matchAll(/@docs\/samples\/(\S+)/g)].map((match) => match[1]),
  question,
  truth,
}));
const path = (name) => join(ROOT, 'docs/samples', name);
const shots = process.env.SHOTS;

async function shoot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

const isClean = (page) => assert.deepEqual(page.faults, []);
const close = async (page) => {
  isClean(page);
  await page.context().close();
};

/** Faults that disable or mislead people who cannot see or point. */
async function checkAccess(page, what) {
  await page.evaluate(`${axe}; 0`);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(
    serious.map(
      ({ id, nodes }) =>
        `${what}: ${id}: ${nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join(', ')}`,
    ),
    [],
  );
}

/** Pixels of the first canvas of a card differ: something has been drawn. */
const isDrawn = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) =>
        requestAnimationFrame(() => {
          const source = document.querySelector('.card canvas');
          const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
          canvas.getContext('2d').drawImage(source, 0, 0, 64, 64);
          resolve(new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, 64, 64).data.buffer)).size > 1);
        }),
      ),
  );

async function withDaemon(options, body) {
  const daemon = await startDaemon(...options);
  try {
    await body(daemon);
  } finally {
    await daemon.stop();
  }
}

/** Asks for an answer that lasts longer than any test. */
async function askForever(page) {
  await page.click('#settings');
  for (const [name, value] of [
    ['temperature', '2'],
    ['top_p', '1'],
    ['seed', '1'],
    ['max_tokens', '16000'],
  ])
    await page.fill(`#settings-dialog [name=${name}]`, value);
  await page.click('#settings-dialog .primary');
  await ask(page, 'Go on.');
}

/** A proxy in front of the daemon that serves it below a prefix. */
async function behindPrefix(address, prefix) {
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url.startsWith(prefix)) return outgoing.writeHead(404).end();
    const { hostname, port } = new URL(address);
    const forward = httpRequest(
      {
        hostname,
        port,
        method: incoming.method,
        path: incoming.url.slice(prefix.length - 1),
        headers: incoming.headers,
      },
      (reply) => {
        outgoing.writeHead(reply.statusCode, reply.headers);
        reply.pipe(outgoing);
      },
    );
    incoming.pipe(forward);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { address: `http://127.0.0.1:${server.address().port}${prefix}`, close: () => server.close() };
}

async function withDemo({ address }) {
  assert.equal(samples.length, 16);
  for (const [i, { files, question, truth }] of samples.entries()) {
    const modality = files.at(-1).split('-')[0];
    await test(`sample ${files.at(-1)}`, async () => {
      const page = await openPage(address, i % 2 ? { colorScheme: 'dark' } : {});
      await page.click(`[data-sample="${files.at(-1)}"]`);
      assert.equal(await answer(page), truth);
      assert.equal(await page.locator('.question p').innerText(), question);
      assert.ok(await isDrawn(page), 'the view is empty');
      await page.waitForTimeout(shots ? 500 : 0);
      await shoot(page, `${modality}-${i % 2 ? 'dark' : 'light'}`);
      await close(page);
    });
    if (i % 2 === 0) continue;
    await test(`upload ${files.at(-1)}`, async () => {
      const page = await openPage(address, { viewport: { width: 390, height: 844 } });
      await page.setInputFiles('#file', files.map(path));
      assert.equal(await page.locator('.card select').inputValue(), modality);
      assert.equal(await page.locator('.card').count(), 1);
      await ask(page, question);
      assert.equal(await answer(page), truth);
      await shoot(page, `${modality}-phone`);
      await close(page);
    });
  }

  await test('several turns about one upload', async () => {
    const page = await openPage(address);
    await page.click('[data-sample="image-red-circle.jpg"]');
    await answer(page);
    page.sent.length = 0;
    await ask(page, 'What colour is it?');
    assert.equal(await answer(page, 2), 'red');
    assert.deepEqual(
      page.sent.filter((line) => line.startsWith('POST')),
      ['POST /v1/chat/completions'],
    );
    await shoot(page, 'turns');
    await close(page);
  });

  await test('several files in one question', async () => {
    const page = await openPage(address);
    await page.setInputFiles('#file', [path('image-red-circle.jpg'), path('imu-walking.csv')]);
    assert.equal(await page.locator('.card').count(), 2);
    await page.locator('.card .facts').nth(1).waitFor();
    await ask(page, 'What is the person doing?');
    await answer(page);
    await page.click('summary:has-text("As code")');
    assert.equal((await page.locator('.code pre').innerText()).match(/-F media_id=media-/g).length, 2);
    await shoot(page, 'several');
    await close(page);
  });

  await test('dropped and pasted', async () => {
    const page = await openPage(address);
    await page.evaluate(async () => {
      const blob = await (await fetch('samples/normal-sphere.png')).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File([blob], 'normal-sphere.png', { type: blob.type }));
      dispatchEvent(new DragEvent('dragenter', { dataTransfer: transfer }));
      if (document.getElementById('drop').hidden) throw new Error('nothing says that files may be dropped');
      dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
      dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, cancelable: true }));
    });
    await page.locator('.card .facts').nth(1).waitFor();
    assert.ok(await page.locator('#drop').isHidden());
    await close(page);
  });

  await test('a depth map finds its image by its name', async () => {
    const page = await openPage(address);
    await page.setInputFiles('#file', ['image-red-circle.jpg', 'depth-slanted.png', 'depth-slanted.jpg'].map(path));
    assert.deepEqual(await page.locator('.card select').evaluateAll((all) => all.map((one) => one.value)), [
      'image',
      'depth',
    ]);
    await page.getByText('Its image').waitFor();
    await close(page);
  });

  await test('choices with probabilities', async () => {
    const page = await openPage(address);
    await page.setInputFiles('#file', path('image-red-circle.jpg'));
    await page.click('#choose');
    await page.fill('#choices', 'a red circle, a blue square, a green star');
    await ask(page, 'What is this?');
    assert.equal(await answer(page), 'a red circle');
    assert.equal(await page.locator('.choice-list li').count(), 3);
    assert.match(await page.locator('.choice-list .best').innerText(), /a red circle\s+\d+\.\d %/);
    await shoot(page, 'choices');
    await close(page);
  });

  await test('the request as code', async () => {
    const page = await openPage(address);
    await page.click('[data-sample="image-red-circle.jpg"]');
    await answer(page);
    await page.click('summary:has-text("As code")');
    const code = page.locator('.code pre');
    assert.match(await code.innerText(), new RegExp(`curl -N ${address}v1/answers`));
    await page.click('.tabs button:has-text("fetch")');
    assert.match(await code.innerText(), /new FormData\(\)/);
    await page.click('.tabs button:has-text("OpenAI SDK")');
    assert.match(await code.innerText(), /"media_id": "media-/);
    await page.click('summary:has-text("Experts")');
    await page.waitForSelector('.routing svg rect');
    await shoot(page, 'details');
    await close(page);
  });

  await test('a sound from the microphone, a picture and a film from the camera', async () => {
    const page = await openPage(address, { permissions: ['microphone', 'camera'] });
    await page.click('#mic');
    await page.waitForFunction(() => document.getElementById('record-words').textContent === '');
    await page.click('#record');
    await page.waitForTimeout(1500);
    await page.click('#record');
    await page.locator('.card .facts').waitFor();
    assert.equal(await page.locator('.card select').inputValue(), 'audio');
    await page.click('#camera');
    await page.waitForFunction(() => document.getElementById('preview').videoWidth > 0);
    await shoot(page, 'camera');
    await page.click('#photo');
    await page.locator('.card .facts').nth(1).waitFor();
    await page.click('#camera');
    await page.waitForFunction(() => document.getElementById('preview').videoWidth > 0);
    await page.click('#record');
    await page.waitForTimeout(2000);
    await page.click('#record');
    await page.locator('.card .facts').nth(2).waitFor();
    assert.deepEqual(await page.locator('.card select').evaluateAll((all) => all.map((one) => one.value)), [
      'audio',
      'image',
      'video',
    ]);
    await close(page);
  });

  await test('a reload keeps the conversation; it can be exported and found again', async () => {
    const page = await openPage(address);
    await page.click('[data-sample="imu-walking.csv"]');
    await answer(page);
    await page.reload();
    assert.equal(await answer(page), 'walking');
    await page.locator('.card .facts').waitFor();
    await ask(page, 'What is the person doing?');
    assert.equal(await answer(page, 2), 'walking');
    await page.click('#new');
    assert.equal(await page.locator('.turn').count(), 0);
    await page.click('#history');
    await page.locator('#history-list button').first().waitFor();
    await shoot(page, 'history');
    await page.click('#history-list button');
    assert.equal(await page.locator('.turn').count(), 2);
    await page.click('#history');
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
    const exported = JSON.parse(readFileSync(await file.path(), 'utf8'));
    assert.equal(exported.turns[0].answer, 'walking');
    assert.equal(exported.media[0].files[0].name, 'imu-walking.csv');
    await close(page);
  });

  await test('what the server has forgotten is uploaded again', async () => {
    const page = await openPage(address);
    await page.click('[data-sample="image-red-circle.jpg"]');
    await answer(page);
    await page.click('summary:has-text("As code")');
    const [id] = /media-[0-9a-f]+/.exec(await page.locator('.code pre').innerText());
    assert.equal((await fetch(`${address}v1/media/${id}`, { method: 'DELETE' })).status, 200);
    await ask(page, 'What colour is it?');
    assert.equal(await answer(page, 2), 'red');
    await close(page);
  });

  await test('two tabs at once', async () => {
    const one = await openPage(address);
    const two = await openPage(address, { context: one.context() });
    await Promise.all([one.click('[data-sample="point-red-torus.ply"]'), two.click('[data-sample="fmri-face.npy"]')]);
    assert.deepEqual(await Promise.all([answer(one), answer(two)]), ['a torus', 'a face']);
    await Promise.all([one.reload(), two.reload()]);
    assert.deepEqual(await Promise.all([answer(one), answer(two)]), ['a torus', 'a face']);
    isClean(two);
    await close(one);
  });

  await test('a wrong file is refused in words, and can be removed', async () => {
    const page = await openPage(address);
    const wrong = join(folder, 'letter.jpg');
    writeFileSync(wrong, 'Dear model, this is no picture.');
    await page.setInputFiles('#file', wrong);
    assert.match(
      await page.locator('.card .error').innerText(),
      /^(This is not a file of that kind|The file cannot be read)\. Image: expected jpeg/,
    );
    await shoot(page, 'wrong-file');
    await page.click('.card [aria-label^=Remove]');
    assert.equal(await page.locator('.card').count(), 0);
    await close(page);
  });

  await test('below the prefix of a proxy', async () => {
    const proxy = await behindPrefix(address, '/models/onellm/');
    const page = await openPage(proxy.address);
    await page.click('[data-sample="normal-sphere.png"]');
    assert.equal(await answer(page), 'a sphere');
    await close(page);
    proxy.close();
  });

  await test('the live charts', async () => {
    const page = await openPage(address);
    await page.click('[data-sample="image-red-circle.jpg"]');
    await answer(page);
    await page.click('#status');
    await page.waitForTimeout(shots ? 6000 : 2500);
    assert.equal(await page.locator('#charts .uplot').count(), 6);
    assert.match(
      await page.locator('#server-facts').innerText(),
      /State\s+ready\s+Model\s+demo\s+Weights\s+f16, 7\.0 MB/,
    );
    await shoot(page, 'charts');
    await checkAccess(page, 'charts');
    await close(page);
  });

  for (const colorScheme of ['light', 'dark'])
    await test(`accessible, ${colorScheme}`, async () => {
      const page = await openPage(address, { colorScheme });
      await checkAccess(page, 'welcome');
      await shoot(page, `welcome-${colorScheme}`);
      await page.click('[data-sample="audio-three-beeps.wav"]');
      await answer(page);
      for (const name of ['Tokens', 'As code', 'Experts']) await page.click(`summary:has-text("${name}")`);
      await checkAccess(page, 'answer');
      await page.click('#settings');
      await checkAccess(page, 'settings');
      await shoot(page, `settings-${colorScheme}`);
      await close(page);
    });

  await test('by keyboard alone', async () => {
    const page = await openPage(address);
    await page.focus('[data-sample="image-three-stars.png"]');
    await page.keyboard.press('Enter');
    assert.equal(await answer(page), 'blue');
    await page.focus('#prompt');
    await page.keyboard.type('How many are there?');
    await page.keyboard.press('Enter');
    await answer(page, 2);
    await page.focus('#settings');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('dialog[open]').count(), 0);
    await close(page);
  });

  await test('nothing is wider than a phone', async () => {
    const page = await openPage(address, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await shoot(page, 'welcome-phone');
    for (const sample of ['video-moving-square.mp4', 'audio-three-beeps.wav']) {
      await page.tap(`[data-sample="${sample}"]`);
      await answer(page);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
      await page.tap('#new');
    }
    await close(page);
  });

  await test('small and quick', async () => {
    const paints = [];
    for (let i = 0; i < 3; i++) {
      const page = await openPage(address);
      paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
      if (i === 2) {
        const bytes = await page.evaluate(() =>
          performance
            .getEntriesByType('resource')
            .filter(({ name }) => name.includes('/assets/'))
            .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
        );
        console.log(`# first paint after ${paints.map((ms) => ms.toFixed(0)).join(', ')} ms; ${bytes} bytes of assets`);
        assert.ok(bytes > 10000 && bytes < 250 * 1024, `${bytes} bytes`);
      }
      await close(page);
    }
    assert.ok(Math.min(...paints) < 500, `first paint after ${paints} ms`);
  });
}

async function fresh({ address, child }) {
  await test('the daemon grows by less than 1 MiB', async () => {
    // Memory of its own: pages of the program file, which hold the page, are the kernel's to keep or drop.
    const own = () => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]);
    await fetch(`${address}version`);
    const before = own();
    const page = await openPage(address);
    await page.waitForFunction(() => document.getElementById('model').textContent === 'demo');
    console.log(`# it grew by ${own() - before} KiB`);
    const isSanitized = readFileSync(process.env.ONELLMD).includes('__asan_init'); // which keeps freed memory for a while
    assert.ok(own() - before < (isSanitized ? 8192 : 1024));
    await close(page);
  });
}

async function withSlow({ address }) {
  await test('stop, and the queue', async () => {
    const one = await openPage(address);
    await askForever(one);
    await one.waitForFunction(() => document.querySelector('.text')?.textContent.length > 20);
    const two = await openPage(address);
    await ask(two, 'And me?');
    await two.getByText('Waiting: number 1 in the queue').waitFor();
    await shoot(two, 'queue');
    const three = await openPage(address);
    await ask(three, 'And me?');
    await three.getByText('Waiting: number 2 in the queue').waitFor();
    const four = await openPage(address);
    await ask(four, 'And me?');
    await four.getByText(/The server is busy: too many questions are waiting\. Try again in \d+ s\./).waitFor();
    await shoot(four, 'busy');
    await four.getByText('Ask again').waitFor();
    await two.click('#stop');
    await two.getByText('stopped').waitFor();
    await one.click('#stop');
    await one.getByText('stopped').waitFor();
    await three.click('#stop');
    for (let i = 0; ; i++) {
      const text = await (await fetch(`${address}metrics`)).text();
      if (/^onellmd_sequences 0$/m.test(text)) break;
      assert.ok(i < WAIT_MS / 100, 'the question goes on at the server');
      await new Promise((done) => setTimeout(done, 100));
    }
    for (const page of [one, two, three, four]) await close(page);
  });
}

async function drained() {
  await test('a server that drains', async () => {
    const daemon = await startDaemon('--drain-delay-ms', '4000');
    const page = await openPage(daemon.address);
    const keep = await openPage(daemon.address);
    const stopping = daemon.stop();
    await page.reload();
    await page.waitForSelector('.dot.bad[aria-label="Shutting down"]');
    await close(page);
    await stopping;
    await ask(keep, 'Are you there?');
    await keep.getByText('The server cannot be reached. Is it still running?').waitFor();
    await keep.context().close();
  });
}

async function small({ address }) {
  await test('a file that is too large', async () => {
    const page = await openPage(address);
    await page.setInputFiles('#file', path('audio-rising-tone.flac'));
    await page.getByText(/The file is too large for this server\. .*20000 bytes/).waitFor();
    await shoot(page, 'too-large');
    await page.context().close();
  });
}

async function keyed({ address }) {
  await test('a server that wants a key', async () => {
    const page = await openPage(address);
    await page.locator('#key-dialog[open]').waitFor();
    await shoot(page, 'key');
    await page.fill('#key', 'sesame');
    await page.click('#key-dialog .primary');
    await page.waitForFunction(() => document.getElementById('model').textContent === 'demo');
    await page.click('[data-sample="image-red-circle.jpg"]');
    assert.equal(await answer(page), 'a red circle');
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes('sesame')), false);
    await close(page);
  });
}

const SLOW = ['--model', slowModel(), '--threads', '1', '--sequences', '1'];

let isMissing = false;
await withDaemon([], async ({ address }) => {
  if ((await (await fetch(address)).text()).includes('id="composer"')) return;
  console.log('ok 1 - the playground in a browser # SKIP the daemon was built without it\n1..1');
  isMissing = true;
});
if (isMissing) process.exit(0);
await openBrowser();
await withDaemon([], withDemo);
await withDaemon([], fresh);
await withDaemon([...SLOW, '--queue', '2'], withSlow);
await drained();
await withDaemon(['--body-bytes-max', '20000'], small);
writeFileSync(join(folder, 'keys'), `anna ${createHash('sha256').update('sesame').digest('hex')}\n`);
await withDaemon(['--keys', join(folder, 'keys')], keyed);
await closeAll();
process.exit(finish());
