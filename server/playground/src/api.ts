/** Talks to the daemon. Addresses are relative, so that the page works behind any prefix. */

export const ROOT = new URL('.', document.baseURI).href;
const KEY = 'onellmd-key';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly param: string | null = null,
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

export function apiKey(): string {
  return sessionStorage.getItem(KEY) ?? '';
}

export function setApiKey(key: string): void {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

function headers(): Record<string, string> {
  return apiKey() ? { Authorization: `Bearer ${apiKey()}` } : {};
}

/** Who wants to hear that a key is needed. */
export const needsKey = new EventTarget();

function failure(status: number, text: string, retryAfter: string | null): ApiError {
  let error: { message?: string; code?: string; param?: string | null } = {};
  try {
    error = JSON.parse(text).error ?? {};
  } catch {
    /* a proxy's own page */
  }
  if (status === 401) needsKey.dispatchEvent(new Event('needed'));
  return new ApiError(status, error.code ?? '', error.message ?? '', error.param ?? null, Number(retryAfter) || 0);
}

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...headers(), ...(init.headers ?? {}) } });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', '');
  }
  if (!response.ok) throw failure(response.status, await response.text(), response.headers.get('Retry-After'));
  return response;
}

export async function getJson<T>(path: string): Promise<T> {
  return (await send(path)).json() as Promise<T>;
}

export async function getText(path: string): Promise<string> {
  return (await send(path)).text();
}

export async function getFile(path: string, name: string): Promise<File> {
  const blob = await (await send(path)).blob();
  return new File([blob], name, { type: blob.type });
}

/** A form whose progress can be shown: fetch cannot tell how much has been sent. */
export function upload<T>(
  path: string,
  form: FormData,
  progress: (part: number) => void,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 200) resolve(JSON.parse(request.responseText) as T);
      else reject(failure(request.status, request.responseText, request.getResponseHeader('Retry-After')));
    };
    request.onerror = () => reject(new ApiError(0, 'unreachable', ''));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}

export interface ServerEvent {
  event: string;
  data: string;
}

/** Server-sent events of a POST. Aborting hangs up, which ends the question at the server, too. */
export async function* stream(path: string, body: FormData | string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const type = typeof body === 'string' ? { 'Content-Type': 'application/json' } : undefined;
  const response = await send(path, { method: 'POST', body, signal, ...(type ? { headers: type } : {}) });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const frame: ServerEvent = { event: 'message', data: '' };
      for (const line of text.slice(0, end).split('\n')) {
        if (line.startsWith('event: ')) frame.event = line.slice(7);
        if (line.startsWith('data: ')) frame.data += line.slice(6);
      }
      text = text.slice(end + 2);
      if (frame.data) yield frame;
    }
  }
}
