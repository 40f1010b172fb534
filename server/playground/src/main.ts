/** Puts the page together. */
import { apiKey, getJson, needsKey, setApiKey } from './api';
import { addFiles, addMedium, current, hint, initChat, show, stop, submit } from './chat';
import { $, download, h } from './dom';
import { icon } from './icons';
import { initRecord } from './record';
import { fetchSample, samples, type Sample } from './samples';
import { initSettings } from './settings';
import { initStatus } from './status';
import * as store from './store';
import { MODALITIES, type ModalityInfo } from './types';
import { explain, NAMES } from './words';

const prompt = $<HTMLTextAreaElement>('prompt');

async function takeSample(sample: Sample): Promise<void> {
  try {
    addMedium(await fetchSample(sample));
    await submit(sample.question);
  } catch (error) {
    hint(explain(error));
  }
}

const thumbs = import.meta.glob<string>('./thumbs/*.webp', { eager: true, query: '?url', import: 'default' });
const thumb = (sample: Sample) => thumbs[`./thumbs/${sample.files.at(-1)!.replace(/\.\w+$/, '')}.webp`];

const ABOUT = [
  'JPEG, PNG, WebP, …',
  'MP4, WebM, MKV, …',
  'WAV, FLAC, MP3, …',
  'PLY, PCD, XYZ, NPY',
  'PNG, TIFF, NPY',
  'PNG, TIFF, NPY',
  'CSV, NPY',
  'NPY, CSV, NIfTI',
];

function initWelcome(): void {
  const kinds = MODALITIES.map((modality, i) =>
    h(
      'article',
      {},
      h('div', { class: 'kind' }, icon(modality, 26), h('h3', {}, NAMES[modality]), h('small', {}, ABOUT[i]!)),
      ...samples
        .filter((sample) => sample.modality === modality)
        .map((sample) =>
          h(
            'button',
            { type: 'button', 'data-sample': sample.files.at(-1), onclick: () => void takeSample(sample) },
            h('img', { src: thumb(sample), alt: '', width: 240, height: 150 }),
            sample.question,
          ),
        ),
    ),
  );
  $('kinds').append(...kinds);
}

function initComposer(): void {
  for (const [id, name] of [
    ['pick', 'plus'],
    ['mic', 'mic'],
    ['camera', 'camera'],
    ['choose', 'choices'],
    ['send', 'send'],
    ['stop', 'stop'],
  ] as const)
    $(id).append(icon(name));
  const fit = () => {
    prompt.style.height = 'auto';
    prompt.style.height = `${Math.min(prompt.scrollHeight, 200)}px`;
  };
  const form = $<HTMLFormElement>('composer');
  prompt.addEventListener('input', fit);
  prompt.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit(prompt.value);
    fit();
  });
  $('stop').addEventListener('click', stop);
  const file = $<HTMLInputElement>('file');
  $('pick').addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    addFiles([...(file.files ?? [])]);
    file.value = '';
  });
  $('choose').addEventListener('click', () => {
    const row = $('choices-row');
    row.hidden = !row.hidden;
    $('choose').setAttribute('aria-expanded', String(!row.hidden));
    if (!row.hidden) $('choices').focus();
  });
}

function initDropAndPaste(): void {
  let depth = 0;
  const over = (change: number) => {
    depth += change;
    $('drop').hidden = depth <= 0;
  };
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragenter', (event) => hasFiles(event) && over(1));
  addEventListener('dragleave', (event) => hasFiles(event) && over(-1));
  addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    over(0);
    if (event.dataTransfer?.files.length) addFiles([...event.dataTransfer.files]);
  });
  addEventListener('paste', (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    addFiles([...event.clipboardData.files]);
  });
}

function initHistory(): void {
  const dialog = $<HTMLDialogElement>('history-dialog');
  const fill = async () => {
    const all = await store.list();
    const rows = all.map((one) => {
      const open = () => {
        store.makeCurrent(one.id);
        show(one);
        dialog.close();
      };
      const remove = async () => {
        await store.remove(one.id);
        if (one.id === current().id) begin();
        await fill();
      };
      const title = one.turns[0]?.question ?? one.media[0]?.label ?? 'Empty';
      return h(
        'li',
        {},
        h(
          'button',
          { type: 'button', class: 'quiet', onclick: open },
          h('span', {}, title),
          h(
            'small',
            {},
            `${new Date(one.changed).toLocaleString()} · ${one.media.map((medium) => medium.label).join(', ') || 'no files'}`,
          ),
        ),
        h(
          'button',
          { type: 'button', class: 'tool', 'aria-label': `Delete “${title}”`, onclick: () => void remove() },
          icon('trash', 16),
        ),
      );
    });
    $('history-list').replaceChildren(...(rows.length ? rows : [h('li', { class: 'hint' }, 'Nothing yet.')]));
  };
  $('history').addEventListener('click', async () => {
    await fill();
    dialog.showModal();
  });
  $('export').addEventListener('click', () =>
    download('onellmd-conversation.json', 'application/json', store.exported(current())),
  );
  $('new').addEventListener('click', begin);
}

function begin(): void {
  store.makeCurrent(null);
  show(store.newConversation());
  prompt.focus();
}

function initKey(retry: () => void): void {
  const dialog = $<HTMLDialogElement>('key-dialog');
  const open = () => {
    if (dialog.open) return;
    $<HTMLInputElement>('key').value = apiKey();
    dialog.showModal();
  };
  needsKey.addEventListener('needed', open);
  $('key-open').addEventListener('click', open);
  dialog.addEventListener('close', () => {
    if (dialog.returnValue !== 'use') return;
    setApiKey($<HTMLInputElement>('key').value.trim());
    needsKey.dispatchEvent(new Event('given'));
    retry();
  });
}

async function start(): Promise<void> {
  try {
    initChat((await getJson<{ data: ModalityInfo[] }>('v1/modalities')).data);
    hint('');
  } catch (error) {
    hint(explain(error));
  }
  show(await store.currentConversation());
}

initSettings($<HTMLDialogElement>('settings-dialog'), $('settings'));
initWelcome();
initComposer();
initDropAndPaste();
initHistory();
initRecord((file) => addFiles([file]));
initKey(() => void start());
$<HTMLAnchorElement>('licences').href = new URL('assets/licences.txt', document.baseURI).href;
initStatus();
void start();
