// A session with the AI SDK, as its users write one.

import assert from 'node:assert/strict';
import {createOpenAI} from '@ai-sdk/openai';
import {createOpenAICompatible} from '@ai-sdk/openai-compatible';
import {APICallError, generateText, streamText} from 'ai';
import {abandons, demo, key, keyed, sample, slow} from './daemons.mjs';
import {finish, test} from './tap.mjs';

const providers = {
  'openai-compatible': (baseURL, apiKey) =>
    createOpenAICompatible({name: 'onellmd', baseURL, apiKey, includeUsage: true})('demo'),
  'openai': (baseURL, apiKey) => createOpenAI({baseURL, apiKey}).chat('demo'),
};
const whoAreYou = 'I am the small demo model of onellmd.';
const user = (text, ...parts) => [{role: 'user', content: [{type: 'text', text}, ...parts]}];

for (const [name, provider] of Object.entries(providers)) {
  const model = provider(demo, 'none');

  await test(`${name}: a text`, async () => {
    const answer = await generateText({model, prompt: 'Who are you?', temperature: 0});
    assert.equal(answer.text, whoAreYou);
    assert.equal(answer.finishReason, 'stop');
    assert.equal(answer.usage.totalTokens, answer.usage.inputTokens + answer.usage.outputTokens);
  });

  await test(`${name}: a stream with usage`, async () => {
    const stream = streamText({model, system: 'Answer questions.', prompt: 'Who are you?', temperature: 0});
    let text = '';
    for await (const word of stream.textStream)
      text += word;
    assert.equal(text, whoAreYou);
    assert.equal(await stream.finishReason, 'stop');
    assert.ok((await stream.usage).outputTokens > 5);
  });

  await test(`${name}: a picture`, async () => {
    const image = {type: 'image', image: sample('image-three-stars.png')};
    const answer = await generateText({model, messages: user('What colour are the stars?', image), temperature: 0});
    assert.equal(answer.text, 'blue');
  });

  await test(`${name}: leaving a stream`, () => abandons(async () => {
    const controller = new AbortController();
    const stream = streamText({model: provider(slow, 'none'), prompt: 'Go on.', maxOutputTokens: 16000, temperature: 2, topP: 1,
                               abortSignal: controller.signal});
    let n = 0;
    for await (const part of stream.fullStream) {
      if (part.type === 'text-delta' && ++n === 5)
        controller.abort();
    }
    assert.ok(n >= 5, `${n} pieces`);
  }));

  await test(`${name}: a wrong value`, () => assert.rejects(
    generateText({model, prompt: 'x', temperature: 3}),
    error => APICallError.isInstance(error) && error.statusCode === 400 && !error.isRetryable &&
      error.message.includes('temperature') && JSON.parse(error.responseBody).error.code === 'invalid_value'));

  await test(`${name}: a key that is none`, () => assert.rejects(
    generateText({model: provider(keyed, 'none'), prompt: 'x'}),
    error => APICallError.isInstance(error) && error.statusCode === 401 && error.data.error.code === 'invalid_api_key'));

  await test(`${name}: a key`, async () => {
    const answer = await generateText({model: provider(keyed, key), prompt: 'Who are you?', temperature: 0});
    assert.equal(answer.text, whoAreYou);
  });
}

await test('openai: a recording', async () => {
  const file = {type: 'file', mediaType: 'audio/wav', data: sample('audio-three-beeps.wav')};
  const messages = user('Is the pitch low or high?', file);
  const answer = await generateText({model: providers.openai(demo, 'none'), messages, temperature: 0});
  assert.equal(answer.text, 'high');
});

finish();
