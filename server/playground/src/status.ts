/** How the server is: the strip at the top, and charts for those who look closer. All of it is GET /metrics. */
import { getJson, getText, needsKey } from './api';
import { $, bytes, h, milliseconds } from './dom';
import type { ModelInfo } from './types';

export type Metrics = Map<string, number>;

const STRIP_MS = 5000;
const HISTORY_S = 180;
let latest: Metrics = new Map();

/** What the server said in the last minutes, with the seconds since 1970. */
export const past: { time: number; values: Metrics }[] = [];
let model: ModelInfo | undefined;
let trouble = '';

/** Samples by name with their labels; histograms are summed over all labels but the stage. */
export function parse(text: string): Metrics {
  const ret: Metrics = new Map();
  for (const line of text.split('\n')) {
    const match = /^(\w+)(\{[^}]*\})? (\S+)/.exec(line);
    if (!match) continue;
    const stage = /stage="(\w+)"/.exec(match[2] ?? '')?.[1];
    if (match[1]!.endsWith('_bucket')) continue;
    const name = match[1]!.replace(/^onellmd_/, '') + (stage ? `.${stage}` : '');
    ret.set(name, (ret.get(name) ?? 0) + Number(match[3]));
  }
  return ret;
}

export async function metrics(): Promise<Metrics> {
  latest = parse(await getText('metrics'));
  const time = Date.now() / 1000;
  past.push({ time, values: latest });
  while (past[0]!.time < time - HISTORY_S) past.shift();
  return latest;
}

export function queueWords(): string {
  const n = latest.get('queue_depth') ?? 0;
  return n > 0 ? `Waiting: ${n} in the queue` : 'Thinking';
}

function setReady(state: 'good' | 'bad' | 'unknown', words: string): void {
  trouble = state === 'bad' ? words : '';
  const dot = $('ready');
  dot.className = `dot ${state}`;
  dot.setAttribute('aria-label', words);
  $('status').title = `${words}. Open the live charts`;
}

const NOT_READY: Record<string, string> = {
  model_loading: 'Loading the model',
  draining: 'Shutting down',
  stalled: 'Stuck',
};

async function readiness(): Promise<void> {
  try {
    const response = await fetch('readyz');
    const code = response.ok ? '' : (((await response.json()) as { error?: { code?: string } }).error?.code ?? '');
    setReady(response.ok ? 'good' : 'bad', response.ok ? 'Ready' : (NOT_READY[code] ?? 'Not ready'));
  } catch {
    setReady('bad', 'The server cannot be reached');
  }
}

function facts(): void {
  $('model').textContent = trouble || (model ? model.id + (model.untrained ? ' (untrained)' : '') : '…');
  if (!model) return;
  const memory = latest.get('process_resident_memory_bytes');
  const queue = latest.get('queue_depth') ?? 0;
  $('facts').textContent = [
    model.quantization,
    bytes(model.size),
    memory && `${bytes(memory)} in memory`,
    queue ? `${queue} waiting` : 'no queue',
  ]
    .filter(Boolean)
    .join(' · ');
  $('status').setAttribute(
    'aria-label',
    `Server: ${$('ready').getAttribute('aria-label')}, ${$('model').textContent}, ${$('facts').textContent}. Open the live charts`,
  );
}

async function refresh(): Promise<void> {
  if (document.hidden) return;
  await readiness();
  try {
    model ??= (await getJson<{ data: ModelInfo[] }>('v1/models')).data[0];
    await metrics();
  } catch {
    /* the dot says it */
  }
  facts();
}

/** What the strip says, and more, for the charts. */
export function serverFacts(): void {
  const memory = latest.get('process_resident_memory_bytes');
  const wait = latest.get('predicted_wait_seconds');
  const rows: [string, string | undefined][] = [
    ['State', trouble || 'ready'],
    ['Model', model?.id],
    ['Weights', model && `${model.quantization}, ${bytes(model.size)}`],
    ['Context', model && `${model.context.toLocaleString('en')} positions`],
    ['Memory', memory ? bytes(memory) : undefined],
    ['In the queue', String(latest.get('queue_depth') ?? 0)],
    ['Another one would wait', wait === undefined ? undefined : milliseconds(1000 * wait)],
  ];
  const known = rows.filter(([, value]) => value);
  $('server-facts').replaceChildren(
    ...known.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

export function initStatus(): void {
  void refresh();
  setInterval(() => void refresh(), STRIP_MS);
  document.addEventListener('visibilitychange', () => void refresh());
  needsKey.addEventListener('given', () => void refresh());
  const dialog = $<HTMLDialogElement>('status-dialog');
  $('status').addEventListener('click', async () => {
    serverFacts();
    dialog.showModal();
    const { runCharts } = await import('./charts');
    runCharts(dialog, $('charts'));
  });
}
