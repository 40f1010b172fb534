/** The request just made, as code that makes it again. */
import { apiKey, ROOT } from './api';
import { copy, h } from './dom';
import type { Medium, Sent } from './types';

const quote = (text: string) => (/^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const js = (value: unknown) => JSON.stringify(value);

function uploads(media: Medium[]): { parts: [string, string][]; id: string }[] {
  return media.map((medium) => ({
    parts: [
      ...medium.parts.map((part): [string, string] => [part.name, `@${part.file.name}`]),
      ...Object.entries(medium.options).filter(([, value]) => value !== ''),
    ],
    id: medium.id ?? '',
  }));
}

function curl(sent: Sent, media: Medium[]): string {
  const auth = apiKey() ? '  -H "Authorization: Bearer $ONELLMD_KEY" \\\n' : '';
  const lines = uploads(media).map(
    ({ parts, id }) =>
      `# once; the server keeps it as ${id}\ncurl ${ROOT}v1/media \\\n${auth}${parts.map(([name, value]) => `  -F ${quote(`${name}=${value}`)}`).join(' \\\n')}`,
  );
  const body = sent.json
    ? `  -H 'Content-Type: application/json' \\\n  -d ${quote(JSON.stringify(sent.json, null, 2))}`
    : sent.form!.map(([name, value]) => `  -F ${quote(`${name}=${value}`)}`).join(' \\\n');
  return [...lines, `curl -N ${ROOT}${sent.path} \\\n${auth}${body}`].join('\n\n');
}

function asFetch(sent: Sent, media: Medium[]): string {
  const auth = apiKey() ? '{ Authorization: `Bearer ${key}` }' : '';
  const lines = uploads(media).map(({ parts, id }) => {
    const appends = parts.map(([name, value]) =>
      value.startsWith('@')
        ? `upload.append(${js(name)}, await fileNamed(${js(value.slice(1))}));`
        : `upload.append(${js(name)}, ${js(value)});`,
    );
    return `// once; the server keeps it as ${id}\nconst upload = new FormData();\n${appends.join('\n')}\nawait fetch('${ROOT}v1/media', { method: 'POST', body: upload${auth && `, headers: ${auth}`} });\n`;
  });
  const body = sent.json
    ? `const response = await fetch('${ROOT}${sent.path}', {\n  method: 'POST',\n  headers: { 'Content-Type': 'application/json'${auth && ', Authorization: `Bearer ${key}`'} },\n  body: JSON.stringify(${JSON.stringify(sent.json, null, 2)}),\n});`
    : `const form = new FormData();\n${sent.form!.map(([name, value]) => `form.append(${js(name)}, ${js(value)});`).join('\n')}\nconst response = await fetch('${ROOT}${sent.path}', { method: 'POST', body: form${auth && `, headers: ${auth}`} });`;
  const read = 'for await (const text of response.body.pipeThrough(new TextDecoderStream())) console.log(text);';
  return [...lines, body, read].join('\n');
}

/** OpenAI's client speaks JSON only; a form becomes the message that asks the same. */
function openai(sent: Sent): string {
  const fields = Object.fromEntries(
    (sent.form ?? []).filter(([name]) => !['media_id', 'prompt', 'stream', 'choices'].includes(name)),
  );
  const ids = (sent.form ?? [])
    .filter(([name]) => name === 'media_id')
    .map(([, id]) => ({ type: 'media', media: { media_id: id } }));
  const prompt = sent.form?.find(([name]) => name === 'prompt')?.[1];
  const numbers = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Number(value)]));
  const json = sent.json ?? {
    model: 'demo',
    messages: [{ role: 'user', content: [...ids, { type: 'text', text: prompt }] }],
    stream: true,
    ...numbers,
  };
  const choices = sent.form?.some(([name]) => name === 'choices')
    ? '// Choices are for POST /v1/answers; this asks the same question openly.\n'
    : '';
  return `${choices}import OpenAI from 'openai';\n\nconst client = new OpenAI({ baseURL: '${ROOT}v1', apiKey: ${apiKey() ? 'process.env.ONELLMD_KEY' : "'none'"} });\nconst stream = await client.chat.completions.create(${JSON.stringify(json, null, 2)});\nfor await (const chunk of stream)\n  process.stdout.write(chunk.choices[0]?.delta?.content ?? '');`;
}

/** Tabs with the three; made when somebody looks. */
export function snippets(sent: Sent, media: Medium[]): HTMLElement {
  const texts: [string, () => string][] = [
    ['curl', () => curl(sent, media)],
    ['fetch', () => asFetch(sent, media)],
    ['OpenAI SDK', () => openai(sent)],
  ];
  const code = h('pre', { tabindex: 0, 'aria-label': 'The request as code' });
  const tabs = texts.map(([name, text], i) => {
    const choose = () => {
      code.textContent = text();
      tabs.forEach((tab, k) => tab.setAttribute('aria-pressed', String(k === i)));
    };
    return h('button', { type: 'button', onclick: choose, 'aria-pressed': 'false' }, name);
  });
  const copier = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: (event: Event) => void copy(code.textContent ?? '', event.currentTarget as HTMLElement),
    },
    'Copy',
  );
  tabs[0]!.click();
  return h(
    'div',
    { class: 'code' },
    h('div', { class: 'tabs', role: 'group', 'aria-label': 'Show the request as' }, ...tabs, copier),
    code,
  );
}
