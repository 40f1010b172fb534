/** Images, depth and normal maps, and the frames of films. */
import { h } from '../dom';
import type { Inspected, Medium } from '../types';
import { figure, labelled, picture, type Tensor } from './tensor';

/** The file itself, with the part that the model sees; nothing where the browser cannot show it. */
function original(medium: Medium, found: Inspected): HTMLElement | null {
  const file = medium.parts.at(-1)!.file;
  const { width, height } = found;
  if (!width || !height || width === height) return null;
  const url = URL.createObjectURL(file);
  const side = Math.min(width, height);
  const crop = h('i', {
    class: 'crop',
    css: {
      left: `${(50 * (width - side)) / width}%`,
      top: `${(50 * (height - side)) / height}%`,
      width: `${(100 * side) / width}%`,
      height: `${(100 * side) / height}%`,
    },
  });
  const ret = figure(
    `The file, ${width} × ${height}; framed: what is used`,
    h(
      'div',
      { class: 'cropped' },
      h('img', {
        src: url,
        alt: `The file ${file.name}`,
        onload: () => URL.revokeObjectURL(url),
        onerror: () => ret.remove(),
      }),
      crop,
    ),
  );
  return ret;
}

export function imageView(medium: Medium, found: Inspected, tensor: Tensor): HTMLElement {
  const seen = labelled(picture(tensor), 'The picture as the model gets it');
  const file = original(medium, found);
  return h(
    'div',
    { class: file ? 'pair' : 'single' },
    file,
    figure(`As the model gets it, ${tensor.shape[2]} × ${tensor.shape[1]}`, seen),
  );
}

export function mapView(medium: Medium, _: Inspected, tensor: Tensor): HTMLElement {
  const name = medium.modality === 'depth' ? 'depth' : 'surface normals';
  const alone = medium.parts.length === 1;
  return h(
    'div',
    { class: 'pair' },
    figure(
      alone ? 'No image: the map in its place' : 'Its image',
      labelled(picture(tensor, 0), 'The image as the model gets it'),
    ),
    figure(`The ${name}`, labelled(picture(tensor, 1), `The ${name} as the model gets them`)),
  );
}

/** The three crops side by side make up the frame again; brackets show where each one lies. */
function frame(tensor: Tensor, i: number, found: Inspected): HTMLElement {
  const size = tensor.shape[3]!;
  const [w, hgt] = [found.width ?? 1, found.height ?? 1];
  const long = Math.floor((size * Math.max(w, hgt)) / Math.min(w, hgt));
  const offsets = [0, Math.ceil((long - size) / 2), long - size];
  const wide = w >= hgt;
  const canvas = h('canvas', { width: wide ? long : size, height: wide ? size : long });
  const context = canvas.getContext('2d')!;
  offsets.forEach((offset, crop) =>
    context.drawImage(picture(tensor, 3 * i + crop), wide ? offset : 0, wide ? 0 : offset),
  );
  const marks = offsets.map((offset) => {
    const [at, length] = [`${(100 * offset) / long}%`, `${(100 * size) / long}%`];
    return h('i', { css: wide ? { left: at, width: length } : { top: at, height: length } });
  });
  return h(
    'div',
    { class: 'frame' },
    labelled(canvas, `Frame ${i + 1}`),
    long > size && h('div', { class: wide ? 'marks wide' : 'marks high' }, ...marks),
  );
}

export function videoView(medium: Medium, found: Inspected, tensor: Tensor): HTMLElement {
  const file = medium.parts.at(-1)!.file;
  const numbers = found.frames_seen ?? [];
  const rate = found.frame_rate ?? 0;
  const at = (i: number) => (rate ? numbers[i]! / rate : 0);
  const player = h('video', {
    controls: true,
    muted: true,
    loop: true,
    playsinline: true,
    preload: 'metadata',
    src: URL.createObjectURL(file),
    'aria-label': `The film ${file.name}`,
  });
  const clips = tensor.shape[0]! / 3;
  const strip = Array.from({ length: clips }, (_, i) => {
    const show = () => {
      player.pause();
      player.currentTime = at(i);
    };
    return h(
      'button',
      { type: 'button', class: 'shot', onclick: show, 'aria-label': `Frame ${numbers[i] ?? i}: show it in the film` },
      frame(tensor, i, found),
      h('span', {}, rate ? `${at(i).toFixed(2)} s` : `${i + 1}`),
    );
  });
  const ticks =
    found.duration_s && rate
      ? h(
          'div',
          { class: 'timeline', 'aria-hidden': 'true' },
          ...numbers.slice(0, clips).map((_, i) => h('i', { css: { left: `${(100 * at(i)) / found.duration_s!}%` } })),
        )
      : null;
  const crops =
    found.width === found.height
      ? 'the film is square, so the three crops of each are the same'
      : 'brackets mark the three crops of each';
  player.addEventListener('error', () => (player.hidden = true));
  return h(
    'div',
    { class: 'film' },
    player,
    ticks,
    figure(`The ${clips} frames that the model gets; ${crops}`, h('div', { class: 'shots' }, ...strip)),
  );
}
