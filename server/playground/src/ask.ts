/** Asks one question: alone by POST /v1/answers, which tells how the waiting goes; behind earlier turns by chat. */
import { ApiError, stream } from './api';
import { sampling } from './settings';
import type { Choice, Conversation, Medium, Sent, Timings, Turn, Usage } from './types';

export interface Listener {
  text(more: string): void;
  waiting(stage: string, position?: number): void;
}

const isMissing = (error: unknown) =>
  error instanceof ApiError && error.status === 404 && (error.param ?? '').includes('media_id');

/** Choices are only known to /v1/answers, so a question with choices stands alone. */
function compose(conversation: Conversation, turn: Turn, media: Medium[]): Sent {
  const before = turn.choices.length
    ? []
    : conversation.turns.filter((one) => one !== turn && one.answer && !one.error && !one.choices.length);
  if (!before.length) {
    const form: [string, string][] = media.map((medium) => ['media_id', medium.id!]);
    form.push(['prompt', turn.question], ...turn.choices.map((text): [string, string] => ['choices', text]));
    return { path: 'v1/answers', form: [...form, ...sampling(), ['stream', 'true']] };
  }
  const parts = media.map((medium) => ({ type: 'media', media: { media_id: medium.id } }));
  const messages = [...before, turn].flatMap((one, i) => [
    {
      role: 'user',
      content: i === 0 && parts.length ? [...parts, { type: 'text', text: one.question }] : one.question,
    },
    ...(one === turn ? [] : [{ role: 'assistant', content: one.answer }]),
  ]);
  const numbers = Object.fromEntries(sampling().map(([name, value]) => [name, Number(value)]));
  return {
    path: 'v1/chat/completions',
    json: { model: 'onellmd', messages, ...numbers, stream: true, stream_options: { include_usage: true } },
  };
}

interface Reply {
  answer?: string;
  finish_reason?: string;
  choices?: Choice[];
  timings?: Timings;
  usage?: Usage;
}

function failed(data: string): ApiError {
  const { error } = JSON.parse(data) as { error: { code: string; message: string; param: string | null } };
  return new ApiError(0, error.code, error.message, error.param);
}

async function readAnswer(turn: Turn, body: FormData, listener: Listener, signal: AbortSignal): Promise<void> {
  for await (const { event, data } of stream('v1/answers', body, signal)) {
    if (event === 'error') throw failed(data);
    if (event === 'progress') {
      const { stage, queue_position } = JSON.parse(data) as { stage: string; queue_position?: number };
      listener.waiting(stage, queue_position);
    }
    if (event === 'delta') listener.text((JSON.parse(data) as { text: string }).text);
    if (event === 'done') {
      const reply = JSON.parse(data) as Reply;
      turn.answer = reply.answer ?? turn.answer;
      turn.finish = reply.finish_reason ?? 'stop';
      Object.assign(turn, { choiceResults: reply.choices, timings: reply.timings, usage: reply.usage });
    }
  }
}

async function readChat(turn: Turn, body: string, listener: Listener, signal: AbortSignal): Promise<void> {
  for await (const { data } of stream('v1/chat/completions', body, signal)) {
    if (data === '[DONE]') return;
    const chunk = JSON.parse(data) as Reply & {
      error?: unknown;
      choices?: { delta?: { content?: string }; finish_reason?: string | null }[];
    };
    if (chunk.error) throw failed(data);
    const choice = chunk.choices?.[0];
    if (choice?.delta?.content) listener.text(choice.delta.content);
    if (choice?.finish_reason) turn.finish = choice.finish_reason;
    if (chunk.timings) turn.timings = chunk.timings;
    if (chunk.usage) turn.usage = chunk.usage;
  }
}

/** Fills the turn. renew: uploads once more what the server has forgotten. */
export async function ask(
  conversation: Conversation,
  turn: Turn,
  media: Medium[],
  renew: () => Promise<void>,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const sent = compose(conversation, turn, media);
    turn.sent = sent;
    try {
      if (sent.json) {
        await readChat(turn, JSON.stringify(sent.json), listener, signal);
      } else {
        const form = new FormData();
        for (const [name, value] of sent.form!) form.append(name, value);
        await readAnswer(turn, form, listener, signal);
      }
      turn.finish ??= 'stop';
      return;
    } catch (error) {
      if (attempt || !isMissing(error)) throw error;
      await renew();
    }
  }
}
