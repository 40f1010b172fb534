"""The decoder learns to read, then the projection learns to turn media into what the decoder can read, then both learn to
answer. Also how often they are right."""

import json

import numpy as np
import torch
import torch.nn.functional as F

import language
import text
from learning import learn
from network import MODALITIES

N_ASKED = 7  # questions about each scene
N_KEPT = {'audio': 400, 'point': 320}  # tokens that take part in training; the others are dropped at random
SEED_OF_CHECK = 7_000_000
PROJECTION = ('clip_proj', 'resample_', 'routers', 'start_tag', 'end_tag', 'conv1', 'positional_embedding')
DECODER = ('tok_embeddings', 'layers', 'norm', 'output')


def decoder_loss(model, rows, media=()):
    """Mean cross entropy of the targets of rows of text.lay_out_row(); media: (row, place, [32, dim]). And which of the
    targets are the likeliest tokens: bool [rows, n], true where there is no target."""
    ids, positions, targets, mask = text.pack_rows(rows)
    x = model.tok_embeddings(ids)
    if media:
        where = torch.tensor([[row, 1 + text.MEDIUM * place] for row, place, _ in media])
        index = where[:, 1:] + torch.arange(text.MEDIUM)
        x = x.index_put((where[:, :1].expand_as(index), index), torch.stack([m for _, _, m in media]))
    states = model.decode(x, positions, mask)
    is_target = targets != text.NO_TARGET
    scores = model.output(states[is_target])
    right = torch.ones_like(is_target)
    right[is_target] = scores.argmax(-1) == targets[is_target]
    return F.cross_entropy(scores, targets[is_target]), right


def learn_to_read(training, model):
    """Descriptions in words and questions about them: the language model before it has any senses."""
    def losses_of_step(step):
        rng = training.rng(3, step)
        rows = []
        for _ in range(6 if training.is_smoke else 48):
            modality = MODALITIES[rng.integers(len(MODALITIES))]
            facts = language.random_facts(modality, rng)
            asked = [[(question, answer)] for _, question, answer in language.questions(facts, rng, 5)]
            rows.append(text.lay_out_row(training.vocabulary, 0, asked, description=language.description(facts, rng),
                                         read_all=rng.random() < 0.3))
        return {'loss': decoder_loss(model, rows)[0]}

    learn(training, 'reading', model, DECODER, training.steps(700), 8e-3, losses_of_step)


# ---- the projection learns to connect, and all of it to answer ----

def media_of(model, scenes, numbers, n_kept=None):
    """[n, 32, dim]: what the decoder gets of these scenes."""
    if scenes.features is not None:
        features = torch.from_numpy(scenes.features[numbers].astype(np.float32))
    else:
        features = model.features(scenes.modality, scenes.inputs(numbers), n_kept)
    return model.tagged(scenes.modality, model.embeddings(scenes.modality, features))


def conversations(asked, rng):
    """Every question begins its own conversation, but now and then two or three make one."""
    pairs = [(question, answer) for _, question, answer in asked]
    ret = []
    while pairs:
        n = 1 if rng.random() < 0.8 else int(rng.integers(2, 4))
        ret.append(pairs[:n])
        pairs = pairs[n:]
    return ret


def some_system(rng):
    return text.SYSTEM if rng.random() < 0.95 else ('', 'You are a helpful assistant.', 'Answer briefly.')[rng.integers(3)]


def one_medium(model, scenes, numbers, n_kept, rng):
    """Media, facts and conversations about scenes of one modality."""
    media = media_of(model, scenes, numbers, n_kept)
    facts = [scenes.facts[number] for number in numbers]
    return list(zip(media, facts, (conversations(language.questions(f, rng, N_ASKED), rng) for f in facts)))


def two_media(seen, rng):
    """Two of the media at hand, and conversations about both."""
    (a, facts_a, _), (b, facts_b, _) = (seen[i] for i in rng.integers(0, len(seen), 2))
    if facts_a['modality'] == 'image' and facts_b['modality'] in ('depth', 'normal'):
        a, facts_a, b, facts_b = b, facts_b, a, facts_a  # in front of a map a picture would be its plane, not a medium
    return (a, b), conversations(language.questions_of_two(facts_a, facts_b, rng, N_ASKED), rng)


def learn_to_answer(training, model, name, stage):
    """A stage of train.py: scenes of several modalities in every step, each with several questions."""
    vocabulary = training.vocabulary

    def losses_of_step(step):
        rng = training.rng(4, *name.encode(), step)
        seen = []
        for modality, n in stage['mix'].items():
            scenes = training.scenes[modality]
            numbers = np.sort(rng.integers(0, scenes.n, 1 if training.is_smoke else n))
            seen += one_medium(model, scenes, numbers, N_KEPT.get(modality), rng)
        asked = [((medium,), exchanges) for medium, _, exchanges in seen]
        asked += [two_media(seen, rng) for _ in range(stage.get('pairs', 0))]
        asked += [((), conversations(language.questions_of_none(rng, N_ASKED), rng)) for _ in range(stage.get('none', 0))]
        rows = [text.lay_out_row(vocabulary, len(media), exchanges, some_system(rng)) for media, exchanges in asked]
        media = [(row, place, medium) for row, (media, _) in enumerate(asked) for place, medium in enumerate(media)]
        return {'loss': decoder_loss(model, rows, media)[0]}

    learn(training, name, model, stage['learns'], training.steps(stage['steps']), stage['rate'], losses_of_step)


# ---- how often is it right? ----

def check_scenes(training, model, scenes, numbers, rng, counts):
    """Adds to counts (kind -> [right, asked]). Greedy decoding gives an answer exactly if each of its tokens is the
    likeliest one behind those before it, so one pass tells."""
    asked = [language.questions(scenes.facts[number], rng, N_ASKED) +
             [('caption', f'Provide a one-sentence caption for the provided {scenes.modality}.',
               language.caption(scenes.facts[number]))] for number in numbers]
    rows = [text.lay_out_row(training.vocabulary, 1, [[(question, answer)] for _, question, answer in questions])
            for questions in asked]
    media = [(row, 0, medium) for row, medium in enumerate(media_of(model, scenes, numbers))]
    _, right = decoder_loss(model, rows, media)
    for questions, (_, segments, _, _), row in zip(asked, rows, right.numpy()):
        segments = np.array(segments)
        for i, (kind, _, _) in enumerate(questions, 1):
            total = counts.setdefault(kind, [0, 0])
            total[0] += bool(row[:len(segments)][segments == i].all())
            total[1] += 1


def check(training, model, title, modalities=MODALITIES):
    """Per cent of right answers per modality on scenes that no stage has seen, to accuracy.json."""
    results = {}
    for modality in modalities:
        scenes, rng, counts = training.checked[modality], np.random.default_rng(SEED_OF_CHECK), {}
        with torch.no_grad():
            for first in range(0, scenes.n, 20):
                check_scenes(training, model, scenes, np.arange(first, min(first + 20, scenes.n)), rng, counts)
        n_right, n = np.sum([counts[kind] for kind in language.ATTRIBUTES[modality] if kind in counts], 0)
        share = {kind: 100 * a / b for kind, (a, b) in sorted(counts.items())}
        results[modality] = {'attributes': 100 * n_right / n, 'captions': share['caption'], 'kinds': share}
        training.say(f'{title}: {modality} attributes {100 * n_right / n:.1f} % captions {share["caption"]:.1f} %: ' +
                     ' '.join(f'{kind} {value:.0f}' for kind, value in share.items()))
    path = training.work / 'accuracy.json'
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(dict(known, **{title: results}), indent=1))
    return results
