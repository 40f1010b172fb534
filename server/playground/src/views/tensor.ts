/** The tensor of an inspection as numbers and as pixels. */
import { h } from '../dom';
import type { TensorData } from '../types';

const MEAN = [0.48145466, 0.4578275, 0.40821073];
const STD = [0.26862954, 0.26130258, 0.27577711];

export interface Tensor {
  shape: number[];
  values: Float32Array;
}

export function decode(data: TensorData): Tensor {
  const text = atob(data.data);
  const raw = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) raw[i] = text.charCodeAt(i);
  if (data.type === 'f32') return { shape: data.shape, values: new Float32Array(raw.buffer) };
  const scale = (data.maximum - data.minimum) / 255;
  return { shape: data.shape, values: Float32Array.from(raw, (byte) => data.minimum + byte * scale) };
}

/** Plane number i of [..., 3, height, width], normalised as pictures are, as pixels. */
export function picture({ shape, values }: Tensor, i = 0): HTMLCanvasElement {
  const [height, width] = shape.slice(-2) as [number, number];
  const canvas = h('canvas', { width, height });
  const context = canvas.getContext('2d')!;
  const pixels = context.createImageData(width, height);
  const plane = height * width;
  for (let c = 0; c < 3; c++)
    for (let p = 0; p < plane; p++)
      pixels.data[4 * p + c] = 255 * (values[(3 * i + c) * plane + p]! * STD[c]! + MEAN[c]!) + 0.5;
  for (let p = 0; p < plane; p++) pixels.data[4 * p + 3] = 255;
  context.putImageData(pixels, 0, 0);
  return canvas;
}

type Stop = [number, number, number];

const MAPS: Record<string, Stop[]> = {
  heat: [
    [8, 10, 30],
    [50, 15, 100],
    [120, 28, 109],
    [187, 55, 84],
    [237, 105, 37],
    [251, 180, 26],
    [252, 255, 164],
  ],
  signed: [
    [33, 102, 172],
    [103, 169, 207],
    [209, 229, 240],
    [247, 247, 247],
    [253, 219, 199],
    [239, 138, 98],
    [178, 24, 43],
  ],
};

/** A colour for 0..1. */
export function shade(name: keyof typeof MAPS, value: number): Stop {
  const stops = MAPS[name]!;
  const at = Math.min(Math.max(value, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low]!.map((from, c) => from + (at - low) * (stops[low + 1]![c]! - from)) as Stop;
}

/** Pixels of a matrix whose value at (column, row) is 0..1. */
export function matrix(
  width: number,
  height: number,
  map: keyof typeof MAPS,
  value: (x: number, y: number) => number | undefined,
): HTMLCanvasElement {
  const canvas = h('canvas', { width, height });
  const context = canvas.getContext('2d')!;
  const pixels = context.createImageData(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const v = value(x, y);
      if (v === undefined) continue;
      pixels.data.set([...shade(map, v), 255], 4 * (y * width + x));
    }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

export function figure(caption: string, ...content: Node[]): HTMLElement {
  return h('figure', {}, ...content, h('figcaption', {}, caption));
}

export function labelled(canvas: HTMLCanvasElement, label: string): HTMLCanvasElement {
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', label);
  return canvas;
}
