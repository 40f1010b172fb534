"""Words to numbers: the SentencePiece vocabulary of the demo model, and conversations laid out as the decoder reads them.

A row of a batch is BOS, the media (32 positions each), the system sentence, and then several questions with their
answers. Every question sees what stands before the first of them and itself, never another question: many questions
about one medium cost one pass and each is still the first of its conversation."""

import io

import numpy as np
import sentencepiece
import torch

from language import SYSTEM
from network import TYPE_OF_PRODUCTS

BOS, MEDIUM = 1, 32  # id; positions of a medium with its tags
NO_TARGET = -100
LONGEST = 72  # positions of a conversation of several questions, and the least of a bin


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
    """One row: the ids that its conversations share, and (ids, targets) of each; medium i stands at 1 + MEDIUM * i.

    conversations: lists of (question, answer); only answers are targets. One that gets too long goes on as another."""
    shared = [BOS] + [0] * (MEDIUM * n_media) + vocabulary.encode(system + '\n\n')
    rest = []
    for turns in conversations:
        is_first = True
        for question, answer in turns:
            asked = vocabulary.continued(f'###Human: {question}\n###Assistant:')
            told = vocabulary.continued(f'###Assistant: {answer}\n###')[len(vocabulary.continued('###Assistant:')):]
            if is_first or len(rest[-1][0]) + len(asked) + len(told) > LONGEST:
                rest.append(([], []))
            else:  # its ### ended the answer before
                asked = asked[len(vocabulary.continued('###')):]
            is_first = False
            ids, targets = rest[-1]
            ids += asked + told
            targets += [NO_TARGET] * (len(asked) - 1) + told + [NO_TARGET]
    return shared, rest


def pack_bins(sizes, room):
    """Numbers of the things of these sizes in bins of some room, the largest first, each where it fits first."""
    bins = []
    for number in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        for some in bins:
            if sum(sizes[i] for i in some) + sizes[number] <= room:
                some.append(number)
                break
        else:
            bins.append([number])
    return bins


class Packed:
    """Rows of lay_out_row() as the decoder takes them, in one sequence of N positions: what is shared of each row, n_shared
    positions each, then bins of n_in_bin positions with conversations, each of one row, row_of_bin. Attention costs
    little so: a bin looks at itself and what its row shares.

    ids, positions, targets [N]; owners [N]: number of the conversation, counted through all rows, -1 for none; masks to be
    added to scores, once for each head: shared_mask [rows * heads, n_shared, n_shared], mask [bins * heads, n_in_bin,
    n_shared + n_in_bin]."""

    def __init__(self, rows, n_heads):
        self.n_rows, self.n_shared = len(rows), max(len(shared) for shared, _ in rows)
        self.n_in_bin = max(LONGEST, max(len(ids) for _, rest in rows for ids, _ in rest))
        bins, first = [], 0
        for number, (_, rest) in enumerate(rows):
            bins += [(number, first, some) for some in pack_bins([len(ids) for ids, _ in rest], self.n_in_bin)]
            first += len(rest)
        self.row_of_bin = torch.tensor([number for number, _, _ in bins])
        self.n_in_rows = self.n_rows * self.n_shared
        table = np.zeros((4, self.n_in_rows + len(bins) * self.n_in_bin), np.int64)
        table[2], table[3] = NO_TARGET, -1
        sizes = np.array([len(shared) for shared, _ in rows])
        for number, (shared, _) in enumerate(rows):
            at = number * self.n_shared
            table[:2, at:at + len(shared)] = shared, range(len(shared))
        for i, (number, first, some) in enumerate(bins):
            at = self.n_in_rows + i * self.n_in_bin
            for j in some:
                ids, targets = rows[number][1][j]
                positions = np.arange(len(ids)) + sizes[number]
                table[:, at:at + len(ids)] = ids, positions, targets, [first + j] * len(ids)
                at += len(ids)
        self.ids, self.positions, self.targets, self.owners = torch.from_numpy(table)
        owners = self.owners[self.n_in_rows:].view(len(bins), self.n_in_bin)
        earlier = torch.ones(self.n_in_bin, self.n_in_bin, dtype=torch.bool).tril()
        own = (owners[:, None, :] == owners[:, :, None]) & earlier
        is_there = torch.arange(self.n_shared) < torch.from_numpy(sizes)[self.row_of_bin, None]
        self.mask = mask_where(torch.cat([is_there[:, None].expand(-1, self.n_in_bin, -1), own], 2), n_heads)
        causal = torch.ones(self.n_rows, self.n_shared, self.n_shared, dtype=torch.bool).tril()
        self.shared_mask = mask_where(causal, n_heads)


def mask_where(seen, n_heads):
    """bool [B, n, m] -> what to add to the scores of every head, [B * heads, n, m]"""
    mask = torch.zeros(seen.shape, dtype=TYPE_OF_PRODUCTS).masked_fill_(~seen, float('-inf'))
    return mask.repeat_interleave(n_heads, 0)
