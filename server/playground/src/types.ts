/** What the daemon says (docs/HTTP_API.md) and what the page keeps. */

export const MODALITIES = ['image', 'video', 'audio', 'point', 'depth', 'normal', 'imu', 'fmri'] as const;
export type Modality = (typeof MODALITIES)[number];

export interface Routing {
  kind: string;
  mean: number[];
  tokens: number[][];
}

export interface ModalityInfo {
  id: Modality;
  description: string;
  available: boolean;
  formats: string[];
  companions: Record<string, string[]>;
  options: string[];
  routing?: Routing;
}

export interface ModelInfo {
  id: string;
  quantization: string;
  size: number;
  context: number;
  untrained?: boolean;
}

export interface TensorData {
  shape: number[];
  type: 'u8' | 'f32';
  minimum: number;
  maximum: number;
  data: string;
}

export interface Inspected {
  modality: Modality;
  format?: string;
  width?: number;
  height?: number;
  duration_s?: number;
  frame_rate?: number;
  sample_rate?: number;
  frames_seen?: number[];
  tokens?: number;
  note?: string;
  tensor?: TensorData;
  centres?: number[];
  [other: string]: unknown;
}

export interface Timings {
  queue_ms?: number;
  decode_ms?: number;
  encode_ms?: number;
  prefill_ms?: number;
  generate_ms?: number;
  tokens_per_second?: number;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  media_tokens?: number;
  cached_tokens?: number;
}

export interface Choice {
  text: string;
  probability: number;
}

export interface Part {
  name: string;
  file: File;
}

/** A file, or a few that belong together, as one input of the model. */
export interface Medium {
  key: string;
  modality: Modality;
  label: string;
  parts: Part[];
  options: Record<string, string>;
  sample?: string;
  id?: string;
  timings?: Timings;
}

/** A request as it was sent, to be shown as code. */
export interface Sent {
  path: string;
  form?: [string, string][];
  json?: Record<string, unknown>;
}

export interface Turn {
  question: string;
  media: string[];
  choices: string[];
  answer: string;
  finish?: string;
  error?: string;
  choiceResults?: Choice[];
  timings?: Timings;
  usage?: Usage;
  sent?: Sent;
}

export interface Conversation {
  id: string;
  changed: number;
  media: Medium[];
  turns: Turn[];
}
