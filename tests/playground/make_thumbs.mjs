// Makes the small pictures of the samples that the playground begins with, out of its own views:
//     node make_thumbs.mjs http://localhost:8080/ ../../server/playground/src/thumbs
// For a change of docs/samples or of the views; needs the packages of package.json beside it, and chromium.
import { writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [address, folder] = process.argv.slice(2);
const SELECTORS = {
  audio: '.mel canvas',
  imu: '.motion figure:last-child canvas',
  depth: 'figure:nth-child(2) canvas',
  normal: 'figure:nth-child(2) canvas',
  video: '.shot:nth-child(3) canvas',
};

/** In the page: the view's canvas, or the part of it that says something, as a small picture. */
function thumb(selector, modality) {
  return new Promise((resolve) =>
    requestAnimationFrame(() => {
      const source = document.querySelector(`.card ${selector}`);
      let [x, y, width, height] = [0, 0, source.width, source.height];
      if (modality === 'audio') width *= 0.2;
      if (modality === 'imu') [x, width, y, height] = [48, width - 48, 8, height - 34];
      if (modality === 'point') [x, width, y, height] = [width * 0.18, width * 0.64, height * 0.1, height * 0.8];
      const canvas = Object.assign(document.createElement('canvas'), { width: 240, height: 150 });
      if (!['audio', 'imu', 'fmri'].includes(modality)) {
        const wanted = (width * 150) / 240;
        if (wanted < height) [y, height] = [y + (height - wanted) / 2, wanted];
        else [x, width] = [x + (width - (height * 240) / 150) / 2, (height * 240) / 150];
      }
      const context = canvas.getContext('2d');
      context.imageSmoothingEnabled = modality !== 'fmri';
      context.drawImage(source, x, y, width, height, 0, 0, 240, 150);
      resolve(canvas.toDataURL('image/webp', 0.8).split(',')[1]);
    }),
  );
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--enable-unsafe-swiftshader'],
});
const first = await browser.newPage();
await first.goto(address);
const samples = await first.locator('[data-sample]').evaluateAll((all) => all.map((button) => button.dataset.sample));
for (const sample of samples) {
  const modality = sample.split('-')[0];
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    deviceScaleFactor: 1,
    viewport: { width: 700, height: 900 },
  });
  const page = await context.newPage();
  await page.goto(address);
  // Without the grid of plots: it would be too bright before a dark page.
  await page.evaluate(() => document.documentElement.style.setProperty('--border', 'transparent'));
  await page.click(`[data-sample="${sample}"]`);
  await page.waitForSelector('.turn .meta');
  await page.waitForTimeout(500);
  const data = await page.evaluate(`(${thumb})(${JSON.stringify(SELECTORS[modality] ?? 'canvas')}, '${modality}')`);
  writeFileSync(`${folder}/${sample.replace(/\.\w+$/, '')}.webp`, Buffer.from(data, 'base64'));
  await context.close();
}
await browser.close();
