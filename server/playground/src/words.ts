/** Errors and names in words for people. */
import { ApiError } from './api';
import type { Modality } from './types';

export const NAMES: Record<Modality, string> = {
  image: 'Image',
  video: 'Video',
  audio: 'Audio',
  point: 'Point cloud',
  depth: 'Depth map',
  normal: 'Normal map',
  imu: 'Motion',
  fmri: 'Brain activity',
};

/** The daemon's own sentence, as one. */
function sentence(message: string): string {
  const text = message.trim();
  if (!text) return '';
  return `${text[0]!.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function later(error: ApiError): string {
  return error.retryAfter ? `Try again in ${error.retryAfter} s.` : 'Try again in a moment.';
}

const sayings: Record<string, (error: ApiError) => string> = {
  unreachable: () => 'The server cannot be reached. Is it still running?',
  invalid_api_key: () => 'This server wants an API key, or does not know the one that was given.',
  unsupported_media_type: (error) => `This is not a file of that kind. ${sentence(error.message)}`,
  invalid_media: (error) => `The file cannot be read. ${sentence(error.message)}`,
  payload_too_large: (error) => `The file is too large for this server. ${sentence(error.message)}`,
  upload_timeout: () => 'The upload came too slowly, and the server gave up.',
  queue_full: (error) => `The server is busy: too many questions are waiting. ${later(error)}`,
  key_limit: (error) => `Your key has as many questions in progress as it may. ${later(error)}`,
  draining: () => 'The server is shutting down and takes no new questions. Try again when it has been restarted.',
  model_loading: (error) => `The model is still being loaded. ${later(error)}`,
  stalled: (error) => `The server is stuck and makes no progress. ${later(error)}`,
  deadline_exceeded: () => 'The time for this question was over before there was an answer.',
  context_length_exceeded: () =>
    'The conversation has become longer than the model can take in. Start a new one, or ask with fewer files.',
  cancelled: () => 'The question was cancelled.',
  internal_error: () => 'The server failed at this question. Its log says why.',
};

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong in the page itself. Reload it and try again.';
  const saying = sayings[error.code];
  if (saying) return saying(error);
  if (error.status === 413) return 'The file is too large: something in front of the server refused it.';
  return sentence(error.message) || `The server answered with the status ${error.status}.`;
}
