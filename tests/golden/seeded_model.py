#!/usr/bin/python3
"""Model files with random weights in any size, written without the C code: what `onellm synthesize` cannot vary. Same
name and seed, same bytes.

    seeded_model.py NAME OUTPUT.gguf        NAME: one of MODELS below"""

import struct
import sys

import numpy as np

MODALITIES = ['image', 'video', 'audio', 'point', 'depth', 'normal', 'imu', 'fmri']

# Nothing here is a released size, few sizes are multiples of 8, and every part differs from its neighbours.
SMALL = dict(
    type='f32', seed=1, modalities=MODALITIES, vocabulary=331, context=640,
    dim=48, blocks=3, heads=6, kv_heads=6, hidden=101, norm_eps=1e-5, theta=10000.0,
    width=40, encoder_blocks=3, encoder_heads=5, encoder_hidden=90, encoder_eps=1e-5, patch=16, image=112,
    experts=3, expert_blocks=2, expert_heads=4, expert_hidden=75, expert_eps=1e-5, tokens=30, router='soft-sigmoid',
    router_hidden=57, audio_kernel=16, audio_stride=10, centres=96, group=11, offset=3, imu_kernel=10, fmri_tokens=8)
MODELS = {
    'small': SMALL,
    'one_expert_f16': {**SMALL, 'experts': 1, 'type': 'f16', 'seed': 2, 'kv_heads': 2, 'theta': 500.0, 'fmri_tokens': 5},
    'softmax_two_bf16': {**SMALL, 'experts': 2, 'router': 'soft-softmax', 'type': 'bf16', 'seed': 3, 'tokens': 7,
                         'audio_kernel': 12, 'audio_stride': 9, 'imu_kernel': 7, 'encoder_eps': 1e-3},
    'sparse_four_bf16': {**SMALL, 'experts': 4, 'router': 'sparse', 'type': 'bf16', 'seed': 4, 'kv_heads': 3, 'dim': 66,
                         'heads': 3, 'patch': 14, 'image': 98, 'offset': 0, 'group': 1, 'expert_blocks': 1},
    'constant_seven_f16': {**SMALL, 'experts': 7, 'router': 'constant', 'router_hidden': 0, 'type': 'f16', 'seed': 5,
                           'blocks': 1, 'encoder_blocks': 1, 'norm_eps': 1e-3, 'expert_eps': 1e-4, 'kv_heads': 1},
}
TYPES = {'f32': 0, 'f16': 1, 'bf16': 30}


def metadata(m):
    """Keys of docs/FILE_FORMAT.md and their values; int is u32, float f32, lists are arrays."""
    own = {
        'context_length': m['context'], 'embedding_length': m['dim'], 'block_count': m['blocks'],
        'feed_forward_length': m['hidden'], 'attention.head_count': m['heads'],
        'attention.head_count_kv': m['kv_heads'], 'attention.layer_norm_rms_epsilon': m['norm_eps'],
        'rope.freq_base': m['theta'], 'encoder.embedding_length': m['width'],
        'encoder.block_count': m['encoder_blocks'], 'encoder.feed_forward_length': m['encoder_hidden'],
        'encoder.attention.head_count': m['encoder_heads'], 'encoder.attention.layer_norm_epsilon': m['encoder_eps'],
        'encoder.patch_size': m['patch'], 'encoder.image_size': m['image'], 'projection.expert_count': m['experts'],
        'projection.block_count': m['expert_blocks'], 'projection.feed_forward_length': m['expert_hidden'],
        'projection.attention.head_count': m['expert_heads'],
        'projection.attention.layer_norm_rms_epsilon': m['expert_eps'], 'projection.token_count': m['tokens'],
        'projection.router': m['router'], 'projection.router_length': m['router_hidden'],
        'modalities': m['modalities'], 'audio.kernel_size': m['audio_kernel'], 'audio.stride': m['audio_stride'],
        'point.token_count': m['centres'], 'point.group_size': m['group'], 'point.coordinate_offset': m['offset'],
        'imu.kernel_size': m['imu_kernel'], 'fmri.token_count': m['fmri_tokens'], 'untrained': m.get('untrained', True),
    }
    pieces = ['<unk>', '<s>', '</s>', *(f'<0x{byte:02X}>' for byte in range(256)), '\u2581', *map(chr, range(33, 127))]
    pieces = pieces[:m['vocabulary']]
    types = [2, 3, 3] + [6] * 256 + [1] * (len(pieces) - 259)
    return {'general.architecture': 'onellm', 'general.name': 'seeded',
            **{f'onellm.{key}': value for key, value in own.items()},
            'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.tokens': pieces,
            'tokenizer.ggml.scores': [-float(i) for i in range(len(pieces))], 'tokenizer.ggml.token_type': types}


def tensors(m):
    """(name, shape, deviation, mean) of every tensor; the deviations keep activations near 1."""
    dim, width = m['dim'], m['width']

    def linear(name, n_out, n_in, gain=1.0, bias=True):
        yield f'{name}.weight', (n_out, n_in), gain / np.sqrt(n_in), 0
        if bias:
            yield f'{name}.bias', (n_out,), 0.2, 0

    def norm(name, n, bias=True):
        yield f'{name}.weight', (n,), 0.2, 1
        if bias:
            yield f'{name}.bias', (n,), 0.2, 0

    def llama_block(name, n, n_kv, hidden):
        yield from norm(f'{name}.attn_norm', n, bias=False)
        yield from linear(f'{name}.attn_q', n, n, 1.5, bias=False)
        yield from linear(f'{name}.attn_k', n_kv, n, 1.5, bias=False)
        yield from linear(f'{name}.attn_v', n_kv, n, bias=False)
        yield from linear(f'{name}.attn_output', n, n, bias=False)
        yield from norm(f'{name}.ffn_norm', n, bias=False)
        yield from linear(f'{name}.ffn_gate', hidden, n, bias=False)
        yield from linear(f'{name}.ffn_up', hidden, n, bias=False)
        yield from linear(f'{name}.ffn_down', n, hidden, bias=False)

    yield 'token_embd.weight', (m['vocabulary'], dim), 1, 0
    yield from norm('output_norm', dim, bias=False)
    yield from linear('output', m['vocabulary'], dim, 4, bias=False)
    for b in range(m['blocks']):
        yield from llama_block(f'blk.{b}', dim, dim // m['heads'] * m['kv_heads'], m['hidden'])

    yield 'enc.class_embd', (width,), 0.4, 0
    yield 'enc.pos_embd.weight', (1 + (m['image'] // m['patch']) ** 2, width), 0.3, 0
    yield from linear('enc.patch_embd', width, 3 * m['patch'] ** 2, bias=False)
    yield from norm('enc.pre_norm', width)
    yield from norm('enc.post_norm', width)
    for b in range(m['encoder_blocks']):
        yield from norm(f'enc.blk.{b}.attn_norm', width)
        yield from linear(f'enc.blk.{b}.attn_qkv', 3 * width, width)
        yield from linear(f'enc.blk.{b}.attn_output', width, width)
        yield from norm(f'enc.blk.{b}.ffn_norm', width)
        yield from linear(f'enc.blk.{b}.ffn_up', m['encoder_hidden'], width)
        yield from linear(f'enc.blk.{b}.ffn_down', width, m['encoder_hidden'])
    for e in range(m['experts']):
        for b in range(m['expert_blocks']):
            yield from llama_block(f'upm.{e}.blk.{b}', width, width, m['expert_hidden'])

    audio_rows, audio_columns = ((n - m['audio_kernel']) // m['audio_stride'] + 1 for n in (128, 1024))
    own = {  # tokens, width of a window, outputs
        'audio': (audio_rows * audio_columns, m['audio_kernel'] ** 2, width),
        'point': (m['centres'], 6, width),
        'imu': (400 - m['imu_kernel'] + 1, 6 * m['imu_kernel'], width),
        'fmri': (m['fmri_tokens'], 15724, m['fmri_tokens'] * width),
    }
    for modality in m['modalities']:
        name = f'mod.{modality}'
        if modality in own:
            n, window, outputs = own[modality]
            yield from linear(f'{name}.conv', outputs, window, bias=modality != 'imu')
            yield f'{name}.pos_embd.weight', (1 + n, width), 0.3, 0
        yield f'{name}.tokens', (m['tokens'], width), 0.6, 0
        yield from linear(f'{name}.proj_in', width, width)
        yield from norm(f'{name}.proj_in_norm', width)
        yield from linear(f'{name}.proj_out', dim, width)
        yield from norm(f'{name}.proj_out_norm', dim)
        yield f'{name}.start_tag', (dim,), 1, 0
        yield f'{name}.end_tag', (dim,), 1, 0
        if m['router_hidden']:
            yield from linear(f'{name}.router.0', m['router_hidden'], width)
            yield from linear(f'{name}.router.1', m['experts'], m['router_hidden'], 2)


def is_matrix(name):
    """Tables of positions and learned tokens are kept in f32, like vectors."""
    return name.endswith('.weight') and not name.endswith(('norm.weight', 'pos_embd.weight'))


def encode(values, kind):
    if kind == 'bf16':
        bits = values.astype('<f4').view('<u4')
        return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype('<u2').tobytes()
    return values.astype({'f32': '<f4', 'f16': '<f2'}[kind]).tobytes()


def gguf_string(text):
    data = text.encode()
    return struct.pack('<Q', len(data)) + data


def gguf_value(value):
    """Type number and bytes."""
    if isinstance(value, bool):
        return 7, struct.pack('<?', value)
    if isinstance(value, int):
        return 4, struct.pack('<I', value)
    if isinstance(value, float):
        return 6, struct.pack('<f', value)
    if isinstance(value, str):
        return 8, gguf_string(value)
    kind = {int: 5, float: 6, str: 8}[type(value[0])]
    items = [gguf_string(v) if kind == 8 else struct.pack('<i' if kind == 5 else '<f', v) for v in value]
    return 9, struct.pack('<IQ', kind, len(value)) + b''.join(items)


def weights(m):
    """(name, values) of every tensor, float64."""
    random = np.random.default_rng(m['seed'])
    for name, shape, deviation, mean in tensors(m):
        yield name, mean + deviation * random.standard_normal(shape)


def write_model(path, m):
    header, data, n_tensors = b'', bytearray(), 0
    for name, values in weights(m):
        kind = m['type'] if is_matrix(name) else 'f32'
        header += gguf_string(name) + struct.pack(f'<I{values.ndim}Q', values.ndim, *reversed(values.shape))
        header += struct.pack('<IQ', TYPES[kind], len(data))
        data += encode(values, kind)
        data += bytes(-len(data) % 32)
        n_tensors += 1
    keys = metadata(m)
    start = struct.pack('<4sIQQ', b'GGUF', 3, n_tensors, len(keys))
    for key, value in keys.items():
        kind, content = gguf_value(value)
        start += gguf_string(key) + struct.pack('<I', kind) + content
    start += header
    with open(path, 'wb') as file:
        file.write(start + bytes(-len(start) % 32) + data)


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in MODELS:
        sys.exit(f'{__doc__}\nNAME: {" ".join(MODELS)}')
    write_model(sys.argv[2], MODELS[sys.argv[1]])
