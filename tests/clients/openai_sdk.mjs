// A session with OpenAI's package, as its users write one.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import {abandons, demo, endless, isAnswering, key, keyed, sample64, slow} from './daemons.mjs';
import {finish, test} from './tap.mjs';

const client = new OpenAI({baseURL: demo, apiKey: 'none'});
const part = content => typeof content === 'string' ? {type: 'text', text: content} : content;
const user = (...content) => [{role: 'user', content: content.map(part)}];
const chat = (messages, more) => client.chat.completions.create({model: 'demo', temperature: 0, messages, ...more});
const said = async (messages, more) => (await chat(messages, more)).choices[0].message.content;
const whoAreYou = 'I am the small demo model of onellmd.';

await test('models', async () => {
  const models = await client.models.list();
  assert.equal(models.data[0].id, 'demo');
});

await test('a chat', async () => {
  const answer = await chat(user('Who are you?'));
  assert.equal(answer.object, 'chat.completion');
  assert.deepEqual(answer.choices[0].message, {role: 'assistant', content: whoAreYou, refusal: null});
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.match(answer._request_id, /^req-/);
});

await test('any model name', async () => {
  assert.equal(await said(user('Who are you?'), {model: 'gpt-4o'}), whoAreYou);
});

await test('further turns', async () => {
  const messages = [{role: 'developer', content: 'Answer questions.'}, ...user('What is this?', {
    type: 'image_url', image_url: {url: `data:image/jpeg;base64,${sample64('image-red-circle.jpg')}`}})];
  messages.push((await chat(messages)).choices[0].message, ...user('Which colour?'));
  assert.match(messages[2].content, /red circle/);
  assert.match(await said(messages), /red/);
});

await test('a stream with usage', async () => {
  const stream = await chat(user('Who are you?'), {stream: true, stream_options: {include_usage: true}});
  let text = '', reason, usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whoAreYou);
  assert.equal(reason, 'stop');
  assert.ok(usage.prompt_tokens > 10 && usage.completion_tokens > 5, JSON.stringify(usage));
});

await test("the package's own gathering of a stream", async () => {
  const words = [];
  const stream = client.chat.completions.stream({model: 'demo', messages: user('Who are you?'), logprobs: true});
  stream.on('content', delta => words.push(delta));
  const answer = await stream.finalChatCompletion();
  assert.equal(answer.choices[0].message.content, whoAreYou);
  assert.equal(words.join(''), whoAreYou);
  assert.ok(answer.choices[0].logprobs.content.every(token => token.logprob <= 0));
});

await test('a picture', async () => {
  const url = `data:image/png;base64,${sample64('image-three-stars.png')}`;
  assert.equal(await said(user('What colour are the stars?', {type: 'image_url', image_url: {url, detail: 'auto'}})), 'blue');
});

await test('a recording', async () => {
  const input_audio = {data: sample64('audio-three-beeps.wav'), format: 'wav'};
  assert.equal(await said(user('Is the pitch low or high?', {type: 'input_audio', input_audio})), 'high');
});

for (const [modality, file, question, answer, rgb] of [
  ['image', 'image-red-circle.jpg', 'What is this?', 'a red circle'],
  ['video', 'video-blinking-circle.webm', 'What does it do?', 'it blinks'],
  ['audio', 'audio-rising-tone.flac', 'Does the pitch rise or fall?', 'it rises'],
  ['point', 'point-blue-cube.xyz', 'What colour is it?', 'blue'],
  ['depth', 'depth-near-ball.png', 'Where is the object?', 'on the right', 'depth-near-ball.jpg'],
  ['normal', 'normal-facing-left.png', 'Which way does it face?', 'left', 'normal-facing-left.jpg'],
  ['imu', 'imu-turning-left.csv', 'Which way does the phone turn?', 'left'],
  ['fmri', 'fmri-house.csv', 'What is the person looking at?', 'a house'],
])
  await test(`a part of ${modality}`, async () => {
    const media = {modality, data: sample64(file), ...(rgb && {rgb: sample64(rgb)})};
    assert.equal(await said(user(question, {type: 'media', media})), answer);
  });

await test('leaving a stream', () => abandons(async () => {
  const stream = await new OpenAI({baseURL: slow, apiKey: 'none'}).chat.completions.create({
    model: 'any', messages: user('Go on.'), stream: true, ...endless});
  let n = 0;
  for await (const _ of stream)
    if (++n === 5)
      break;
  assert.equal(n, 5);
}));

await test('aborting an answer', () => abandons(async () => {
  const controller = new AbortController();
  const client = new OpenAI({baseURL: slow, apiKey: 'none'});
  const answer = client.chat.completions.create({model: 'any', messages: user('Go on.'), ...endless}, {signal: controller.signal});
  await Promise.all([assert.rejects(answer, OpenAI.APIUserAbortError), isAnswering().then(() => controller.abort())]);
}));

await test('waiting no longer', () => abandons(async () => {
  const client = new OpenAI({baseURL: slow, apiKey: 'none', timeout: 3000, maxRetries: 0});
  await assert.rejects(client.chat.completions.create({model: 'any', messages: user('Go on.'), ...endless}),
                       OpenAI.APIConnectionTimeoutError);
}));

// What is wrong, the class, the status, the code and the place of its error.
const noPicture = {type: 'image_url', image_url: {url: `data:image/png;base64,${sample64('audio-rising-tone.flac')}`}};
const elsewhere = {type: 'image_url', image_url: {url: 'https://example.org/cat.png'}};
for (const [what, messages, more, kind, status, code, param] of [
  ['a value', user('x'), {temperature: 3}, OpenAI.BadRequestError, 400, 'invalid_value', 'temperature'],
  ['too many answers', user('x'), {n: 5}, OpenAI.BadRequestError, 400, 'invalid_value', 'n'],
  ['no messages', [], {}, OpenAI.BadRequestError, 400, 'missing_prompt', 'messages'],
  ['a role', [{role: 'robot', content: 'x'}], {}, OpenAI.BadRequestError, 400, 'invalid_value', 'messages[0].role'],
  ['a recording for a picture', user('x', noPicture), {}, OpenAI.APIError, 415, 'unsupported_media_type', 'image'],
  ['an address elsewhere', user('x', elsewhere), {}, OpenAI.BadRequestError, 400, 'invalid_value', 'messages[0].content[1]'],
  ['too long a text', user('word '.repeat(5000)), {}, OpenAI.BadRequestError, 400, 'context_length_exceeded', null],
  ['a value in a stream', user('x'), {top_p: 7, stream: true}, OpenAI.BadRequestError, 400, 'invalid_value', 'top_p'],
])
  await test(`wrong: ${what}`, () => assert.rejects(chat(messages, more), error => {
    assert.ok(error instanceof kind, error.stack);
    assert.deepEqual([error.status, error.type, error.code, error.param], [status, 'invalid_request_error', code, param]);
    assert.match(error.requestID, /^req-/);
    return true;
  }));

await test('no such address', () => assert.rejects(client.embeddings.create({model: 'demo', input: 'x'}), OpenAI.NotFoundError));

await test('a key that is none', () => assert.rejects(
  new OpenAI({baseURL: keyed, apiKey: 'none'}).chat.completions.create({model: 'demo', messages: user('Who are you?')}),
  error => error instanceof OpenAI.AuthenticationError && error.status === 401 && error.code === 'invalid_api_key'));

await test('a key', async () => {
  const client = new OpenAI({baseURL: keyed, apiKey: key});
  const answer = await client.chat.completions.create({model: 'demo', messages: user('Who are you?')});
  assert.equal(answer.choices[0].message.content, whoAreYou);
});

finish();
