/** The conversation: its files, its turns, and the form below them. */
import { ask } from './ask';
import { fillReply, turnView } from './answer';
import { newCard, type Card } from './card';
import { $, h } from './dom';
import { candidates, group, newMedium } from './media';
import { suggestions } from './samples';
import { queueWords } from './status';
import * as store from './store';
import type { Conversation, Medium, ModalityInfo, Modality, Turn } from './types';
import { explain } from './words';

const MEDIA_MAX = 8;

let conversation: Conversation = store.newConversation();
let infos: ModalityInfo[] = [];
let running: AbortController | undefined;
const cards = new Map<string, Card>();

export const current = () => conversation;

function media(): Medium[] {
  return conversation.media;
}

function keep(): void {
  void store.save(conversation);
}

/** The media that a turn is the first to speak about. */
function fresh(turn: Turn): Medium[] {
  const before = new Set(conversation.turns.slice(0, conversation.turns.indexOf(turn)).flatMap((one) => one.media));
  return media().filter((medium) => turn.media.includes(medium.key) && !before.has(medium.key));
}

function about(turn: Turn): Medium[] {
  return media().filter((medium) => turn.media.includes(medium.key));
}

function render(): void {
  const empty = !media().length && !conversation.turns.length;
  document.body.classList.toggle('empty', empty);
  document.body.classList.toggle('with-media', media().length > 0);
  $('suggestions').replaceChildren();
  const kind = media()
    .filter((medium) => medium.id)
    .at(-1)?.modality;
  if (kind && !running)
    $('suggestions').append(
      ...suggestions[kind].map((text) => h('button', { type: 'button', onclick: () => void submit(text) }, text)),
    );
  $('send').hidden = Boolean(running);
  $('stop').hidden = !running;
}

function addCard(medium: Medium, others: Modality[] = []): Card {
  const changed = () => {
    keep();
    render();
  };
  const removed = () => {
    conversation.media = media().filter((one) => one !== medium);
    cards.get(medium.key)?.element.remove();
    cards.delete(medium.key);
    changed();
  };
  const card = newCard(medium, others, infos, changed, removed);
  cards.set(medium.key, card);
  $('media').append(card.element);
  return card;
}

export function hint(words: string): void {
  $('hint').textContent = words;
}

export function addMedium(medium: Medium, others: Modality[] = []): void {
  if (media().length >= MEDIA_MAX) {
    hint(`At most ${MEDIA_MAX} files in one conversation.`);
    return;
  }
  hint('');
  media().push(medium);
  addCard(medium, others);
  keep();
  render();
}

export function addFiles(files: File[]): void {
  for (const { parts, kinds } of group(files))
    addMedium(
      newMedium(parts, kinds[0]!),
      candidates(parts.at(-1)!.file).filter((kind) => kind !== kinds[0]),
    );
  $('prompt').focus();
}

function waitingWords(stage: string, position?: number): string {
  if (stage === 'queued')
    return position && position > 0 ? `Waiting: number ${position} in the queue` : 'Waiting for its turn';
  return (
    { uploading: 'Waiting for the upload', encoding: 'Looking at the file', prefilling: 'Reading the question' }[
      stage
    ] ?? queueWords()
  );
}

async function answer(turn: Turn, reply: HTMLElement, signal: AbortSignal): Promise<void> {
  const words = h('p', { class: 'waiting' }, waitingWords('uploading'));
  const text = h('p', { class: 'text' });
  reply.replaceChildren(words);
  reply.setAttribute('aria-busy', 'true');
  const uploads = Promise.all(about(turn).map((medium) => cards.get(medium.key)!.ready));
  await Promise.race([
    uploads,
    new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError'))),
    ),
  ]);
  words.textContent = queueWords();
  await ask(
    conversation,
    turn,
    about(turn),
    async () => void (await Promise.all(about(turn).map((medium) => cards.get(medium.key)!.renew()))),
    {
      text: (more) => {
        if (!turn.answer) reply.replaceChildren(text);
        turn.answer += more;
        text.textContent = turn.answer;
        scrollDown();
      },
      waiting: (stage, position) => (words.textContent = waitingWords(stage, position)),
    },
    signal,
  );
}

function scrollDown(): void {
  const talk = $('talk');
  talk.scrollTop = talk.scrollHeight;
  if (talk.scrollHeight <= talk.clientHeight + 1) $('turns').lastElementChild?.scrollIntoView({ block: 'nearest' });
}

export async function submit(question: string): Promise<void> {
  question = question.trim();
  if (running) return;
  if (!question) {
    hint('Write a question first.');
    $('prompt').focus();
    return;
  }
  hint('');
  const choices = $('choices-row').hidden
    ? []
    : $<HTMLInputElement>('choices')
        .value.split(',')
        .map((text) => text.trim())
        .filter(Boolean);
  const turn: Turn = { question, media: media().map((medium) => medium.key), choices, answer: '' };
  conversation.turns.push(turn);
  const element = turnView(turn, fresh(turn), about(turn));
  const reply = element.lastElementChild as HTMLElement;
  $('turns').append(element);
  $<HTMLTextAreaElement>('prompt').value = '';
  const own = (running = new AbortController());
  render();
  scrollDown();
  try {
    await answer(turn, reply, own.signal);
  } catch (error) {
    if ((error as Error).name === 'AbortError') turn.finish = 'stopped';
    else
      turn.error = about(turn).some((medium) => !medium.id)
        ? 'The file did not reach the server, so nothing was asked.'
        : explain(error);
  }
  if (running === own) running = undefined;
  reply.removeAttribute('aria-busy');
  fillReply(reply, turn, fresh(turn), about(turn));
  if (turn.error) addRetry(turn, element, reply);
  render();
  scrollDown();
  keep();
}

function addRetry(turn: Turn, element: HTMLElement, reply: HTMLElement): void {
  reply.append(
    h(
      'button',
      {
        type: 'button',
        onclick: () => {
          conversation.turns = conversation.turns.filter((one) => one !== turn);
          element.remove();
          void submit(turn.question);
        },
      },
      'Ask again',
    ),
  );
}

export function stop(): void {
  running?.abort();
}

/** Shows a conversation in place of the one at hand. */
export function show(next: Conversation): void {
  stop();
  running = undefined;
  conversation = next;
  cards.clear();
  $('media').replaceChildren();
  for (const medium of media()) addCard(medium);
  $('turns').replaceChildren(...conversation.turns.map((turn) => turnView(turn, fresh(turn), about(turn))));
  render();
  scrollDown();
}

export function initChat(modalities: ModalityInfo[]): void {
  infos = modalities;
  render();
}
