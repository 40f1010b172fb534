#!/usr/bin/python3
"""The models of seeded_model.py as official checkpoints: consolidated.00-of-01.pth as torch.save writes it,
params.json, tokenizer.model and arch.json. Every third matrix is stored as a view: transposed, behind an offset.

    seeded_checkpoint.py NAME FOLDER        NAME: one of seeded_model.MODELS"""

import io
import json
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

import seeded_model

OFFICIAL = {'depth': 'rgbd', 'normal': 'rgbn'}
STORAGES = {'f32': 'FloatStorage', 'f16': 'HalfStorage', 'bf16': 'BFloat16Storage'}
LLAMA_BLOCK = {'attn_norm': 'attention_norm', 'attn_q': 'attention.wq', 'attn_k': 'attention.wk',
               'attn_v': 'attention.wv', 'attn_output': 'attention.wo', 'ffn_norm': 'ffn_norm',
               'ffn_gate': 'feed_forward.w1', 'ffn_up': 'feed_forward.w3', 'ffn_down': 'feed_forward.w2'}
CLIP_BLOCK = {'attn_norm': 'ln_1.', 'attn_qkv': 'attn.in_proj_', 'attn_output': 'attn.out_proj.', 'ffn_norm': 'ln_2.',
              'ffn_up': 'mlp.c_fc.', 'ffn_down': 'mlp.c_proj.'}
FIXED = {'token_embd.weight': 'tok_embeddings.weight', 'output_norm.weight': 'norm.weight',
         'output.weight': 'output.weight', 'enc.class_embd': 'clip.visual.class_embedding',
         'enc.pos_embd.weight': 'clip.visual.positional_embedding', 'enc.patch_embd.weight': 'clip.visual.conv1.weight',
         'enc.pre_norm.weight': 'clip.visual.ln_pre.weight', 'enc.pre_norm.bias': 'clip.visual.ln_pre.bias',
         'enc.post_norm.weight': 'clip.visual.ln_post.weight', 'enc.post_norm.bias': 'clip.visual.ln_post.bias'}
OF_MODALITY = {'tokens': 'resample_tokens.{m}', 'start_tag': 'start_tag.{m}', 'end_tag': 'end_tag.{m}',
               'pos_embd.weight': 'positional_embedding.{m}', 'conv': 'conv1.{m}', 'proj_in': 'clip_proj1.{m}.0',
               'proj_in_norm': 'clip_proj1.{m}.1', 'proj_out': 'clip_proj2.{m}.0', 'proj_out_norm': 'clip_proj2.{m}.1',
               'router.0': 'routers.{m}.fc1', 'router.1': 'routers.{m}.fc2'}


def official_key(name):
    if name in FIXED:
        return 'llma.' + FIXED[name]
    words = name.split('.')
    if words[0] == 'blk':
        return f'llma.layers.{words[1]}.{LLAMA_BLOCK[words[2]]}.{words[3]}'
    if words[0] == 'upm':
        return f'llma.resample_layers.{words[1]}.{words[3]}.{LLAMA_BLOCK[words[4]]}.{words[5]}'
    if words[0] == 'enc':
        return f'llma.clip.visual.transformer.resblocks.{words[2]}.{CLIP_BLOCK[words[3]]}{words[4]}'
    rest = '.'.join(words[2:])
    key = OF_MODALITY.get(rest) or f"{OF_MODALITY['.'.join(words[2:-1])]}.{words[-1]}"
    if name.startswith('mod.point.conv.'):
        key = f'conv1.point.conv1.{words[-1]}'
    return 'llma.' + key.format(m=OFFICIAL.get(words[1], words[1]))


def official_shape(name, shape, m):
    """Convolutions have all their dimensions there, tokens and tags an empty one in front."""
    kernels = {'enc.patch_embd.weight': (3, m['patch'], m['patch']),
               'mod.audio.conv.weight': (1, m['audio_kernel'], m['audio_kernel']),
               'mod.point.conv.weight': (6, 1, 1), 'mod.imu.conv.weight': (6, m['imu_kernel'])}
    if name in kernels:
        return (shape[0], *kernels[name])
    return (1, *shape) if name.split('.')[-1] in ('tokens', 'start_tag', 'end_tag') else shape


def global_name(module, name):
    """What pickle writes as a reference to torch's function or class, without torch."""
    for part in ('torch', module):
        sys.modules.setdefault(part, types.ModuleType(part))
    owner = sys.modules[module]
    if not hasattr(owner, name):
        setattr(owner, name, type(name, (), {'__module__': module}))
    return getattr(owner, name)


class Storage:
    def __init__(self, kind, key, n):
        self.kind, self.key, self.n = kind, key, n


class Tensor:
    def __init__(self, storage, offset, shape, stride):
        self.arguments = (storage, offset, shape, stride, False, OrderedDict())

    def __reduce__(self):
        return global_name('torch._utils', '_rebuild_tensor_v2'), self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            return 'storage', global_name('torch', STORAGES[value.kind]), value.key, 'cpu', value.n
        return None


def pack(values, shape, kind, key, is_view):
    """The bytes of a storage and the tensor on it."""
    if is_view:
        data = np.concatenate([np.full(5, 7.0), values.T.ravel()])
        return seeded_model.encode(data, kind), Tensor(Storage(kind, key, data.size), 5, shape, (1, shape[0]))
    stride = tuple(int(np.prod(shape[i + 1:])) for i in range(len(shape)))
    return seeded_model.encode(values, kind), Tensor(Storage(kind, key, values.size), 0, shape, stride)


def write_pth(path, m):
    state, storages = {}, []
    for i, (name, values) in enumerate(seeded_model.weights(m)):
        shape = official_shape(name, values.shape, m)
        data, tensor = pack(values, shape, m['type'], str(i), i % 3 == 0 and len(shape) == 2)
        storages.append(data)
        state[official_key(name)] = tensor
    for name in ('text_projection', 'ln_final.weight'):  # what the model does not use
        storages.append(seeded_model.encode(np.ones(12), m['type']))
        state[f'llma.clip.{name}'] = Tensor(Storage(m['type'], str(len(storages) - 1), 12), 0, (12,), (1,))
    text = io.BytesIO()
    Pickler(text, protocol=2).dump(state)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as archive:
        archive.writestr(f'{path.stem}/data.pkl', text.getvalue())
        for i, data in enumerate(storages):
            archive.writestr(f'{path.stem}/data/{i}', data)
        archive.writestr(f'{path.stem}/version', '3\n')


def varint(n):
    return bytes([n]) if n < 0x80 else bytes([n & 0x7f | 0x80]) + varint(n >> 7)


def field(number, content):
    """A protobuf field: int, float or bytes."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 5) + struct.pack('<f', content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def write_tokenizer(path, m):
    keys = seeded_model.metadata(m)
    pieces = zip(*(keys[f'tokenizer.ggml.{name}'] for name in ('tokens', 'scores', 'token_type')))
    model = b''.join(field(1, field(1, text.encode()) + field(2, score) + field(3, kind)) for text, score, kind in pieces)
    trainer = field(3, 2) + field(4, m['vocabulary']) + field(35, 1)  # BPE, size, byte fallback
    normalizer = field(1, b'identity') + field(3, 1) + field(4, 0) + field(5, 1)
    path.write_bytes(model + field(2, trainer) + field(3, normalizer))


def write_checkpoint(folder, m):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_pth(folder / 'consolidated.00-of-01.pth', m)
    write_tokenizer(folder / 'tokenizer.model', m)
    params = {'dim': m['dim'], 'n_layers': m['blocks'], 'n_heads': m['heads'], 'multiple_of': 32,
              'norm_eps': m['norm_eps'], 'vocab_size': -1}
    if m['kv_heads'] != m['heads']:
        params['n_kv_heads'] = m['kv_heads']
    (folder / 'params.json').write_text(json.dumps(params))
    (folder / 'arch.json').write_text(json.dumps({
        'clip_heads': m['encoder_heads'], 'clip_patch': m['patch'], 'clip_image_size': m['image'],
        'clip_width': m['width'], 'clip_layers': m['encoder_blocks'], 'clip_mlp_width': m['encoder_hidden'],
        'num_experts': m['experts'], 'num_resample_layers': m['expert_blocks'], 'resampler_heads': m['expert_heads'],
        'modality_tokens': m['tokens'], 'point_tokens': m['centres'], 'point_group_size': m['group'],
        'n_heads': m['heads'], 'norm_eps': m['norm_eps'], 'layer_norm_eps': m['encoder_eps'],
        'rope_theta': m['theta'], 'max_seq_len': m['context']}, indent=1))


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in seeded_model.MODELS:
        sys.exit(f'{__doc__}\nNAME: {" ".join(seeded_model.MODELS)}')
    write_checkpoint(sys.argv[2], seeded_model.MODELS[sys.argv[1]])
