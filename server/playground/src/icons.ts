/** Line icons on a grid of 24, drawn with one stroke width. */
import { svg } from './dom';

const paths: Record<string, string> = {
  image: 'M4 5h16v14H4z M4 16l5-5 4 4 3-3 4 4 M15.5 9.5h.01',
  video: 'M3 6h13v12H3z M16 10l5-3v10l-5-3',
  audio: 'M4 10v4 M8 7v10 M12 4v16 M16 8v8 M20 10.5v3',
  point: 'M12 3l8 4.5v9L12 21l-8-4.5v-9z M12 12l8-4.5 M12 12v9 M12 12L4 7.5',
  depth: 'M4 19h16 M7 15h10 M9.5 11h5 M11 7h2',
  normal: 'M4 17c4-7 12-7 16 0 M12 11.5V4 M9.5 6.5L12 4l2.5 2.5 M6.5 13L3.5 9.5 M17.500 13l3-3.5',
  imu: 'M3 12h3l2-6 4 13 3-9 2 4h4',
  fmri: 'M12 5a3 3 0 0 0-5.500 1.500A3.500 3.500 0 0 0 5 13a3.500 3.500 0 0 0 3 5.500A3 3 0 0 0 12 18z M12 5a3 3 0 0 1 5.500 1.500A3.500 3.500 0 0 1 19 13a3.500 3.500 0 0 1-3 5.500A3 3 0 0 1 12 18',
  plus: 'M12 5v14 M5 12h14',
  mic: 'M12 4a2.500 2.500 0 0 1 2.500 2.500v5a2.500 2.500 0 0 1-5 0v-5A2.500 2.500 0 0 1 12 4z M6 11a6 6 0 0 0 12 0 M12 17v3',
  camera: 'M4 8h4l1.500-2.500h5L16 8h4v11H4z M12 16.500a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400',
  send: 'M12 19V5 M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  close: 'M6 6l12 12 M18 6L6 18',
  choices: 'M4 7h.01 M4 12h.01 M4 17h.01 M8 7h12 M8 12h8 M8 17h10',
  trash: 'M5 7h14 M10 7V5h4v2 M7 7l1 13h8l1-13',
};

export function icon(name: string, size = 20): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 24 24', width: size, height: size, class: 'icon', 'aria-hidden': 'true' },
    svg('path', { d: paths[name] ?? '' }),
  );
}
