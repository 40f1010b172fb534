"""OneLLM in PyTorch, small: the network of docs/MODEL.md with the official names of parameters, so that its state dict is
an official checkpoint. Trained by train.py, converted by `onellm convert`.

B items in a batch, L tokens of a medium, D the width of the encoder and the experts, dim the width of the decoder."""

import functools
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

MODALITIES = ('image', 'video', 'audio', 'point', 'depth', 'normal', 'imu', 'fmri')
OFFICIAL = {'depth': 'rgbd', 'normal': 'rgbn'}  # names in the checkpoint where they differ

SIZES = {'clip_width': 96, 'clip_layers': 4, 'clip_heads': 3, 'clip_patch': 14, 'clip_image_size': 224,
         'clip_mlp_width': 384, 'num_experts': 3, 'num_resample_layers': 2, 'resampler_heads': 3,
         'resampler_ffn_hidden': 256, 'router_hidden': 32, 'modality_tokens': 30, 'point_tokens': 1024,
         'point_group_size': 32, 'point_coordinates': 0, 'fmri_voxels': 512, 'fmri_tokens': 8, 'audio_stride': 10,
         'dim': 128, 'n_layers': 4, 'n_heads': 4, 'ffn_hidden': 352, 'norm_eps': 1e-5, 'layer_norm_eps': 1e-5,
         'rope_theta': 10000.0, 'max_seq_len': 2048}
N_TOKENS = {'image': 256, 'video': 256, 'depth': 256, 'normal': 256, 'audio': 1212, 'point': 1024, 'imu': 391, 'fmri': 8}
N_TRACED = {'video': 9, 'audio': 18, 'point': 17, 'imu': 16}  # numbers of trace() in world/
OWN_TOKENIZER = ('audio', 'point', 'imu', 'fmri')  # the others are pictures to the encoder


def official(modality):
    return OFFICIAL.get(modality, modality)


HAS_BF16 = 'avx512_bf16' in Path('/proc/cpuinfo').read_text()  # products; elsewhere they would be slower than f32
TYPE_OF_PRODUCTS = torch.bfloat16 if HAS_BF16 else torch.float32


def in_bf16(forward):
    """The products of a block in bf16, sums in f32; what goes from block to block stays f32. Processors that multiply bf16
    train about twice as fast."""
    @functools.wraps(forward)
    def halved(*arguments, **options):
        with torch.autocast('cpu', torch.bfloat16, HAS_BF16):
            return forward(*arguments, **options)
    return halved


class WeightedSum(torch.autograd.Function):
    """softmax(q k^T + mask) v, with as few passes over the scores as there can be: of a softmax's gradient, what is to be
    subtracted follows from the sums (Dao et al. 2022, appendix B). q [n, queries, length], k and v [n, keys, length], mask
    [n, queries or 1, keys] or None."""

    @staticmethod
    def forward(context, q, k, v, mask):
        scores = torch.bmm(q, k.transpose(1, 2)) if mask is None else torch.baddbmm(mask, q, k.transpose(1, 2))
        weights = scores.softmax(-1).to(q.dtype)
        sums = torch.bmm(weights, v)
        context.save_for_backward(q, k, v, weights, sums)
        return sums

    @staticmethod
    def backward(context, of_sums):
        q, k, v, weights, sums = context.saved_tensors
        of_v = torch.bmm(weights.transpose(1, 2), of_sums)
        off = (of_sums.float() * sums.float()).sum(-1, keepdim=True)
        of_scores = torch.bmm(of_sums, v.transpose(1, 2)).sub_(off).mul_(weights)
        return torch.bmm(of_scores, k), torch.bmm(of_scores.transpose(1, 2), q), of_v, None


def attend(q, k, v, n_heads, mask=None):
    """q [B, n, width], k and v [B, m, width], mask (added to the scores) [B * heads, n or 1, m] -> [B, n, width]"""
    length = q.shape[-1] // n_heads
    q, k, v = (x.to(TYPE_OF_PRODUCTS).unflatten(-1, (n_heads, length)).transpose(1, 2).flatten(0, 1)
               for x in (q * length ** -0.5, k, v))
    return WeightedSum.apply(q, k, v, mask).unflatten(0, (-1, n_heads)).transpose(1, 2).flatten(2)


def choose_tokens(tokens, n_kept):
    """Which tokens of each medium take part in a step, and for how many each of them stands.

    tokens [B, L, D] -> numbers [B, n_kept], weights [B, n_kept] to be added to scores; (None, None) for all of them. What
    differs from the mean of its medium is kept most likely: of a short sound in a long silence nearly everything. The
    likelihood p that a token is kept follows its distance from the mean; it then stands for 1 / p of its like, so that
    what is learned with a few tokens holds with all of them (sequential Poisson sampling, Ohlsson 1998)."""
    if not n_kept or n_kept >= tokens.shape[1]:
        return None, None
    with torch.no_grad():
        distance = (tokens - tokens.mean(1, keepdim=True)).norm(dim=-1)
        p = distance + 0.3 * distance.mean(1, keepdim=True) + 1e-6
        for _ in range(4):
            p = (p * (n_kept / p.sum(1, keepdim=True))).clamp(max=1)
        numbers = (p / torch.rand_like(p)).topk(n_kept, sorted=False).indices
        return numbers, -p.gather(1, numbers).log()


def at_numbers(rows, numbers):
    """rows [B, L, D], numbers [B, n] -> [B, n, D]"""
    return rows.gather(1, numbers[..., None].expand(-1, -1, rows.shape[-1]))


def attend_packed(q, k, v, n_heads, packed):
    """Attention of text.Packed sequences; q, k, v [1, N, width] -> [1, N, width]"""
    (shared_q, own_q), (shared_k, own_k), (shared_v, own_v) = (
        (x[0, :packed.n_in_rows].unflatten(0, (packed.n_rows, packed.n_shared)),
         x[0, packed.n_in_rows:].unflatten(0, (-1, packed.n_in_bin))) for x in (q, k, v))
    keys, values = (torch.cat([shared[packed.row_of_bin], own], 1)
                    for shared, own in ((shared_k, own_k), (shared_v, own_v)))
    shared = attend(shared_q, shared_k, shared_v, n_heads, packed.shared_mask)
    own = attend(own_q, keys, values, n_heads, packed.mask)
    return torch.cat([shared.flatten(0, 1), own.flatten(0, 1)])[None]


def mask_of(n_before, weights, n_heads):
    """Mask for attend(): n_before rows that always stand for themselves, then the weights of choose_tokens()."""
    if weights is None:
        return None
    return F.pad(weights, (n_before, 0))[:, None].to(TYPE_OF_PRODUCTS).repeat_interleave(n_heads, 0)


def wave_positions(n_rows, n_columns, width):
    """[1 + rows * columns, width]: sines and cosines of row and column, half of the width each; the first row, of the
    class token, is small noise. Neighbours are alike from the beginning, which a small model cannot wait to learn."""
    halves = []
    for n, n_channels in ((n_rows, width // 2 // 2 * 2), (n_columns, width - width // 2 // 2 * 2)):
        rate = 100 ** -torch.linspace(0, 1, n_channels // 2)
        angle = torch.outer(torch.arange(n).float(), rate)
        halves.append(torch.cat([angle.sin(), angle.cos()], 1))
    rows, columns = halves
    grid = torch.cat([rows[:, None].expand(-1, n_columns, -1), columns[None].expand(n_rows, -1, -1)], -1)
    return torch.cat([torch.randn(1, width) * 0.1, 0.5 * grid.flatten(0, 1)])


class RMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


# ---- universal encoder: CLIP's vision transformer ----

class SelfAttention(nn.Module):
    """Parameters as torch.nn.MultiheadAttention names them."""

    def __init__(self, width, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width ** -0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x, mask=None):
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        return self.out_proj(attend(q, k, v, self.n_heads, mask))


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class EncoderBlock(nn.Module):
    def __init__(self, width, n_heads, hidden, eps):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps)
        self.attn = SelfAttention(width, n_heads)
        self.ln_2 = nn.LayerNorm(width, eps)
        self.mlp = nn.ModuleDict({'c_fc': nn.Linear(width, hidden), 'gelu': QuickGELU(),
                                  'c_proj': nn.Linear(hidden, width)})

    @in_bf16
    def forward(self, x, mask=None):
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp['c_proj'](self.mlp['gelu'](self.mlp['c_fc'](self.ln_2(x))))


class VisionTransformer(nn.Module):
    def __init__(self, s):
        super().__init__()
        width, eps = s['clip_width'], s['layer_norm_eps']
        side = s['clip_image_size'] // s['clip_patch']
        self.conv1 = nn.Conv2d(3, width, s['clip_patch'], s['clip_patch'], bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width) * width ** -0.5)
        self.positional_embedding = nn.Parameter(wave_positions(side, side, width))
        self.ln_pre = nn.LayerNorm(width, eps)
        self.transformer = nn.ModuleDict({'resblocks': nn.ModuleList(
            EncoderBlock(width, s['clip_heads'], s['clip_mlp_width'], eps) for _ in range(s['clip_layers']))})
        self.ln_post = nn.LayerNorm(width, eps)
        self.n_heads = s['clip_heads']

    def forward(self, tokens, positions, numbers=None, weights=None):
        """tokens [B, n, D], positions [1 + L, D]; numbers and weights of the tokens when they are not all (choose_tokens)."""
        first = self.class_embedding.expand(len(tokens), 1, -1)
        x = torch.cat([first + positions[:1], tokens + (positions[1:] if numbers is None else positions[1 + numbers])], 1)
        x = self.ln_pre(x)
        mask = mask_of(1, weights, self.n_heads)
        for block in self.transformer['resblocks']:
            x = block(x, mask)
        return self.ln_post(x)


# ---- blocks of the experts and of the decoder ----

class Attention(nn.Module):
    def __init__(self, width, n_heads):
        super().__init__()
        self.n_heads = n_heads
        for name in ('wq', 'wk', 'wv', 'wo'):
            setattr(self, name, nn.Linear(width, width, bias=False))

    def forward(self, x, n_queries=None, mask=None, rotation=None, packed=None):
        q, k, v = self.wq(x[:, :n_queries]), self.wk(x), self.wv(x)
        if packed is None:
            return self.wo(attend(q, k, v, self.n_heads, mask))
        q, k = rotate(q, rotation, self.n_heads), rotate(k, rotation, self.n_heads)
        return self.wo(attend_packed(q, k, v, self.n_heads, packed))


class FeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.w1 = nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)
        self.w3 = nn.Linear(width, hidden, bias=False)

    def forward(self, x):
        gate = self.w1(x)
        return self.w2(gate * torch.sigmoid(gate) * self.w3(x))  # F.silu() is slow in bf16


class LlamaBlock(nn.Module):
    def __init__(self, width, n_heads, hidden, eps):
        super().__init__()
        self.attention_norm = RMSNorm(width, eps)
        self.attention = Attention(width, n_heads)
        self.ffn_norm = RMSNorm(width, eps)
        self.feed_forward = FeedForward(width, hidden)

    @in_bf16
    def forward(self, x, n_queries=None, mask=None, rotation=None, packed=None):
        """n_queries: only so many first rows are wanted; mask of attend(), or, in the decoder, rotation and text.Packed."""
        x = x[:, :n_queries] + self.attention(self.attention_norm(x), n_queries, mask, rotation, packed)
        return x + self.feed_forward(self.ffn_norm(x))


def rotation_table(n, length, theta):
    """cos and sin [n, length / 2] of the rotary position embedding."""
    angle = torch.outer(torch.arange(n).float(), theta ** (-torch.arange(0, length, 2).float() / length))
    return angle.cos(), angle.sin()


def rotate(x, rotation, n_heads):
    """Neighbouring pairs, as Meta's checkpoints store them. x [1, N, width], rotation: two of [N, length / 2]."""
    cos, sin = (part.unsqueeze(1) for part in rotation)
    even, odd = x.unflatten(-1, (n_heads, -1, 2)).unbind(-1)
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(2)


# ---- the whole ----

class Router(nn.Module):
    def __init__(self, width, hidden, n_experts):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, n_experts)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


def routing_weights(scores, kind):
    """scores [30, K] -> weights [30, K]. Sparse is straight-through: arg max forward, softmax backward."""
    if kind == 'soft-sigmoid':
        weights = scores.sigmoid()
        return weights / weights.sum(-1, keepdim=True)
    if kind == 'constant':
        return torch.full_like(scores, 1 / scores.shape[-1])
    weights = scores.softmax(-1)
    if kind == 'sparse':
        return F.one_hot(scores.argmax(-1), scores.shape[-1]) - weights.detach() + weights
    return weights


class Records(nn.Module):
    """What the embeddings of media should become, each the value of a column: its words, in the decoder's own vectors,
    and which column it is. Only training needs it."""

    def __init__(self, columns, ids, dim):
        """columns: number of the column of each value; ids: tokens of its words."""
        super().__init__()
        self.columns, self.ids = torch.tensor(columns), torch.tensor([i for some in ids for i in some])
        self.offsets = torch.tensor([0] + [len(some) for some in ids[:-1]]).cumsum(0)
        self.of_column = nn.Embedding(max(columns) + 1, dim)
        self.of_column.weight.data.mul_(0.1)

    def forward(self, vectors):
        """vectors [vocabulary, dim] -> [values, dim] of unit variance, as embeddings are"""
        rows = F.embedding_bag(self.ids, vectors, self.offsets, mode='mean') + self.of_column(self.columns)
        return F.layer_norm(rows, rows.shape[1:])


class OneLLM(nn.Module):
    def __init__(self, n_vocab, sizes=SIZES, router='soft-sigmoid', records=None):
        super().__init__()
        s = self.sizes = dict(sizes, vocab_size=n_vocab)
        self.router = router
        width, dim, n_tokens = s['clip_width'], s['dim'], s['modality_tokens']
        names = [official(m) for m in MODALITIES]
        self.clip = nn.ModuleDict({'visual': VisionTransformer(s)})
        self.conv1 = nn.ModuleDict({
            'audio': nn.Conv2d(1, width, 16, s['audio_stride']),
            'point': nn.ModuleDict({'conv1': nn.Conv2d(6, width, 1)}),
            'imu': nn.Conv1d(6, width, 10, bias=False),
            'fmri': nn.Linear(s['fmri_voxels'], width * s['fmri_tokens'])})
        self.positional_embedding = nn.ParameterDict({
            'audio': nn.Parameter(wave_positions(12, 101, width)), 'imu': nn.Parameter(wave_positions(1, 391, width)),
            'point': nn.Parameter(torch.randn(1 + 1024, width) * 0.02),
            'fmri': nn.Parameter(torch.randn(1 + 8, width) * 0.5)})
        self.resample_tokens = nn.ParameterDict({m: nn.Parameter(torch.randn(1, n_tokens, width) * 0.5) for m in names})
        self.clip_proj1 = nn.ModuleDict({m: nn.Sequential(nn.Linear(width, width),
                                                          nn.LayerNorm(width, s['layer_norm_eps'])) for m in names})
        self.clip_proj2 = nn.ModuleDict({m: nn.Sequential(nn.Linear(width, dim),
                                                          nn.LayerNorm(dim, s['layer_norm_eps'])) for m in names})
        self.routers = nn.ModuleDict({m: Router(width, s['router_hidden'], s['num_experts']) for m in names})
        self.resample_layers = nn.ModuleDict({str(e): nn.ModuleList(
            LlamaBlock(width, s['resampler_heads'], s['resampler_ffn_hidden'], s['norm_eps'])
            for _ in range(s['num_resample_layers'])) for e in range(s['num_experts'])})
        self.start_tag = nn.ParameterDict({m: nn.Parameter(torch.randn(1, 1, dim)) for m in names})
        self.end_tag = nn.ParameterDict({m: nn.Parameter(torch.randn(1, 1, dim)) for m in names})
        self.tok_embeddings = nn.Embedding(n_vocab, dim)
        self.tok_embeddings.weight.data.mul_(0.1)  # so that blocks can say something against them
        self.layers = nn.ModuleList(LlamaBlock(dim, s['n_heads'], s['ffn_hidden'], s['norm_eps'])
                                    for _ in range(s['n_layers']))
        self.norm = RMSNorm(dim, s['norm_eps'])
        self.output = nn.Linear(dim, n_vocab, bias=False)
        self.records = records
        self.traces = nn.ModuleDict({m: nn.Linear(width, n) for m, n in N_TRACED.items()})  # only for training, as the records
        self._start_small()
        cos, sin = rotation_table(s['max_seq_len'], dim // s['n_heads'], s['rope_theta'])
        self.register_buffer('cos', cos, persistent=False)
        self.register_buffer('sin', sin, persistent=False)

    def _start_small(self):
        """What every block adds starts small, so that deep stacks begin as the identity nearly."""
        n_added = 2 * len(self.layers)
        for name, parameter in self.named_parameters():
            if name.endswith(('wo.weight', 'w2.weight', 'out_proj.weight', 'c_proj.weight')):
                parameter.data.normal_(0, 0.5 * parameter.shape[1] ** -0.5 / math.sqrt(n_added))

    # -- tokenizers: input -> tokens [B, L, D] (pictures: [B, planes, L, D]) --

    def tokens(self, modality, inputs):
        """inputs as train.py stores them; of point clouds see point_tokens()"""
        if modality == 'audio':
            return self.conv1['audio'](inputs.unsqueeze(1)).flatten(2).transpose(1, 2)
        if modality == 'imu':
            return self.conv1['imu'](inputs).transpose(1, 2)
        if modality == 'fmri':
            return self.conv1['fmri'](inputs).unflatten(1, (-1, self.sizes['fmri_tokens'])).transpose(1, 2)
        pictures = inputs.flatten(0, 1) if inputs.dim() == 5 else inputs
        return self.clip['visual'].conv1(pictures).flatten(2).transpose(1, 2)

    def point_tokens(self, points, groups):
        """points [B, N, 6], groups [B, L, 32] numbers of points -> [B, L, D]: the maximum over each group."""
        conv = self.conv1['point']['conv1']
        index = groups + torch.arange(len(groups)).view(-1, 1, 1) * points.shape[1]
        return F.linear(points.flatten(0, 1)[index], conv.weight.flatten(1), conv.bias).amax(2)

    @torch.no_grad()
    def begin_senses(self):
        """Spectrograms begin as grey pictures, for which the encoder's patches and positions are made to fit (AST, Gong et
        al. 2021, section 2.2); motion has the positions of a row of patches. The tokens of a point cloud begin with how far
        each group reaches in many directions and in the opposite ones, from which follow place, extent and slope; their
        order says nothing, so they have no positions."""
        visual = self.clip['visual']
        conv, positions = self.conv1['audio'], visual.positional_embedding
        conv.weight.copy_(F.interpolate(visual.conv1.weight.sum(1, keepdim=True), conv.kernel_size, mode='bilinear'))
        conv.bias.zero_()
        side = round((len(positions) - 1) ** 0.5)
        grid = positions[1:].T.unflatten(1, (side, side))
        for modality, part, size in (('audio', grid, (12, 101)), ('imu', grid.mean(1, keepdim=True), (1, 391))):
            stretched = F.interpolate(part[None], size, mode='bilinear')[0].flatten(1).T
            self.positional_embedding[modality].copy_(torch.cat([positions[:1], stretched]))
        width = self.sizes['clip_width']
        directions = F.normalize(torch.randn(width // 2, 3), dim=1)
        self.conv1['point']['conv1'].weight[:, :3, 0, 0] = 3 * torch.cat([directions, -directions])
        self.positional_embedding['point'].copy_(torch.cat([positions[:1], torch.zeros(N_TOKENS['point'], width)]))

    # -- encoder and projection --

    def features(self, modality, inputs, n_kept=None):
        """-> [B, 1 + L, D], None; or of n_kept tokens and their weights, see choose_tokens()"""
        visual = self.clip['visual']
        if modality not in OWN_TOKENIZER:
            x = visual(self.tokens(modality, inputs), visual.positional_embedding)
            return x.unflatten(0, (-1, len(x) // len(inputs))).mean(1), None
        if modality == 'point':  # before they are computed
            points, groups = inputs
            numbers, weights = choose_tokens(torch.zeros(*groups.shape[:2], 1), n_kept)
            tokens = self.point_tokens(points, groups if numbers is None else at_numbers(groups, numbers))
        else:
            tokens = self.tokens(modality, inputs)
            numbers, weights = choose_tokens(tokens, n_kept)
            tokens = tokens if numbers is None else at_numbers(tokens, numbers)
        return visual(tokens, self.positional_embedding[modality], numbers, weights), weights

    def resampled(self, modality, features, weights=None):
        """features [B, 1 + n, D], weights [B, n] when they are not all -> what the experts make of them, [B, 30, D]"""
        m = official(modality)
        tokens = self.resample_tokens[m]
        n_tokens = tokens.shape[1]
        x = torch.cat([tokens.expand(len(features), -1, -1), self.clip_proj1[m](features)], 1)
        mask = mask_of(n_tokens + 1, weights, self.sizes['resampler_heads'])
        routing = routing_weights(self.routers[m](tokens[0]), self.router)
        total = 0
        for expert, blocks in self.resample_layers.items():
            y = x
            for block in blocks[:-1]:
                y = block(y, mask=mask)
            total = total + routing[:, int(expert), None] * blocks[-1](y, n_queries=n_tokens, mask=mask)
        return total

    def embeddings(self, modality, resampled):
        """[B, 30, D] -> [B, 30, dim]"""
        return self.clip_proj2[official(modality)](resampled)

    def tagged(self, modality, embeddings):
        """[B, 30, dim] -> [B, 32, dim]: between start and end tag."""
        m = official(modality)
        n = len(embeddings)
        return torch.cat([self.start_tag[m].expand(n, -1, -1), embeddings, self.end_tag[m].expand(n, -1, -1)], 1)

    def record_rows(self):
        """[values, dim]: see Records."""
        return self.records(self.tok_embeddings.weight)

    # -- decoder --

    def decode(self, x, packed):
        """x [N, dim] of text.Packed -> normed states [N, dim]"""
        x, rotation = x[None], (self.cos[packed.positions], self.sin[packed.positions])
        for block in self.layers:
            x = block(x, rotation=rotation, packed=packed)
        return self.norm(x[0])

    # -- checkpoint --

    def official_state(self):
        return {f'llma.{name}': value.half() for name, value in self.state_dict().items()
                if not name.startswith(('records.', 'traces.'))}

    def params(self):
        s = self.sizes
        return {'dim': s['dim'], 'n_layers': s['n_layers'], 'n_heads': s['n_heads'], 'multiple_of': 32,
                'norm_eps': s['norm_eps'], 'vocab_size': s['vocab_size']}
