/** What the model gets of a medium, as something to look at. */
import { h } from '../dom';
import type { Inspected, Medium } from '../types';
import { imageView, mapView, videoView } from './pictures';
import { audioView, fmriView, imuView } from './signals';
import { decode, type Tensor } from './tensor';

const views: Record<string, (medium: Medium, found: Inspected, tensor: Tensor) => HTMLElement> = {
  image: imageView,
  video: videoView,
  audio: audioView,
  depth: mapView,
  normal: mapView,
  imu: imuView,
  fmri: fmriView,
};

export async function view(medium: Medium, found: Inspected): Promise<HTMLElement> {
  if (!found.tensor) return h('p', { class: 'hint' }, 'There is nothing to see of this file.');
  const tensor = decode(found.tensor);
  if (medium.modality === 'point') return (await import('./points')).pointView(found, tensor);
  return views[medium.modality]!(medium, found, tensor);
}
