/** A file of the conversation: what it is, what the model gets of it, and what can be changed about it. */
import { ApiError } from './api';
import { h, milliseconds, svg } from './dom';
import { icon } from './icons';
import { asModality, encode, inspect } from './media';
import { MODALITIES, type Inspected, type Medium, type Modality, type ModalityInfo, type Routing } from './types';
import { view } from './views';
import { explain, NAMES } from './words';

const TRIES = ['unsupported_media_type', 'invalid_media', 'invalid_value'];
const COMPANIONS: Record<string, string> = {
  image: 'Add its image',
  'imu.timestamps': 'Add time stamps',
  'fmri.mask': 'Add a mask',
};
const OPTIONS: Record<string, string> = { start: 'From (s)', end: 'To (s)', range: 'Range' };

export interface Card {
  medium: Medium;
  element: HTMLElement;
  /** Settles when the server has it; fails when it will not. */
  ready: Promise<void>;
  renew(): Promise<void>;
}

/** How the router weighs the experts for each of the tokens of this kind. */
function routingView(routing: Routing): HTMLElement {
  const n = routing.tokens.length;
  const bars = routing.tokens.flatMap((weights, i) => {
    const sum = weights.reduce((a, b) => a + b, 0) || 1;
    let top = 0;
    return weights.map((weight, k) => {
      const rect = svg('rect', { x: i * 8, y: top, width: 7, height: (48 * weight) / sum, class: `expert-${k % 4}` });
      top += (48 * weight) / sum;
      return rect;
    });
  });
  const means = routing.mean.map((weight, k) =>
    h('li', {}, h('i', { class: `expert-${k % 4}` }), `expert ${k + 1} `, h('b', {}, `${(100 * weight).toFixed(0)} %`)),
  );
  const chart = svg(
    'svg',
    {
      viewBox: `0 0 ${n * 8} 48`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `Weights of ${routing.mean.length} experts for ${n} tokens`,
    },
    ...bars,
  );
  return h(
    'div',
    { class: 'routing' },
    h('p', { class: 'hint' }, `How the router mixes its experts, in each of the ${n} tokens that stand for the file`),
    chart,
    h('ul', { class: 'legend' }, ...means),
  );
}

function facts(found: Inspected): string {
  const seconds = found.duration_s;
  return [
    found.format?.toUpperCase(),
    found.width && found.height && `${found.width} × ${found.height}`,
    seconds && `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`,
    typeof found.samples === 'number' && `${found.samples} samples`,
    typeof found.points === 'number' && `${found.points} points`,
    typeof found.voxels === 'number' && `${found.voxels} voxels`,
    found.frame_rate && `${Number(found.frame_rate.toFixed(2))} frames/s`,
    found.sample_rate && `${Number((found.sample_rate / 1000).toFixed(2))} kHz`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** others: kinds to try when the first one does not fit the file. */
export function newCard(
  medium: Medium,
  others: Modality[],
  infos: ModalityInfo[],
  changed: () => void,
  removed: () => void,
): Card {
  const title = h('span', { class: 'title' });
  const kind = h(
    'select',
    { 'aria-label': `Kind of ${medium.label}` },
    ...MODALITIES.map((name) => h('option', { value: name }, NAMES[name])),
  );
  const body = h('div', { class: 'card-body' });
  const words = h('p', { class: 'hint', role: 'status' });
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Upload' });
  const close = h(
    'button',
    { type: 'button', class: 'tool', 'aria-label': `Remove ${medium.label}`, title: 'Remove' },
    icon('close', 16),
  );
  const element = h(
    'article',
    { class: 'card', 'aria-label': medium.label },
    h('header', {}, title, kind, close),
    body,
  );
  let running = new AbortController();

  const progress = (text: string, part: number) => {
    words.textContent = `${text} …`;
    bar.value = part;
  };

  /** Inspects as the kind at hand, then as the others. */
  async function inspectAny(signal: AbortSignal): Promise<Inspected> {
    const kinds = [medium.modality, ...others];
    let first: unknown;
    for (const modality of kinds) {
      if (modality !== medium.modality) asModality(medium, modality);
      try {
        return await inspect(medium, progress, signal);
      } catch (error) {
        first ??= error;
        if (!(error instanceof ApiError) || !TRIES.includes(error.code)) throw error;
      }
    }
    if (medium.modality !== kinds[0]) asModality(medium, kinds[0]!);
    throw first;
  }

  function show(): void {
    title.replaceChildren(icon(medium.modality), h('span', {}, medium.label));
    kind.value = medium.modality;
  }

  function controls(found: Inspected): HTMLElement {
    const info = infos.find((one) => one.id === medium.modality);
    const options = (info?.options ?? [])
      .filter((name) => OPTIONS[name.split('.')[1]!])
      .map((name) => {
        const label = OPTIONS[name.split('.')[1]!]!;
        const number = label !== 'Range';
        return h(
          'label',
          {},
          `${label} `,
          h('input', {
            type: number ? 'number' : 'text',
            min: number ? 0 : undefined,
            step: number ? 'any' : undefined,
            placeholder: number ? '' : 'auto',
            value: medium.options[name] ?? '',
            onchange: (event: Event) => {
              medium.options[name] = (event.target as HTMLInputElement).value.trim();
              restart();
            },
          }),
        );
      });
    const companions = Object.keys(info?.companions ?? {})
      .filter((name) => !medium.parts.some((part) => part.name === name))
      .map((name) => {
        const input = h('input', {
          type: 'file',
          hidden: true,
          tabindex: -1,
          'aria-label': COMPANIONS[name] ?? name,
          onchange: () => {
            const file = input.files?.[0];
            if (!file) return;
            if (name === 'image') medium.parts.unshift({ name, file });
            else medium.parts.push({ name, file });
            restart();
          },
        });
        return h(
          'span',
          {},
          h('button', { type: 'button', class: 'quiet', onclick: () => input.click() }, COMPANIONS[name] ?? name),
          input,
        );
      });
    const took = medium.timings
      ? `decoded in ${milliseconds(medium.timings.decode_ms ?? 0)}, encoded in ${milliseconds(medium.timings.encode_ms ?? 0)}`
      : '';
    return h(
      'div',
      { class: 'card-foot' },
      h(
        'p',
        { class: 'facts' },
        [facts(found), found.tokens && `${found.tokens} tokens`, took].filter(Boolean).join(' · '),
      ),
      found.note && h('p', {}, `${found.note[0]!.toUpperCase()}${found.note.slice(1)}.`),
      options.length + companions.length > 0 && h('div', { class: 'options' }, ...options, ...companions),
      info?.routing && h('details', {}, h('summary', {}, 'Experts'), routingView(info.routing)),
    );
  }

  async function load(): Promise<void> {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    show();
    body.replaceChildren(bar, words);
    element.setAttribute('aria-busy', 'true');
    try {
      const found = await inspectAny(signal);
      show();
      const picture = await view(medium, found);
      if (signal.aborted) return;
      body.replaceChildren(picture, bar, words);
      await encode(medium, progress, signal);
      body.replaceChildren(picture, controls(found));
      changed();
    } catch (error) {
      if (!signal.aborted)
        body.replaceChildren(
          h('p', { class: 'error', role: 'alert' }, explain(error)),
          h('button', { type: 'button', onclick: restart }, 'Try again'),
        );
      throw error;
    } finally {
      if (!signal.aborted) element.removeAttribute('aria-busy');
    }
  }

  function restart(): void {
    card.ready = load();
    card.ready.catch(() => undefined);
  }

  kind.addEventListener('change', () => {
    others = [];
    asModality(medium, kind.value as Modality);
    restart();
  });
  close.addEventListener('click', () => {
    running.abort();
    removed();
  });
  const card: Card = {
    medium,
    element,
    ready: Promise.resolve(),
    async renew() {
      await encode(medium, () => undefined, new AbortController().signal);
    },
  };
  restart();
  return card;
}
