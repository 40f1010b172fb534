/** Signals over time, by uPlot, in the colours of the page. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colour, h } from '../dom';

export interface Line {
  label: string;
  colour: string;
  values: ArrayLike<number | null>;
}

export interface PlotOptions {
  height: number;
  x: ArrayLike<number>;
  xUnit?: string;
  xRange?: [number, number] | ((low: number, high: number) => [number, number]);
  yRange?: [number, number] | ((low: number, high: number) => [number, number]);
  hideX?: boolean;
  legend?: boolean;
  fill?: boolean;
  time?: boolean;
  points?: boolean;
  format?: (value: number) => string;
}

/** A little room above and below. */
function roomy(low: number, high: number): [number, number] {
  const room = high > low ? (high - low) * 0.05 : 1;
  return [low - room, high + room];
}

function range(
  of: [number, number] | ((low: number, high: number) => [number, number]),
): uPlot.Range.MinMax | uPlot.Range.Function {
  return typeof of === 'function' ? (_, low, high) => of(low, high) : of;
}

function options(lines: Line[], o: PlotOptions, width: number): uPlot.Options {
  const text = colour('muted');
  const grid = { stroke: colour('border'), width: 1 };
  const axis = { stroke: text, grid, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  return {
    width,
    height: o.height,
    padding: [8, o.time ? 24 : 0, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    legend: { show: o.legend ?? false, live: false },
    scales: {
      x: { time: o.time ?? false, ...(o.xRange ? { range: range(o.xRange) } : {}) },
      y: { range: range(o.yRange ?? roomy) },
    },
    axes: [
      {
        ...axis,
        size: o.hideX ? 4 : 26,
        show: true,
        values: o.time
          ? (_, ticks) => ticks.map((t) => new Date(t * 1000).toLocaleTimeString([], { hour12: false }))
          : (_, ticks) => ticks.map((t) => (o.hideX ? '' : `${Number(t.toFixed(3))}${o.xUnit ? ` ${o.xUnit}` : ''}`)),
      },
      { ...axis, size: 48, ...(o.format ? { values: (_: uPlot, ticks: number[]) => ticks.map(o.format!) } : {}) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: o.points ?? false, size: 5, fill: colour(line.colour) },
        spanGaps: true,
        ...(o.fill ? { fill: colour(`${line.colour}-soft`) } : {}),
      })),
    ],
  };
}

/** A plot as wide as where it stands; made anew when the theme changes. */
export function plot(
  lines: Line[],
  o: PlotOptions,
  label: string,
): HTMLElement & { update?: (x: ArrayLike<number>, values: ArrayLike<number | null>[]) => void } {
  const box: HTMLElement & { update?: (x: ArrayLike<number>, values: ArrayLike<number | null>[]) => void } = h('div', {
    class: 'plot',
    role: 'img',
    'aria-label': label,
    css: { 'min-height': `${o.height}px` },
  });
  let data = [o.x, ...lines.map((line) => line.values)] as uPlot.AlignedData;
  let made: uPlot | undefined;
  const make = () => {
    made?.destroy();
    made = new uPlot(options(lines, o, box.clientWidth || 300), data, box);
  };
  const observer = new ResizeObserver(() => {
    if (!box.isConnected) return;
    if (made) made.setSize({ width: box.clientWidth, height: o.height });
    else make();
  });
  observer.observe(box);
  document.addEventListener('themechange', () => box.isConnected && made && make());
  box.update = (x, values) => {
    data = [x, ...values] as uPlot.AlignedData;
    made?.setData(data);
  };
  return box;
}

export function legend(lines: { label: string; colour: string }[]): HTMLElement {
  return h(
    'ul',
    { class: 'legend' },
    ...lines.map((line) => h('li', {}, h('i', { css: { background: `var(--${line.colour})` } }), line.label)),
  );
}
