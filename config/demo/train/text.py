"""Words to numbers: the SentencePiece vocabulary of the demo model, and conversations laid out as the decoder reads them.

A row of a batch is BOS, the media (32 positions each), the system sentence, and then several questions with their
answers. Every question sees what stands before the first of them and itself, never another question: many questions
about one medium cost one pass and each is still the first of its conversation."""

import io

import numpy as np
import sentencepiece
import torch

from language import SYSTEM

BOS, MEDIUM = 1, 32  # id; positions of a medium with its tags
NO_TARGET = -100


def train_vocabulary(lines, n_pieces, path):
    """BPE with byte fallback and nothing normalised, as LLaMA's."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type='bpe', vocab_size=n_pieces, byte_fallback=True,
        normalization_rule_name='identity', remove_extra_whitespaces=False, split_digits=True, character_coverage=1.0,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, minloglevel=2, num_threads=1, hard_vocab_limit=True)
    path.write_bytes(model.getvalue())


class Vocabulary:
    def __init__(self, path):
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.n = self.processor.vocab_size()
        self.n_lead = len(self.processor.encode('\n'))  # the space that is put in front, and the line feed
        self.known = {}

    def encode(self, text):
        """As the beginning of a text: with a space put in front."""
        return self.processor.encode(text)

    def continued(self, text):
        """As what follows a line feed. Pieces never cross one, so a text is the sum of its lines."""
        ids = self.known.get(text)
        if ids is None:
            ids = self.processor.encode('\n' + text)[self.n_lead:]
            if len(self.known) < 200_000:
                self.known[text] = ids
        return ids


def lay_out_row(vocabulary, n_media, conversations, system=SYSTEM):
    """(ids, segments, positions, targets) of one row; medium i stands at 1 + MEDIUM * i.

    conversations: lists of (question, answer); only answers are targets."""
    ids = [BOS] + [0] * (MEDIUM * n_media) + vocabulary.encode(system + '\n\n')
    n_shared = len(ids)
    segments, positions, targets = [0] * n_shared, list(range(n_shared)), [NO_TARGET] * n_shared
    for number, turns in enumerate(conversations, 1):
        at = n_shared
        for i, (question, answer) in enumerate(turns):
            asked = vocabulary.continued(f'###Human: {question}\n###Assistant:')
            told = vocabulary.continued(f'###Assistant: {answer}\n###')[len(vocabulary.continued('###Assistant:')):]
            if i > 0:  # its ### ended the answer before
                asked = asked[len(vocabulary.continued('###')):]
            line = asked + told
            n_silent = len(asked) - 1
            targets += [NO_TARGET] * n_silent + line[n_silent + 1:] + [NO_TARGET]
            ids += line
            segments += [number] * len(line)
            positions += range(at, at + len(line))
            at += len(line)
    return ids, segments, positions, targets


def pack_rows(rows):
    """Rows of lay_out_row() -> tensors [B, n] of ids, positions, targets, and the mask [B, n, n] to be added."""
    n = max(len(row[0]) for row in rows)
    table = np.zeros((4, len(rows), n), np.int64)
    table[1] = -1
    table[3] = NO_TARGET
    for i, row in enumerate(rows):
        for part in range(4):
            table[part, i, :len(row[part])] = row[part]
    ids, segments, positions, targets = torch.from_numpy(table)
    seen = (segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])
    seen &= torch.ones(n, n, dtype=torch.bool).tril()
    seen |= torch.eye(n, dtype=torch.bool)
    mask = torch.zeros(len(rows), n, n, dtype=torch.bfloat16).masked_fill_(~seen, float('-inf'))
    return ids, positions, targets, mask
