/** One question and its answer as they stand in the conversation. */
import { append, h, milliseconds } from './dom';
import { icon } from './icons';
import { snippets } from './snippets';
import type { Choice, Medium, Timings, Turn } from './types';

const STAGES: [keyof Timings, string][] = [
  ['queue_ms', 'queue'],
  ['decode_ms', 'decode'],
  ['encode_ms', 'encode'],
  ['prefill_ms', 'prefill'],
  ['generate_ms', 'generate'],
];

const FINISHES: Record<string, string> = {
  length: 'cut off at the most tokens',
  timeout: 'cut off by its time limit',
  stopped: 'stopped',
};

function percent(p: number): string {
  return p > 0 && p < 0.001 ? '< 0.1 %' : `${(100 * p).toFixed(1)} %`;
}

function choicesView(choices: Choice[]): HTMLElement {
  const best = Math.max(...choices.map((choice) => choice.probability));
  const rows = choices.map((choice) =>
    h(
      'li',
      { class: choice.probability === best ? 'best' : '' },
      h('span', {}, choice.text),
      h('span', { class: 'bar' }, h('i', { css: { width: `${100 * choice.probability}%` } })),
      h('span', { class: 'number' }, percent(choice.probability)),
    ),
  );
  return h('ul', { class: 'choice-list', 'aria-label': 'How likely each choice is' }, ...rows);
}

/** Those of the uploads are added: they are part of what this answer took. */
function allTimings(turn: Turn, media: Medium[]): Timings {
  const ret: Timings = { ...turn.timings };
  for (const name of ['decode_ms', 'encode_ms'] as const)
    ret[name] = media.reduce((sum, medium) => sum + (medium.timings?.[name] ?? 0), ret[name] ?? 0);
  return ret;
}

function timingsView(timings: Timings): HTMLElement {
  const total = STAGES.reduce((sum, [name]) => sum + (timings[name] ?? 0), 0) || 1;
  const words = STAGES.map(([name, label]) => `${label} ${milliseconds(timings[name] ?? 0)}`).join(', ');
  const bar = h(
    'div',
    { class: 'times', role: 'img', 'aria-label': `Time: ${words}` },
    ...STAGES.map(([name], i) =>
      h('i', { class: `stage-${i}`, css: { 'flex-grow': String((timings[name] ?? 0) / total) } }),
    ),
  );
  const keys = STAGES.map(([name, label], i) =>
    h('li', {}, h('i', { class: `stage-${i}` }), label, ' ', h('b', {}, milliseconds(timings[name] ?? 0))),
  );
  return h('div', {}, bar, h('ul', { class: 'legend', 'aria-hidden': 'true' }, ...keys));
}

function summary(turn: Turn, timings: Timings): string {
  const took = STAGES.reduce((sum, [name]) => sum + (timings[name] ?? 0), 0);
  const speed = timings.tokens_per_second;
  return [
    turn.finish && FINISHES[turn.finish],
    turn.usage && `${turn.usage.completion_tokens} tokens`,
    speed &&
      (turn.usage?.completion_tokens ?? 0) > 1 &&
      `${speed >= 100 ? Math.round(speed) : speed.toFixed(1)} tokens/s`,
    turn.timings && milliseconds(took),
  ]
    .filter(Boolean)
    .join(' · ');
}

function disclosure(label: string, make: () => HTMLElement): HTMLElement {
  const details = h('details', {}, h('summary', {}, label));
  details.addEventListener('toggle', () => details.open && details.children.length === 1 && details.append(make()));
  return details;
}

/** `fresh`: media that came with this very question; `all`: whatever it is about. */
export function turnView(turn: Turn, fresh: Medium[], all: Medium[]): HTMLElement {
  const chips = fresh.map((medium) => h('span', { class: 'chip' }, icon(medium.modality, 14), medium.label));
  const ret = h(
    'article',
    { class: 'turn' },
    h(
      'div',
      { class: 'question' },
      chips.length > 0 && h('div', { class: 'chips' }, ...chips),
      h('p', {}, turn.question),
    ),
  );
  const reply = h('div', { class: 'reply' });
  ret.append(reply);
  fillReply(reply, turn, fresh, all);
  return ret;
}

export function fillReply(reply: HTMLElement, turn: Turn, fresh: Medium[], all: Medium[]): void {
  reply.replaceChildren();
  if (turn.answer) reply.append(h('p', { class: 'text' }, turn.answer));
  if (turn.choiceResults) reply.append(choicesView(turn.choiceResults));
  if (turn.error) reply.append(h('p', { class: 'error', role: 'alert' }, turn.error));
  if (!turn.finish) return;
  const timings = allTimings(turn, fresh);
  const usage = turn.usage;
  append(
    reply,
    h('div', { class: 'meta' }, summary(turn, timings)),
    turn.timings && timingsView(timings),
    h(
      'div',
      { class: 'more' },
      usage &&
        disclosure('Tokens', () =>
          h(
            'p',
            { class: 'hint' },
            `${usage.prompt_tokens} of the prompt (${usage.media_tokens ?? 0} stand for files, ${usage.cached_tokens ?? 0} had been computed before), ${usage.completion_tokens} of the answer.`,
          ),
        ),
      turn.sent && disclosure('As code', () => snippets(turn.sent!, all)),
    ),
  );
}
