/** Sound, motion and brain activity. */
import { h } from '../dom';
import type { Inspected, Medium } from '../types';
import { legend, plot } from './plot';
import { figure, labelled, matrix, type Tensor } from './tensor';

const FRAME_S = 0.01;
const WINDOW_S = 0.025;

/** The lowest and the highest sample of each of n moments. */
function envelope(
  samples: Float32Array,
  rate: number,
  start: number,
  seconds: number,
  n: number,
): { x: Float64Array; low: (number | null)[]; high: (number | null)[] } {
  const x = new Float64Array(n);
  const low: (number | null)[] = [];
  const high: (number | null)[] = [];
  for (let i = 0; i < n; i++) {
    const [from, to] = [i, i + 1].map((k) => Math.floor((start + (seconds * k) / n) * rate)) as [number, number];
    const part = samples.subarray(from, to);
    x[i] = (seconds * i) / n;
    low.push(part.length ? part.reduce((a, b) => Math.min(a, b)) : null);
    high.push(part.length ? part.reduce((a, b) => Math.max(a, b)) : null);
  }
  return { x, low, high };
}

/** Decoded by the browser; what it cannot decode has no waveform here. */
async function waveform(file: File, start: number, seconds: number, box: HTMLElement): Promise<void> {
  try {
    const context = new OfflineAudioContext(1, 1, 16000);
    const sound = await context.decodeAudioData(await file.arrayBuffer());
    const { x, low, high } = envelope(sound.getChannelData(0), sound.sampleRate, start, seconds, 640);
    const peak = Math.max(0.01, ...high.map((v) => Math.abs(v ?? 0)), ...low.map((v) => Math.abs(v ?? 0)));
    const lines = [
      { label: 'lowest', colour: 'accent', values: low },
      { label: 'highest', colour: 'accent', values: high },
    ];
    const options = {
      height: 90,
      x,
      xRange: [0, seconds] as [number, number],
      yRange: [-peak, peak] as [number, number],
      hideX: true,
      fill: true,
    };
    box.replaceWith(figure('Waveform', plot(lines, options, 'Waveform of the recording')));
  } catch {
    box.remove();
  }
}

export function audioView(medium: Medium, found: Inspected, tensor: Tensor): HTMLElement {
  const [bins, frames] = tensor.shape.slice(-2) as [number, number];
  const file = medium.parts.at(-1)!.file;
  const start = Number(medium.options['audio.start'] ?? 0);
  const seconds = frames * FRAME_S;
  const heard = Math.min(seconds, (found.duration_s ?? seconds) - start);
  const used = Math.min(frames, Math.max(1, Math.floor((heard - WINDOW_S) / FRAME_S) + 1));
  const sorted = tensor.values.filter((_, i) => i % frames < used).sort();
  const [low, high] = [sorted[Math.floor(sorted.length * 0.02)]!, sorted[sorted.length - 1]!];
  const mel = matrix(frames, bins, 'heat', (x, y) =>
    x < used ? (tensor.values[(bins - 1 - y) * frames + x]! - low) / (high - low) : undefined,
  );
  const box = h('div');
  void waveform(file, start, seconds, box);
  const ticks = [0, 2, 4, 6, 8, 10]
    .filter((t) => t < seconds)
    .map((t) => h('span', { css: { left: `${(100 * t) / seconds}%` } }, `${start + t} s`));
  return h(
    'div',
    { class: 'sound' },
    h('audio', { controls: true, src: URL.createObjectURL(file), 'aria-label': `The recording ${file.name}` }),
    box,
    figure(
      `Mel spectrogram, ${bins} bands × ${frames} frames of 10 ms${used < frames ? '; empty: padding' : ''}`,
      h(
        'div',
        { class: 'mel' },
        h('div', { class: 'axis-y' }, h('span', {}, '8 kHz'), h('span', {}, '20 Hz')),
        h('div', {}, labelled(mel, 'Mel spectrogram as the model gets it'), h('div', { class: 'axis-x' }, ...ticks)),
      ),
    ),
  );
}

const AXES = ['x', 'y', 'z'].map((label, i) => ({ label, colour: `series-${i + 1}` }));

export function imuView(medium: Medium, _: Inspected, tensor: Tensor): HTMLElement {
  const n = tensor.shape[1]!;
  const start = Number(medium.options['imu.start'] ?? 0);
  const x = Float64Array.from({ length: n }, (_, i) => start + i / 200);
  const row = (i: number) => tensor.values.subarray(i * n, (i + 1) * n);
  const trace = (first: number, hideX: boolean, label: string) =>
    plot(
      AXES.map((axis, i) => ({ ...axis, values: row(first + i) })),
      { height: hideX ? 120 : 142, x, xUnit: 's', hideX },
      label,
    );
  return h(
    'div',
    { class: 'motion' },
    legend(AXES),
    figure('Accelerometer', trace(0, true, 'Accelerometer, three axes')),
    figure('Gyroscope', trace(3, false, 'Gyroscope, three axes')),
  );
}

export function fmriView(_: Medium, __: Inspected, tensor: Tensor): HTMLElement {
  const n = tensor.values.length;
  const columns = Math.max(64, 16 * Math.ceil(Math.sqrt(n * 2.5) / 16));
  const rows = Math.ceil(n / columns);
  const sorted = tensor.values.map(Math.abs).sort();
  const top = sorted[Math.floor(n * 0.99)] || 1;
  const strip = labelled(
    matrix(columns, rows, 'signed', (x, y) =>
      y * columns + x < n ? 0.5 + tensor.values[y * columns + x]! / top / 2 : undefined,
    ),
    `Responses of ${n} voxels`,
  );
  const reading = h('output', {}, 'Point at a voxel to read it.');
  strip.addEventListener('pointermove', (event) => {
    const box = strip.getBoundingClientRect();
    const at =
      Math.floor(((event.clientY - box.top) / box.height) * rows) * columns +
      Math.floor(((event.clientX - box.left) / box.width) * columns);
    if (at >= 0 && at < n) reading.textContent = `Voxel ${at}: ${tensor.values[at]!.toFixed(3)}`;
  });
  const scale = h(
    'div',
    { class: 'scale' },
    h('span', {}, `−${top.toFixed(2)}`),
    labelled(
      matrix(96, 1, 'signed', (x) => x / 95),
      'Colour scale',
    ),
    h('span', {}, top.toFixed(2)),
  );
  return h(
    'div',
    { class: 'voxels' },
    figure(`${n.toLocaleString('en')} voxels in the order of the file, row by row`, strip),
    h('div', { class: 'row' }, reading, scale),
  );
}
