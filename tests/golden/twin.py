#!/usr/bin/python3
"""The network of docs/MODEL.md once more, in numpy and float64, written for the reader and not for speed. It reads any
model file of architecture onellm and shares no code with the C core, so where the two agree, both are right.

    twin.py MODEL.gguf MODALITY INPUT.npy STAGE OUTPUT.npy     STAGE: tokens features routing experts embeddings

INPUT.npy is the input tensor, as `onellm encode --stage input` writes it. Shapes are as in the C core: L tokens per
item, T items (frames, planes), D the width of the encoder."""

import mmap
import struct
import sys

import numpy as np

# ---- model file ----

SCALARS = {0: 'B', 1: 'b', 2: 'H', 3: 'h', 4: 'I', 5: 'i', 6: 'f', 7: '?', 10: 'Q', 11: 'q', 12: 'd'}
STRING, ARRAY = 8, 9
F32, F16, BF16 = 0, 1, 30

# ---- quantized blocks: u8 [n, bytes] -> float64 [n, 32 or 256] ----

def halves(blocks, at):
    """The half at a byte of each block, [n, 1]."""
    return blocks[:, at:at + 2].copy().view('<f2').astype(np.float64)


def signed(some):
    return some.copy().view(np.int8).astype(np.float64)


def decode_q8_0(blocks):
    return halves(blocks, 0) * signed(blocks[:, 2:])


def decode_q4_0(blocks):
    q = blocks[:, 2:]
    return halves(blocks, 0) * (np.concatenate([q & 15, q >> 4], 1).astype(np.float64) - 8)


def decode_q4_k(blocks):
    n, low, high, both = len(blocks), blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    scales = np.concatenate([low & 63, both & 15 | low >> 6 << 4], 1) * halves(blocks, 0)
    minima = np.concatenate([high & 63, both >> 4 | high >> 6 << 4], 1) * halves(blocks, 2)
    q = blocks[:, 16:].reshape(n, 4, 1, 32)
    q = np.concatenate([q & 15, q >> 4], 2).reshape(n, 8, 32)
    return (scales[..., None] * q - minima[..., None]).reshape(n, 256)


def decode_q6_k(blocks):
    n, low, high = len(blocks), blocks[:, :128].reshape(-1, 2, 2, 32), blocks[:, 128:192].reshape(-1, 2, 1, 32)
    q = np.concatenate([low & 15, low >> 4], 2) | np.concatenate([high >> shift & 3 for shift in (0, 2, 4, 6)], 2) << 4
    scales = signed(blocks[:, 192:208]) * halves(blocks, 208)
    return ((q.reshape(n, 16, 16).astype(np.float64) - 32) * scales[..., None]).reshape(n, 256)


BLOCKS = {8: (32, 34, decode_q8_0), 2: (32, 18, decode_q4_0), 12: (256, 144, decode_q4_k), 14: (256, 210, decode_q6_k)}


def rounded(x):
    """Inputs of a quantized matrix: 8 bits. The scale of 32 neighbours is that of the row, or a power of two below it."""
    blocks = x.astype(np.float32).reshape(*x.shape[:-1], -1, 32)
    largest = np.maximum(np.abs(blocks).max(-1, keepdims=True), np.float32(1e-28))
    most = largest.max(-2, keepdims=True)
    power = 2 ** np.maximum(np.ceil(np.log2(largest.astype(np.float64) / most)), -24).astype(np.float32)
    factor = np.float32(127) / most / power
    return (np.rint(blocks * factor) * (most / np.float32(127) * power).astype(np.float64)).reshape(x.shape)


class ModelFile:
    """Metadata and tensors of a GGUF file."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.at = 0
        magic, version, n_tensors, n_keys = self._unpack('4sIQQ')
        if magic != b'GGUF' or version not in (2, 3):
            raise ValueError(f'{path} is not a GGUF file of version 2 or 3')
        self.metadata = {}
        for _ in range(n_keys):
            key = self._string().decode()
            self.metadata[key] = self._value(self._unpack('I')[0])
        self.infos = {}
        for _ in range(n_tensors):
            name = self._string().decode()
            n_dims, = self._unpack('I')
            shape = self._unpack(f'{n_dims}Q')
            kind, offset = self._unpack('IQ')
            self.infos[name] = (shape[::-1], kind, offset)
        alignment = self.metadata.get('general.alignment', 32)
        self.data = (self.at + alignment - 1) // alignment * alignment

    def _unpack(self, layout):
        values = struct.unpack_from('<' + layout, self.bytes, self.at)
        self.at += struct.calcsize('<' + layout)
        return values

    def _string(self):
        n, = self._unpack('Q')
        text = self.bytes[self.at:self.at + n]
        self.at += n
        return text

    def _value(self, kind):
        if kind == STRING:
            return self._string().decode('utf-8', 'replace')
        if kind != ARRAY:
            return self._unpack(SCALARS[kind])[0]
        item, n = self._unpack('IQ')
        if item in SCALARS:
            return list(self._unpack(f'{n}{SCALARS[item]}'))
        return [self._value(item) for _ in range(n)]

    def tensor(self, name):
        """float64, the usual (row-major) shape: [n_out, n_in] for the matrix of a linear layer."""
        shape, kind, offset = self.infos[name]
        if kind in BLOCKS:
            n_elements, n_bytes, decode = BLOCKS[kind]
            blocks = np.frombuffer(self.bytes, 'u1', int(np.prod(shape)) // n_elements * n_bytes, self.data + offset)
            return decode(blocks.reshape(-1, n_bytes)).reshape(shape)
        dtype = {F32: '<f4', F16: '<f2', BF16: '<u2'}[kind]
        values = np.frombuffer(self.bytes, dtype, int(np.prod(shape)), self.data + offset)
        if kind == BF16:
            values = (values.astype('<u4') << 16).view('<f4')
        return values.astype(np.float64).reshape(shape)

    def has(self, name):
        return name in self.infos

    def is_quantized(self, name):
        return self.infos[name][1] in BLOCKS


# ---- the pieces of a network ----

def erf(x):
    """Error function to 1e-15: Taylor series near 0, continued fraction further out."""
    x = np.asarray(x, np.float64)
    a = np.minimum(np.abs(x), 6.0)
    term, near = a.copy(), a.copy()
    for n in range(1, 60):
        term = -term * a * a / n
        near = near + term / (2 * n + 1)
    fraction = np.zeros_like(a)
    for n in range(60, 0, -1):
        fraction = n / 2 / (a + fraction)
    far = 1 - np.exp(-a * a) / (np.sqrt(np.pi) * (a + fraction))
    return np.sign(x) * np.where(a < 2, 2 / np.sqrt(np.pi) * near, far)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def quick_gelu(x):
    return x * sigmoid(1.702 * x)


def gelu(x):
    return x * 0.5 * (1 + erf(x / np.sqrt(2)))


def layer_norm(x, gain, bias, eps):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + eps) * gain + bias


def rms_norm(x, gain, eps):
    return x / np.sqrt((x ** 2).mean(axis=-1, keepdims=True) + eps) * gain


def rotate(x, theta):
    """x [n, heads, head length]; pairs are neighbours: (0, 1), (2, 3), …"""
    n, _, length = x.shape
    angle = np.arange(n)[:, None] * theta ** (-np.arange(0, length, 2) / length)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(x.shape)


def attention(q, k, v, causal):
    """q [n, heads, length], k and v [n, key/value heads, length] -> [n, heads * length]"""
    n, n_heads, length = q.shape
    k, v = (np.repeat(x, n_heads // x.shape[1], axis=1) for x in (k, v))
    ret = np.empty_like(q)
    for head in range(n_heads):
        scores = q[:, head] @ k[:, head].T / np.sqrt(length)
        if causal:
            scores = np.where(np.tri(n, dtype=bool), scores, -np.inf)
        ret[:, head] = softmax(scores) @ v[:, head]
    return ret.reshape(n, n_heads * length)


# ---- the tokenizer of point clouds ----

def square_distances(points, centre):
    """float32, as the reference computes them; the order of the sum decides near ties."""
    d = (points - centre).astype(np.float32)
    d = d * d
    return (d[:, 0] + d[:, 1]) + d[:, 2]


def sample_farthest(points, n):
    """Starts at 0, then always the point farthest from those picked. Ties are settled as by the GPU of the reference:
    thread t sees points t, t + n_threads, … and keeps the first; then t meets t + 512, t + 256, …, t + 1 and wins unless
    the other is farther. So the thread whose number is smallest with its bits reversed comes first."""
    n_bits = min(10, int(np.log2(len(points))))
    index = np.arange(len(points))
    thread = [int(f'{i % (1 << n_bits):0{n_bits}b}'[::-1], 2) for i in index]
    order = np.lexsort((index, thread))
    nearest = np.full(len(points), 1e10, np.float32)
    picked = [0]
    while len(picked) < n:
        nearest = np.minimum(nearest, square_distances(points, points[picked[-1]]))
        picked.append(int(order[np.argmax(nearest[order])]))
    return picked


def group_nearest(points, centres, n):
    return [np.argsort(square_distances(points, points[c]), kind='stable')[:n] for c in centres]


# ---- the network ----

class Twin:
    def __init__(self, path):
        self.file = ModelFile(path)
        self.weight = self.file.tensor
        self.modalities = self.size('modalities')

    def size(self, name, default=None):
        return self.file.metadata.get(f'onellm.{name}', default)

    def linear(self, name, x):
        if self.file.is_quantized(f'{name}.weight'):
            x = rounded(x)
        ret = x @ self.weight(f'{name}.weight').T
        return ret + self.weight(f'{name}.bias') if self.file.has(f'{name}.bias') else ret

    def norm(self, name, x):
        """One epsilon for every LayerNorm of the model."""
        eps = self.size('encoder.attention.layer_norm_epsilon', 1e-5)
        return layer_norm(x, self.weight(f'{name}.weight'), self.weight(f'{name}.bias'), eps)

    # -- tokenizers: input tensor -> [T * L, D] --

    def tokens(self, modality, x):
        x = np.asarray(x, np.float64)
        if modality == 'audio':
            return self.cut_2d('mod.audio.conv', x, self.size('audio.kernel_size', 16), self.size('audio.stride', 10))
        if modality == 'point':
            return self.point_tokens(x)
        if modality == 'imu':
            kernel = self.size('imu.kernel_size', 10)
            windows = np.stack([x[:, t:t + kernel].reshape(-1) for t in range(x.shape[1] - kernel + 1)])
            return self.linear('mod.imu.conv', windows)
        if modality == 'fmri':
            return self.linear('mod.fmri.conv', x).reshape(-1, self.size('fmri.token_count', 8)).T
        patch = self.size('encoder.patch_size')
        frames = x if x.ndim == 4 else x[None]
        return np.concatenate([self.cut_2d('enc.patch_embd', frame, patch, patch) for frame in frames])

    def cut_2d(self, name, x, kernel, stride):
        """Convolution of [channels, height, width] without padding, row by row."""
        rows = (x.shape[1] - kernel) // stride + 1
        columns = (x.shape[2] - kernel) // stride + 1
        windows = [x[:, r * stride:r * stride + kernel, c * stride:c * stride + kernel].reshape(-1)
                   for r in range(rows) for c in range(columns)]
        return self.linear(name, np.stack(windows))

    def point_tokens(self, x):
        first = self.size('point.coordinate_offset', 3)  # channel at which the coordinates begin: colours, as released
        places = x[:, first:first + 3].astype(np.float32)
        centres = sample_farthest(places, self.size('point.token_count', 1024))
        values = self.linear('mod.point.conv', x)
        return np.stack([values[group].max(axis=0)
                         for group in group_nearest(places, centres, self.size('point.group_size', 32))])

    # -- universal encoder: [T * L, D] -> [1 + L, D] --

    def features(self, modality, tokens):
        own = f'mod.{modality}.pos_embd.weight'
        positions = self.weight(own if self.file.has(own) else 'enc.pos_embd.weight')
        items = tokens.reshape(-1, len(positions) - 1, tokens.shape[1])
        return np.mean([self.encode(item, positions) for item in items], axis=0)

    def encode(self, item, positions):
        n_heads = self.size('encoder.attention.head_count')
        x = np.concatenate([self.weight('enc.class_embd').reshape(1, -1), item]) + positions
        x = self.norm('enc.pre_norm', x)
        for b in range(self.size('encoder.block_count')):
            block = f'enc.blk.{b}.'
            qkv = self.linear(block + 'attn_qkv', self.norm(block + 'attn_norm', x))
            q, k, v = (part.reshape(len(x), n_heads, -1) for part in np.split(qkv, 3, axis=1))
            x = x + self.linear(block + 'attn_output', attention(q, k, v, causal=False))
            hidden = quick_gelu(self.linear(block + 'ffn_up', self.norm(block + 'ffn_norm', x)))
            x = x + self.linear(block + 'ffn_down', hidden)
        return self.norm('enc.post_norm', x)

    # -- projection: [1 + L, D] -> [30, D] -> [30, dim] --

    def routing(self, modality):
        """[30, K]: the router sees one row at a time, and these rows are constants."""
        kind, n_experts = self.size('projection.router'), self.size('projection.expert_count')
        tokens = self.weight(f'mod.{modality}.tokens')
        if kind == 'constant':
            return np.full((len(tokens), n_experts), 1 / n_experts)
        scores = self.linear(f'mod.{modality}.router.1', gelu(self.linear(f'mod.{modality}.router.0', tokens)))
        if kind == 'soft-sigmoid':
            return sigmoid(scores) / sigmoid(scores).sum(axis=-1, keepdims=True)
        if kind == 'soft-softmax':
            return softmax(scores)
        return np.eye(n_experts)[scores.argmax(axis=-1)]  # sparse

    def experts(self, modality, features):
        n_heads = self.size('projection.attention.head_count')
        eps = self.size('projection.attention.layer_norm_rms_epsilon', 1e-5)
        tokens = self.weight(f'mod.{modality}.tokens')
        projected = self.norm(f'mod.{modality}.proj_in_norm', self.linear(f'mod.{modality}.proj_in', features))
        routing = self.routing(modality)
        ret = 0
        for e in range(self.size('projection.expert_count')):
            x = np.concatenate([tokens, projected])
            for b in range(self.size('projection.block_count')):
                x = self.llama_block(f'upm.{e}.blk.{b}.', x, n_heads, n_heads, eps, theta=None)
            ret = ret + routing[:, e:e + 1] * x[:len(tokens)]
        return ret

    def embeddings(self, modality, experts):
        return self.norm(f'mod.{modality}.proj_out_norm', self.linear(f'mod.{modality}.proj_out', experts))

    # -- decoder --

    def llama_block(self, name, x, n_heads, n_kv_heads, eps, theta):
        """theta None: no rotation and no mask, as in the experts."""
        normed = rms_norm(x, self.weight(name + 'attn_norm.weight'), eps)
        q, k, v = (self.linear(name + part, normed).reshape(len(x), heads, -1)
                   for part, heads in (('attn_q', n_heads), ('attn_k', n_kv_heads), ('attn_v', n_kv_heads)))
        if theta is not None:
            q, k = rotate(q, theta), rotate(k, theta)
        x = x + self.linear(name + 'attn_output', attention(q, k, v, causal=theta is not None))
        normed = rms_norm(x, self.weight(name + 'ffn_norm.weight'), eps)
        hidden = silu(self.linear(name + 'ffn_gate', normed)) * self.linear(name + 'ffn_up', normed)
        return x + self.linear(name + 'ffn_down', hidden)

    def sequence(self, ids, media):
        """ids with BOS; media: (modality, embeddings) in upload order, all directly behind BOS."""
        text = self.weight('token_embd.weight')[list(ids)]
        parts = [text[:1]]
        for modality, embeddings in media:
            parts += [self.weight(f'mod.{modality}.start_tag').reshape(1, -1), embeddings,
                      self.weight(f'mod.{modality}.end_tag').reshape(1, -1)]
        return np.concatenate(parts + [text[1:]])

    def logits(self, ids, media=()):
        """[n_vocab] after the last position."""
        n_heads = self.size('attention.head_count')
        n_kv_heads = self.size('attention.head_count_kv', n_heads)
        eps = self.size('attention.layer_norm_rms_epsilon', 1e-5)
        x = self.sequence(ids, media)
        for b in range(self.size('block_count')):
            x = self.llama_block(f'blk.{b}.', x, n_heads, n_kv_heads, eps, self.size('rope.freq_base', 10000.0))
        return self.linear('output', rms_norm(x[-1:], self.weight('output_norm.weight'), eps))[0]

    def greedy(self, ids, media, n):
        """The n most likely tokens, one after the other, and the logits of every step."""
        ids, steps = list(ids), []
        for _ in range(n):
            steps.append(self.logits(ids, media))
            ids.append(int(steps[-1].argmax()))
        return ids[-n:], np.stack(steps)


def main():
    if len(sys.argv) != 6:
        print(__doc__, file=sys.stderr)
        return 2
    model, modality, source, stage, output = sys.argv[1:]
    twin = Twin(model)
    if stage == 'routing':
        np.save(output, twin.routing(modality).astype(np.float32))
        return 0
    value = np.load(source)
    for name in ('tokens', 'features', 'experts', 'embeddings'):
        value = getattr(twin, name)(modality, value)
        if name == stage:
            np.save(output, value.astype(np.float32))
            return 0
    print(f"unknown stage '{stage}'", file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main())
