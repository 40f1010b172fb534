/** A daemon, a browser that reports what it should not do, and results as TAP. */
import { execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(process.env.PACKAGES);
export const { chromium } = require('playwright-core');
export const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
export const WAIT_MS = 60000; // the longest that anything may take on a busy machine

export const folder = mkdtempSync(join(tmpdir(), 'playground-'));

/** A model that needs milliseconds for a token and rarely ends. */
let slow;
export function slowModel() {
  if (!slow) {
    slow = join(folder, 'slow.gguf');
    const sizes = ['n_blocks=64', 'context=16384', 'vocab_size=4096'].flatMap((size) => ['--set', size]);
    execFileSync(process.env.ONELLM, ['synthesize', '--shape', 'tiny', '--seed', '1', ...sizes, '--output', slow], {
      stdio: 'ignore',
    });
  }
  return slow;
}

export async function startDaemon(...options) {
  const child = spawn(process.env.ONELLMD, ['--port', '0', '--drain-delay-ms', '0', ...options], {
    env: { ...process.env, ONELLMD_CONFIG: '/dev/null' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const daemon = { child, log: '' };
  daemon.ended = new Promise((done) => child.on('exit', (code) => done(code)));
  daemon.address = await new Promise((found, failed) => {
    child.stderr.on('data', (text) => {
      daemon.log += text;
      const address = /event=listening address=(\S+)/.exec(daemon.log)?.[1];
      if (address && daemon.log.includes('event=ready')) found(`${address}/`);
    });
    daemon.ended.then((code) => failed(new Error(`the daemon ended with ${code}:\n${daemon.log}`)));
  });
  daemon.stop = async () => {
    child.kill('SIGTERM');
    const code = await daemon.ended;
    if (code !== 0 || /Sanitizer|runtime error:/.test(daemon.log))
      throw new Error(`exit status ${code}:\n${daemon.log}`);
  };
  return daemon;
}

let browser;
export async function openBrowser() {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--enable-unsafe-swiftshader',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  });
}

/** Closes the browser and removes what was made. */
export async function closeAll() {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}

/** A page of its own. What it should not do is in page.faults; refusals that a test provokes are not among them. */
export async function openPage(address, { context, ...options } = {}) {
  const own = context ?? (await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options }));
  const page = await own.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.faults = [];
  page.sent = [];
  const host = new URL(address).host;
  page.on('pageerror', (error) => page.faults.push(`error: ${error}`));
  page.on(
    'console',
    (message) =>
      message.type() === 'error' &&
      !/status of [45]\d\d|ERR_CONNECTION/.test(message.text()) &&
      page.faults.push(`console: ${message.text()}`),
  );
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'blob:' && url.host !== host) page.faults.push(`request to another host: ${url}`);
    page.sent.push(`${request.method()} ${url.pathname}`);
  });
  await page.goto(address);
  await page.waitForSelector('.dot.good, .dot.bad, dialog[open]');
  return page;
}

/** The answer behind the n-th question, when it is complete. */
export async function answer(page, n = 1) {
  await page
    .locator('.turn')
    .nth(n - 1)
    .locator('.meta')
    .waitFor();
  return page
    .locator('.turn')
    .nth(n - 1)
    .locator('.text')
    .innerText();
}

export async function ask(page, question) {
  await page.fill('#prompt', question);
  await page.press('#prompt', 'Enter');
}

let count = 0;
let failures = 0;
export async function test(name, body) {
  const filter = process.argv[2];
  if (filter && !name.includes(filter)) return;
  try {
    await body();
    console.log(`ok ${++count} - ${name}`);
  } catch (error) {
    failures++;
    console.log(`not ok ${++count} - ${name}`);
    for (const line of String(error.stack ?? error)
      .split('\n')
      .slice(0, 12))
      console.log(`# ${line}`);
  }
}

export function finish() {
  console.log(`1..${count}`);
  return failures ? 1 : 0;
}
