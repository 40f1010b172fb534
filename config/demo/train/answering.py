"""The decoder learns to read records, then the projection learns to turn media into what the decoder can read, then both
learn to answer. Also how often they are right."""

import itertools
import json

import numpy as np
import torch
import torch.nn.functional as F

import language
import text
from learning import learn, n_workers, of_all_workers
from network import MODALITIES, at_numbers, choose_tokens

N_ASKED = 7  # questions about each scene
SEED_OF_CHECK = 7_000_000
PROJECTION = ('clip_proj', 'resample_', 'routers', 'start_tag', 'end_tag', 'conv1', 'positional_embedding', 'traces')
DECODER = ('tok_embeddings', 'layers', 'norm', 'output')
COMPARING = ('yes_no', 'yes_no', 'yes_no', 'letter')  # kinds of questions that want a comparison


def decoder_loss(model, rows, media=()):
    """Mean cross entropy of the targets of rows of text.lay_out_row(); media: (row, place, [32, dim]). And in which of all
    conversations every target is the likeliest token: bool [conversations]."""
    packed = text.Packed(rows, model.sizes['n_heads'])
    x = model.tok_embeddings(packed.ids)
    if media:
        first = torch.tensor([row * packed.n_shared + 1 + text.MEDIUM * place for row, place, _ in media])
        x = x.index_put((first[:, None] + torch.arange(text.MEDIUM),), torch.stack([m for _, _, m in media]))
    is_target = packed.targets != text.NO_TARGET
    scores, targets = model.output(model.decode(x, packed)[is_target]), packed.targets[is_target]
    is_wrong = scores.argmax(-1) != targets
    return F.cross_entropy(scores, targets), torch.bincount(packed.owners[is_target], is_wrong) == 0


def learn_to_read(training, model):
    """The language model before it has any senses: it reads records instead, the facts about a medium as a row of values
    where the medium will stand later. To compare what is asked with what is there is learned first, since among other
    questions it takes many times as long."""
    n_steps = training.steps(1050)

    def losses_of_step(step):
        rng = training.rng(3, step)
        share = 0.9 if step < n_steps * 0.4 else 0.25
        seen, rows = [], model.record_rows()
        for _ in range(3 if training.is_smoke else 20):
            modality = 'image' if rng.random() < 0.3 else MODALITIES[rng.integers(len(MODALITIES))]
            facts = language.random_facts(modality, rng)  # most can be asked about pictures
            seen.append((recorded(model, rows, facts), facts, conversations(questions_comparing(facts, share, rng), rng)))
        return {'loss': loss_of_answers(training, model, seen, 4, 1, rng)}

    learn(training, 'reading', model, (*DECODER, 'records', 'start_tag', 'end_tag'), n_steps, 5e-3, losses_of_step)


def recorded(model, rows, facts):
    """[32, dim]: facts in the place of a medium, a little unsharp; rows: all record rows of the model."""
    rows = rows[language.record(facts)]
    return model.tagged(facts['modality'], (rows + 0.3 * torch.randn_like(rows))[None])[0]


def questions_comparing(facts, share, rng):
    """Questions of which a share wants a comparison, and one that wants all that can be said."""
    n = rng.binomial(N_ASKED, share)
    return [*language.questions(facts, rng, n, COMPARING), *language.questions(facts, rng, N_ASKED - n), caption_of(facts)]


def caption_of(facts):
    return 'caption', f'Provide a one-sentence caption for the provided {facts["modality"]}.', language.caption(facts)


def questions_about(facts, rng):
    """Any questions, and one that wants all that can be said."""
    return [*language.questions(facts, rng, N_ASKED - 1), caption_of(facts)]


def conversations(asked, rng):
    """Every question begins its own conversation, but now and then two or three make one. More of them are in capitals than
    people write: of these pieces of words little is seen otherwise."""
    pairs = [(question.upper() if rng.random() < 0.06 else question, answer) for _, question, answer in asked]
    ret = []
    while pairs:
        n = 1 if rng.random() < 0.8 else int(rng.integers(2, 4))
        ret.append(pairs[:n])
        pairs = pairs[n:]
    return ret


def some_system(rng):
    return text.SYSTEM if rng.random() < 0.95 else ('', 'You are a helpful assistant.', 'Answer briefly.')[rng.integers(3)]


def two_media(seen, rng):
    """Two of the media at hand, and conversations about both."""
    (a, facts_a, _), (b, facts_b, _) = (seen[i] for i in rng.integers(0, len(seen), 2))
    if facts_a['modality'] == 'image' and facts_b['modality'] in ('depth', 'normal'):
        a, facts_a, b, facts_b = b, facts_b, a, facts_a  # in front of a map a picture would be its plane, not a medium
    return (a, b), conversations(language.questions_of_two(facts_a, facts_b, rng, N_ASKED - 2), rng)


def loss_of_answers(training, model, seen, n_pairs, n_none, rng):
    """seen: (medium, facts, conversations); besides, rows with two of these media and with none."""
    asked = [((medium,), exchanges) for medium, _, exchanges in seen]
    asked += [two_media(seen, rng) for _ in range(n_pairs)]
    asked += [((), conversations(language.questions_of_none(rng, N_ASKED), rng)) for _ in range(n_none)]
    total = n = 0
    for some in ([row for row in asked if len(row[0]) < 2], [row for row in asked if len(row[0]) == 2]):  # long rows apart
        if some:
            rows = [text.lay_out_row(training.vocabulary, len(media), exchanges, some_system(rng)) for media, exchanges in some]
            media = [(row, place, medium) for row, (media, _) in enumerate(some) for place, medium in enumerate(media)]
            loss, right = decoder_loss(model, rows, media)
            total, n = total + len(right) * loss, n + len(right)
    return total / n


# ---- the projection learns to connect, and all of it to answer ----

def resampled_of(model, scenes, numbers, n_kept=None, rng=None):
    """[n, 30, D]: what the experts make of these scenes, or, with n_kept and rng, of few of their tokens and of others like
    them (see Scenes.inputs())."""
    if scenes.features is None:
        features, weights = model.features(scenes.modality, scenes.inputs(numbers, rng), n_kept)
    else:
        features = torch.from_numpy(scenes.features[numbers].astype(np.float32))
        kept, weights = choose_tokens(features[:, 1:], n_kept)
        if kept is not None:
            features = torch.cat([features[:, :1], at_numbers(features, 1 + kept)], 1)
    return model.resampled(scenes.modality, features, weights)


def media_of(model, modality, resampled):
    """[n, 32, dim]: what the decoder gets."""
    return model.tagged(modality, model.embeddings(modality, resampled))


def records_of(facts):
    """[n, 30]: numbers of the values that are true."""
    return torch.tensor([language.record(some) for some in facts])


def record_scores(model, media):
    """media [n, 32, dim] -> [n, 30, values]: which value of a record each embedding is nearest to."""
    return media[:, 1:-1] @ model.record_rows().T / model.sizes['dim'] ** 0.5


def trace_loss(found, traces):
    """Of what there is: found and traces [n, numbers], traces NaN where there is nothing."""
    return 40 * (found - traces.nan_to_num()).square().where(~traces.isnan(), torch.zeros(())).mean()


def learn_to_answer(training, model, name, stage):
    """A stage of train.py: scenes of several modalities in every step. The embeddings of each are drawn to its record, and
    some are asked several questions, of which at first many want a comparison. False: it was finished before."""
    n_steps = training.steps(stage['steps'])

    def losses_of_step(step):
        share = stage.get('comparing', 0) if step < n_steps * 0.6 else 0
        rng = training.rng(4, *name.encode(), step)
        ret, seen, losses, traces = {}, [], [], []
        n_scenes = sum(stage['mix'].values())
        for modality, n in stage['mix'].items():
            scenes = training.scenes[modality]
            numbers = scenes.draw(rng, 2 if training.is_smoke else n)
            facts = [scenes.facts[number] for number in numbers]
            resampled = resampled_of(model, scenes, numbers, stage['kept'].get(modality), rng)
            media = media_of(model, modality, resampled)
            records = records_of(facts)
            losses.append(len(facts) * F.cross_entropy(record_scores(model, media).flatten(0, 1), records.flatten()))
            if scenes.traces is not None:
                traced = torch.from_numpy(scenes.traces[numbers])
                traces.append(len(facts) * trace_loss(model.traces[modality](resampled.mean(1)), traced))
            asked = rng.random(len(facts)) < stage['asked']
            seen += [(medium, f, conversations(questions_comparing(f, share, rng), rng))
                     for medium, f, is_asked in zip(media, facts, asked) if is_asked]
        if traces:
            ret['trace'] = sum(traces) / n_scenes
        rows = model.record_rows()
        seen += [(recorded(model, rows, f), f, conversations(questions_comparing(f, share, rng), rng))
                 for f in (language.random_facts('image', rng) for _ in range(stage.get('read', 0)))]
        ret['record'] = stage['record'] * sum(losses) / n_scenes
        if seen:
            ret['answer'] = loss_of_answers(training, model, seen, stage.get('pairs', 0), stage.get('none', 0), rng)
        return ret

    return learn(training, name, model, stage['learns'], n_steps, stage['rate'], losses_of_step)


# ---- how often is it right? ----

def check_scenes(training, model, scenes, numbers, rng, counts):
    """Adds to counts (kind -> [right, asked]). Greedy decoding gives an answer exactly if each of its tokens is the
    likeliest one behind those before it, so one pass tells. Kind "record": what each embedding is nearest to."""
    asked = [questions_about(scenes.facts[number], rng) for number in numbers]
    rows = [text.lay_out_row(training.vocabulary, 1, [[(question, answer)] for _, question, answer in questions])
            for questions in asked]
    media = media_of(model, scenes.modality, resampled_of(model, scenes, numbers))
    is_nearest = record_scores(model, media).argmax(-1) == records_of(scenes.facts[number] for number in numbers)
    counts['record'] = np.add(counts.get('record', 0), [is_nearest.sum().item(), is_nearest.numel()])
    _, right = decoder_loss(model, rows, [(row, 0, medium) for row, medium in enumerate(media)])
    for (kind, _, _), is_right in zip(itertools.chain(*asked), right.tolist()):
        total = counts.setdefault(kind, [0, 0])
        total[0] += is_right
        total[1] += 1


def check(training, model, title, modalities=MODALITIES):
    """Per cent of right answers per modality on scenes that no stage has seen, to accuracy.json."""
    results = {}
    for modality in modalities:
        scenes, counts = training.checked[modality], {}
        with torch.no_grad():
            for first in range(20 * training.worker, scenes.n, 20 * n_workers()):
                numbers = np.arange(first, min(first + 20, scenes.n))
                check_scenes(training, model, scenes, numbers, np.random.default_rng([SEED_OF_CHECK, first]), counts)
        every = of_all_workers(counts)
        counts = {kind: np.sum([some[kind] for some in every if kind in some], 0) for kind in sorted(set().union(*every))}
        n_right, n = np.sum([counts[kind] for kind in language.ATTRIBUTES[modality] if kind in counts], 0)
        share = {kind: 100 * a / b for kind, (a, b) in counts.items()}
        results[modality] = {'attributes': 100 * n_right / n, 'captions': share['caption'], 'kinds': share}
        training.say(f'{title}: {modality} attributes {100 * n_right / n:.1f} % captions {share["caption"]:.1f} %: ' +
                     ' '.join(f'{kind} {value:.0f}' for kind, value in share.items()))
    if training.worker == 0:
        path = training.work / 'accuracy.json'
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(dict(known, **{title: results}), indent=1))
    return results
