/** The sample files that the daemon brings along: docs/samples. */
import { getFile } from './api';
import { newMedium } from './media';
import type { Medium, Modality, Part } from './types';

export interface Sample {
  modality: Modality;
  files: string[];
  title: string;
  question: string;
  choices?: string;
}

const sample = (modality: Modality, files: string, title: string, question: string): Sample => ({
  modality,
  files: files.split(' '),
  title,
  question,
});

export const samples: Sample[] = [
  sample('image', 'image-red-circle.jpg', 'A shape', 'What is this?'),
  sample('image', 'image-three-stars.png', 'Stars', 'What colour are the stars?'),
  sample('video', 'video-moving-square.mp4', 'A film', 'What is moving?'),
  sample('video', 'video-blinking-circle.webm', 'Another film', 'What does it do?'),
  sample('audio', 'audio-rising-tone.flac', 'A tone', 'Does the pitch rise or fall?'),
  sample('audio', 'audio-three-beeps.wav', 'Beeps', 'Is the pitch low or high?'),
  sample('point', 'point-red-torus.ply', 'A scan', 'What shape is it?'),
  sample('point', 'point-blue-cube.xyz', 'Another scan', 'What colour is it?'),
  sample('depth', 'depth-slanted.jpg depth-slanted.png', 'A surface', 'Which side is nearer?'),
  sample('depth', 'depth-near-ball.jpg depth-near-ball.png', 'An object', 'Where is the object?'),
  sample('normal', 'normal-sphere.jpg normal-sphere.png', 'A surface', 'What kind of surface is this?'),
  sample('normal', 'normal-facing-left.jpg normal-facing-left.png', 'A plane', 'Which way does it face?'),
  sample('imu', 'imu-walking.csv', 'Somebody', 'What is the person doing?'),
  sample('imu', 'imu-turning-left.csv', 'A phone', 'Which way does the phone turn?'),
  sample('fmri', 'fmri-face.npy', 'A brain', 'What does the person see?'),
  sample('fmri', 'fmri-house.csv', 'A brain', 'What is the person looking at?'),
];

/** Questions that make sense for any file of a kind. */
export const suggestions: Record<Modality, string[]> = {
  image: ['What is this?', 'What colour is it?', 'Describe it.'],
  video: ['What is moving?', 'What does it do?', 'Describe it.'],
  audio: ['What do you hear?', 'Is the pitch low or high?', 'Is it loud or quiet?'],
  point: ['What shape is it?', 'What colour is it?', 'Describe it.'],
  depth: ['Which side is nearer?', 'Where is the object?', 'Describe it.'],
  normal: ['What kind of surface is this?', 'Which way does it face?', 'Describe it.'],
  imu: ['What is the person doing?', 'Which way does the phone turn?', 'Describe the motion.'],
  fmri: ['What does the person see?', 'Describe the scene.'],
};

export async function fetchSample(sample: Sample): Promise<Medium> {
  const files = await Promise.all(sample.files.map((name) => getFile(`samples/${name}`, name)));
  const parts: Part[] = files.map((file, i) => ({ name: i === files.length - 1 ? sample.modality : 'image', file }));
  return newMedium(parts, sample.modality, sample.files.join(' '));
}
