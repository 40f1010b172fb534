/** The last three minutes of the server, once a second while somebody looks. */
import { bytes, h } from './dom';
import { metrics, past, serverFacts, type Metrics } from './status';
import { legend, plot, type PlotOptions } from './views/plot';

const SECONDS_MIN = 30;

const recent = (): [number, number] => [
  Math.min(past[0]?.time ?? 0, Date.now() / 1000 - SECONDS_MIN),
  Date.now() / 1000,
];
const fromZero = (_: number, high: number): [number, number] => [0, Math.max(1, high * 1.15)];

type Reading = (now: Metrics, before: Metrics, seconds: number) => number | null;

const level =
  (name: string): Reading =>
  (now) =>
    now.get(name) ?? null;
const rate =
  (name: string): Reading =>
  (now, before, seconds) =>
    Math.max(0, (now.get(name) ?? 0) - (before.get(name) ?? 0)) / seconds;
const mean =
  (stage: string): Reading =>
  (now, before) => {
    const [sum, n] = ['sum', 'count'].map(
      (part) => (now.get(`stage_seconds_${part}.${stage}`) ?? 0) - (before.get(`stage_seconds_${part}.${stage}`) ?? 0),
    ) as [number, number];
    return n > 0 ? (1000 * sum) / n : null;
  };

const CHARTS: { title: string; lines: [string, Reading][]; options?: Partial<PlotOptions> }[] = [
  {
    title: 'Questions',
    lines: [
      ['being answered', level('sequences')],
      ['waiting', level('queue_depth')],
    ],
  },
  {
    title: 'Tokens per second',
    lines: [
      ['generated', rate('generated_tokens_total')],
      ['of prompts', rate('prompt_tokens_total')],
    ],
  },
  {
    title: 'Time to the first token (ms)',
    lines: [['mean of each second', mean('first_token')]],
    options: { points: true },
  },
  {
    title: 'Memory',
    lines: [['of the daemon', level('process_resident_memory_bytes')]],
    options: { format: (v) => bytes(v) },
  },
  { title: 'Cores in use', lines: [['cores', rate('process_cpu_seconds_total')]] },
  { title: 'Positions in the KV cache', lines: [['in use', level('kv_positions')]] },
];

/** The readings of a chart between each two moments of the past. */
function lines(chart: (typeof CHARTS)[number]): (number | null)[][] {
  return chart.lines.map(([, read]) =>
    past.slice(1).map(({ time, values }, i) => read(values, past[i]!.values, time - past[i]!.time)),
  );
}

export function runCharts(dialog: HTMLDialogElement, box: HTMLElement): void {
  const plots = CHARTS.map((chart) =>
    plot(
      chart.lines.map(([label], i) => ({ label, colour: `series-${i + 1}`, values: [] })),
      { height: 140, x: [], time: true, xRange: recent, yRange: fromZero, ...chart.options },
      `${chart.title} over the last minutes`,
    ),
  );
  box.replaceChildren(
    ...CHARTS.map((chart, i) =>
      h(
        'figure',
        {},
        h('figcaption', {}, chart.title),
        legend(chart.lines.map(([label], k) => ({ label, colour: `series-${k + 1}` }))),
        plots[i]!,
      ),
    ),
  );
  const tick = async () => {
    try {
      await metrics();
    } catch {
      return; /* a gap in the charts */
    }
    serverFacts();
    const x = past.slice(1).map(({ time }) => time);
    CHARTS.forEach((chart, i) => plots[i]!.update!(x, lines(chart)));
  };
  void tick();
  const timer = setInterval(() => void tick(), 1000);
  dialog.addEventListener('close', () => clearInterval(timer), { once: true });
}
