#!/usr/bin/python3
"""Does every stage compute the right numbers?

    parity.py reference ONELLM ONELLMD    against the reference data set in $ONELLM_REFERENCE: every case, every stage,
                                          24 greedy tokens by command line and by HTTP, every tokenizer case
    parity.py seeded ONELLM               against twin.py: models of odd sizes, every modality

Each line is one comparison: largest absolute difference, root of the mean square, and their limits."""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

import seeded_model
import tool
from twin import Twin, softmax

# Largest difference and root mean square allowed from the same input tensor.
LIMITS = {'tokens': (1e-4, 1e-5), 'features': (1e-4, 1e-5), 'routing': (1e-5, 2e-6), 'experts': (2e-4, 2e-5),
          'embeddings': (2e-4, 2e-5)}
NETWORK = ['tokens', 'features', 'experts', 'embeddings']
GOLDEN_FILES = {'tokens': 'conv_tokens', 'features': 'encoder_out', 'experts': 'upm_out',
                'embeddings': 'modality_tokens'}

# From the file itself to the input tensor.
INPUT_LIMITS = {'image': (1e-5, 1e-6), 'depth': (1e-5, 1e-6), 'normal': (1e-5, 1e-6), 'video': (2e-4, 2e-5),
                'audio': (5e-3, 2e-4), 'point': (1e-6, 1e-7), 'imu': (2e-5, 2e-6), 'fmri': (1e-6, 1e-7)}

# Sound from the file: the reference's float32 rounding in quiet mel bins moves its own input tensor by up to 2e-3, and
# this is what that makes of the stages behind. From the same tensor the limits above hold: see the lines of the twin.
SOUND_LIMITS = {'tokens': (2e-3, 1e-4), 'features': (3e-3, 2e-4), 'experts': (1.5e-3, 2.5e-4),
                'embeddings': (1.5e-3, 2.5e-4)}

CHOICES = ['no', 'a red circle', 'zwei grüne Kreise']
CHOICES_LIMITS = (4e-3, 2e-3)  # for each of their tokens: keys and values are rounded to f16, which the twin does not do

OUR_NAMES = {'rgbd': 'depth', 'rgbn': 'normal'}
N_GREEDY = 24


# Quantized: where a number lies between two bytes, the last bit of what stands before it decides. Of the rows, this share
# may be off by so much; the others, which see little of it, by so many times the usual limits.
ROUNDED_SHARE, ROUNDED_LIMIT, ROUNDED_TIMES = 0.05, 0.05, 5


class Comparison(tool.Tap):
    def compare(self, case, stage, found, expected, limits):
        """One line of the table."""
        found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
        if found.shape != expected.shape:
            return self.check(False, f'{case} {stage}', f'shape {found.shape}, expected {expected.shape}')
        difference = found - expected
        largest, rms = np.abs(difference).max(), np.sqrt(np.mean(difference ** 2))
        good = largest <= limits[0] and rms <= limits[1]
        return self.check(good, f'{case:18} {stage:18} max {largest:.1e} of {limits[0]:.0e}  '
                                f'rms {rms:.1e} of {limits[1]:.0e}')

    def compare_rounded(self, case, stage, found, expected, limits):
        """The same for rows of which a few may have been rounded another way."""
        order = np.argsort(np.abs(found - expected).max(1))
        n_kept = int(len(order) * (1 - ROUNDED_SHARE))
        kept, rounded = order[:n_kept], order[n_kept:]
        largest = np.abs(found - expected)[rounded].max()
        self.check(largest <= ROUNDED_LIMIT, f'{case:18} {stage:18} worst rows max {largest:.1e} of {ROUNDED_LIMIT}')
        limits = [ROUNDED_TIMES * limit for limit in limits]
        return self.compare(case, stage, found[kept], expected[kept], limits)


# ---- the reference data set ----

def case_options(case, golden, reference):
    """Files of a case as options of the command line."""
    files = [reference / name for name in case['input_files']]
    modality = OUR_NAMES.get(case['modality'], case['modality'])
    if modality == 'text':
        return []
    if modality in ('depth', 'normal'):
        return ['--image', files[0], f'--{modality}', files[1], *(['--depth-range', 'clip'] if modality == 'depth' else [])]
    if modality == 'imu':
        return ['--imu', files[0], '--imu-timestamps', files[1], '--imu-start', golden['window_start_sec'],
                '--imu-end', golden['window_end_sec']]
    return [f'--{modality}', files[0]]


def case_prompt(case):
    """What a person would type. Earlier turns are written out: the template makes the same text of them."""
    question = case['question']
    if isinstance(question, str):
        return question
    return f'{question[0]}\n###Assistant: {question[1]}\n###Human: {question[2]}'


def check_stages(tap, onellm, model, twin, case, options, folder):
    """Every stage against the golden arrays, and against the twin from our own input tensor."""
    name, modality = case['name'], OUR_NAMES.get(case['modality'], case['modality'])
    golden = folder['golden'] / name
    own = tool.encode(onellm, model, options, 'input', folder['scratch'])
    if (golden / 'preproc.npy').exists():
        tap.compare(name, 'input', own, np.load(golden / 'preproc.npy'), INPUT_LIMITS[modality])
    else:
        sampled = next(golden.glob('preproc_sub*.npy'))
        step = int(re.search(r'\d+', sampled.name).group())
        tap.compare(name, 'input (sampled)', own[..., ::step, ::step], np.load(sampled), INPUT_LIMITS[modality])
    limits = SOUND_LIMITS if modality == 'audio' else LIMITS
    expected = own
    for stage in NETWORK:
        found = tool.encode(onellm, model, options, stage, folder['scratch'])
        tap.compare(name, stage, found, np.load(golden / f'{GOLDEN_FILES[stage]}.npy'), limits[stage])
        expected = getattr(twin, stage)(modality, expected)
        tap.compare(name, f'{stage}, twin', found, expected, LIMITS[stage])


def check_answer(tap, onellm, daemon, model, case, options, golden_folder):
    """The greedy tokens, which end early at the end of the text or at the template's own stop string."""
    name = case['name']
    corrected = golden_folder / name / 'corrected_ids.npy'
    expected = np.load(corrected if corrected.exists() else golden_folder / name / 'reference_ids.npy').tolist()
    found = tool.answer(onellm, model, options, case_prompt(case), N_GREEDY)
    prompt_ids = np.load(golden_folder / name / 'prompt_ids.npy').tolist()
    tap.check(found['prompt_ids'] == prompt_ids, f'{name:18} prompt ids', f"{found['prompt_ids']}\nnot {prompt_ids}")
    ids = found['token_ids']
    complete = len(ids) == N_GREEDY or found['finish_reason'] == 'stop'
    tap.check(complete and ids == expected[:len(ids)], f'{name:18} {len(ids)} greedy tokens', f'{ids}\nnot {expected}')

    status, response = daemon.post_form('/v1/answers', [*tool.form_of(options), ('prompt', case_prompt(case)),
                                                        ('temperature', 0), ('max_tokens', N_GREEDY)])
    same = status == 200 and response['answer'] == found['answer']
    tap.check(same, f'{name:18} the same answer by HTTP', f'{status} {response}\nnot {found["answer"]}')


def check_tokenizer(tap, onellm, vocabulary, folder):
    """All cases of tokenizer_cases.tsv, texts as hexadecimal digits, one run of the program for each direction."""
    rows = [line.split('\t') for line in (folder / 'tokenizer_cases.tsv').read_text().splitlines()]
    texts = [row[1:3] for row in rows if row[0] in 'EB']  # text, ids
    lists = [[row[2], row[3]] for row in rows if row[0] == 'E'] + [row[1:3] for row in rows if row[0] == 'D']  # ids, text
    for what, mode, cases in (('texts are encoded', [], texts), ('lists of ids are decoded', ['--decode'], lists)):
        output = tool.must_run(onellm, 'tokenize', *vocabulary, '--hex', *mode,
                               input=''.join(f'{case[0]}\n' for case in cases))
        wrong = [f'{given}: {found or "-"}, expected {wanted}'
                 for (given, wanted), found in zip(cases, output.split('\n')) if (found or '-') != wanted]
        tap.check(not wrong and output.count('\n') == len(cases), f'{folder.name}: {len(cases)} {what}',
                  '\n'.join(wrong[:20]))


def reference_suite(onellm, onellmd):
    tap = Comparison()
    reference = os.environ.get('ONELLM_REFERENCE')
    if not reference:
        tap.skip('parity with the reference implementation', 'ONELLM_REFERENCE names no reference data set')
        return tap.finish()
    a = Path(reference) / 'A'
    with tempfile.TemporaryDirectory() as scratch:
        folder = {'golden': a / 'golden', 'scratch': scratch}
        model = Path(scratch) / 'a.gguf'
        tool.must_run(onellm, 'convert', '--checkpoint', a / 'consolidated.00-of-01.pth', '--params', a / 'params.json',
                      '--tokenizer', a / 'tokenizer.model', '--arch', a / 'arch.json', '--type', 'f16', '--output', model)
        twin = Twin(model)
        with tool.Daemon(onellmd, model) as daemon:
            for case in json.loads((a / 'golden' / 'index.json').read_text())['cases']:
                if case['name'] == 'video_h264_alt':
                    tap.skip(case['name'], 'the other variant of the clip sampler, which onellmd does not implement')
                    continue
                golden = json.loads((a / 'golden' / case['name'] / 'golden.json').read_text())
                options = case_options(case, golden, a)
                try:
                    if options:
                        check_stages(tap, onellm, model, twin, case, options, folder)
                    check_answer(tap, onellm, daemon, model, case, options, folder['golden'])
                except tool.Failed as failure:
                    tap.check(False, case['name'], str(failure))
        tap.check(daemon.status == 0, 'the daemon ends well', daemon.output[-3000:])
        check_tokenizer(tap, onellm, ['--model', model], a)
        check_tokenizer(tap, onellm, ['--tokenizer', a.parent / 'llama2' / 'tokenizer.model'], a.parent / 'llama2')
    return tap.finish()


# ---- seeded models ----

def compare_greedy(tap, case, found, twin, media, n, margin=1e-2):
    """Equal tokens, up to the first step at which the two most likely ones are too close to call."""
    ids = found['token_ids']
    expected, logits = twin.greedy(found['prompt_ids'], media, len(ids) or 1)
    top = np.sort(logits, axis=1)
    close = np.flatnonzero(top[:, -1] - top[:, -2] < margin)
    n_sure = int(close[0]) if len(close) else len(expected)
    tap.check(0 < len(ids) <= n and ids[:n_sure] == expected[:n_sure],
              f'{case:36} {n_sure} greedy tokens', f'{ids}\nnot {expected}')


def check_choices(tap, onellm, model, name, twin, options, media):
    """How likely each choice is, token by token from the twin's logits: the mean over the tokens."""
    words = sum((['--choice', choice] for choice in CHOICES), ['--prompt', 'What is this?', '--logprobs', 'true', '--json'])
    found = json.loads(tool.must_run(onellm, 'answer', '--model', model, *options, *words))
    expected, n_tokens = [], []
    for choice in CHOICES:
        ids = tool.must_run(onellm, 'tokenize', '--model', model, '--ids', input=f'{choice}\n###').split()
        prompt, logprob = list(found['prompt_ids']), 0
        for number in map(int, ids):
            logprob += np.log(softmax(twin.logits(prompt, media))[number])
            prompt.append(number)
        expected.append(logprob)
        n_tokens.append(len(ids))
    logprobs = np.array([choice['logprob'] for choice in found['choices']])
    tap.compare(name, 'choices', logprobs / n_tokens, np.array(expected) / n_tokens, CHOICES_LIMITS)
    tap.check(found['answer'] == CHOICES[int(np.argmax(expected))], f'{name:18} the likeliest choice', found['answer'])


def check_modality(tap, onellm, model, name, twin, modality, scratch, stages):
    """One sample file through the network; the embeddings depend on all stages before them."""
    options = tool.SAMPLE_OPTIONS[modality]
    value = tool.encode(onellm, model, options, 'input', scratch)
    for stage in NETWORK:
        value = getattr(twin, stage)(modality, value)
        if stage in stages:
            tap.compare(name, f'{modality} {stage}', tool.encode(onellm, model, options, stage, scratch), value, LIMITS[stage])
    compare_greedy(tap, f'{name} {modality}', tool.answer(onellm, model, options, 'What is this?', 12), twin,
                   [(modality, value)], 12, margin=1e-2)
    return value


def check_quantized(tap, onellm, scratch):
    """A model whose rows are whole blocks of every type, in every mixture. A number that was rounded another way makes
    others do so: each stage is computed from what ours made of the one before, and tokens are less sure."""
    model = Path(scratch) / 'wide.gguf'
    sizes = ['dim=256', 'ffn_hidden=512', 'n_layers=3', 'clip_mlp_width=256', 'fmri_voxels=64']
    tool.must_run(onellm, 'synthesize', '--shape', 'tiny', *sum((['--set', size] for size in sizes), []), '--type', 'f16',
                  '--output', model)
    for mixture in ('q8_0', 'q6_k', 'q4_k', 'q4_0'):
        quantized = Path(scratch) / f'{mixture}.gguf'
        tool.must_run(onellm, 'quantize', model, quantized, '--type', mixture)
        twin, options = Twin(quantized), tool.SAMPLE_OPTIONS['image']
        value = tool.encode(onellm, quantized, options, 'input', scratch)
        for stage in NETWORK:
            found = tool.encode(onellm, quantized, options, stage, scratch)
            tap.compare_rounded(mixture, f'image {stage}', found, getattr(twin, stage)('image', value), LIMITS[stage])
            value = found
        compare_greedy(tap, f'{mixture} image', tool.answer(onellm, quantized, options, 'What is this?', 12), twin,
                       [('image', value)], 12, margin=0.2)


def seeded_suite(onellm):
    tap = Comparison()
    with tempfile.TemporaryDirectory() as scratch:
        models = {name: (Path(scratch) / f'{name}.gguf', sizes) for name, sizes in seeded_model.MODELS.items()}
        for name, (path, sizes) in models.items():
            seeded_model.write_model(path, sizes)
        models['synthesized'] = (Path(scratch) / 'tiny.gguf', None)
        tool.must_run(onellm, 'synthesize', '--shape', 'tiny', '--type', 'bf16', '--seed', 7,
                      '--output', models['synthesized'][0])
        for name, (path, _) in models.items():
            twin = Twin(path)
            try:
                stages = NETWORK if name == 'small' else ['embeddings']
                embeddings = {modality: check_modality(tap, onellm, path, name, twin, modality, scratch, stages)
                              for modality in twin.modalities}
                order = ['video', 'audio', 'video']
                found = tool.answer(onellm, path, sum((tool.SAMPLE_OPTIONS[m] for m in order), []), 'And now?', 12)
                compare_greedy(tap, f'{name} video, audio, video', found, twin, [(m, embeddings[m]) for m in order], 12)
                check_choices(tap, onellm, path, f'{name} image', twin, tool.SAMPLE_OPTIONS['image'],
                              [('image', embeddings['image'])])
                compare_greedy(tap, f'{name} text', tool.answer(onellm, path, [], 'Hello. Who?', 12), twin, [], 12)
            except tool.Failed as failure:
                tap.check(False, name, str(failure))
        try:
            check_quantized(tap, onellm, scratch)
        except tool.Failed as failure:
            tap.check(False, 'quantized models', str(failure))
    return tap.finish()


if __name__ == '__main__':
    if len(sys.argv) == 4 and sys.argv[1] == 'reference':
        sys.exit(reference_suite(*sys.argv[2:]))
    if len(sys.argv) == 3 and sys.argv[1] == 'seeded':
        sys.exit(seeded_suite(sys.argv[2]))
    sys.exit(__doc__)
