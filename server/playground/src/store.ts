/** Conversations stay in the browser: IndexedDB, which takes files as they are. */
import type { Conversation } from './types';

const CURRENT = 'onellmd-conversation';

function wait<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('onellmd', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('conversations', { keyPath: 'id' });
  return wait(request);
}

async function table(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return (await (opened ??= open())).transaction('conversations', mode).objectStore('conversations');
}

export function newConversation(): Conversation {
  return { id: crypto.randomUUID?.() ?? String(Math.random()), changed: Date.now(), media: [], turns: [] };
}

/** Each tab goes on with its own; a new tab begins a new one. */
export async function currentConversation(): Promise<Conversation> {
  const id = sessionStorage.getItem(CURRENT);
  return (id && (await load(id))) || newConversation();
}

export async function load(id: string): Promise<Conversation | undefined> {
  try {
    return await wait((await table('readonly')).get(id));
  } catch {
    return undefined; /* private windows may have no such store: the page works without */
  }
}

export async function save(conversation: Conversation): Promise<void> {
  sessionStorage.setItem(CURRENT, conversation.id);
  conversation.changed = Date.now();
  if (!conversation.media.length && !conversation.turns.length) return;
  try {
    await wait((await table('readwrite')).put(conversation));
  } catch {
    /* as above, or the disk is full */
  }
}

export async function list(): Promise<Conversation[]> {
  try {
    const all: Conversation[] = await wait((await table('readonly')).getAll());
    return all.sort((a, b) => b.changed - a.changed);
  } catch {
    return [];
  }
}

export async function remove(id: string): Promise<void> {
  await wait((await table('readwrite')).delete(id));
}

export function makeCurrent(id: string | null): void {
  if (id) sessionStorage.setItem(CURRENT, id);
  else sessionStorage.removeItem(CURRENT);
}

export function exported(conversation: Conversation): string {
  const media = conversation.media.map(({ parts, ...rest }) => ({
    ...rest,
    files: parts.map(({ name, file }) => ({ part: name, name: file.name, bytes: file.size })),
  }));
  return JSON.stringify({ ...conversation, changed: new Date(conversation.changed).toISOString(), media }, null, 2);
}
