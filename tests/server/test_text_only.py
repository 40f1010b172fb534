#!/usr/bin/python3
"""A model without any senses, such as a plain LLaMA: whatever has nothing to do with media works as with any other."""

from harness import SAMPLES, Case, form, main, tiny_model

SHORT = [('prompt', 'x'), ('max_tokens', 3), ('temperature', 0)]


class TextOnly(Case):
    options = ('--model', tiny_model('dim=64', 'n_layers=2', 'n_heads=4', 'ffn_hidden=192', 'vocab_size=512', shape='llama-7b'))

    def test_state(self):
        for path in ('/livez', '/readyz', '/metrics', '/'):
            self.assertEqual(self.daemon.get(path).status, 200, path)
        self.assertEqual(self.daemon.metric('media_cache_bytes'), 0)
        self.assertEqual(self.daemon.get('/v1/models').json()['data'][0]['input_modalities'], ['text'])

    def test_text_is_answered(self):
        self.assertEqual(self.daemon.ask(*SHORT).json()['usage']['media_tokens'], 0)

    def test_media_are_refused(self):
        image = 'image', SAMPLES / 'image.jpg'
        body, content_type = form([image])
        kept = self.daemon.request('POST', '/v1/media', [('Content-Type', content_type)], body)
        for response in (self.daemon.ask(image, *SHORT), kept):
            self.assertEqual(response.status, 400)
            self.assertIn('text only', response.json()['error']['message'])


if __name__ == '__main__':
    main()
