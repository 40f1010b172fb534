"""Muon (Jordan et al. 2024) for the matrices of blocks, AdamW for all else: on this model it needs about half of the steps
of AdamW alone.

Muon takes the momentum of a matrix's gradient and makes all its singular values about 1, so that rare directions are
learned as fast as common ones."""

import torch

from network import TYPE_OF_PRODUCTS


def orthogonalise(matrices, n_steps=5):
    """U V^T of each singular value decomposition U S V^T, nearly: Newton and Schulz's iteration, quintic. matrices [n, n_out,
    n_in]"""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(TYPE_OF_PRODUCTS)
    is_tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2).contiguous() if is_tall else x
    for _ in range(n_steps):
        y = torch.bmm(x, x.transpose(1, 2))
        x = torch.baddbmm(x, torch.baddbmm(y, y, y, beta=b, alpha=c), x, beta=a)
    return (x.transpose(1, 2) if is_tall else x).float()


class Muon(torch.optim.Optimizer):
    """For matrices [n_out, n_in]. An update's root mean square is 0.2, as AdamW's is, so rates can be shared."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, {'lr': lr, 'momentum': momentum, 'weight_decay': weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = {}
            for parameter in group['params']:
                if parameter.grad is not None:
                    alike.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in alike.items():
                rate = group['lr'] * 0.2 * max(shape) ** 0.5
                directions = torch.stack([self.direction(parameter, group['momentum']) for parameter in parameters])
                for parameter, update in zip(parameters, orthogonalise(directions)):
                    parameter.mul_(1 - group['lr'] * group['weight_decay']).sub_(update, alpha=rate)

    def direction(self, parameter, momentum):
        """Nesterov's."""
        state = self.state[parameter]
        if not state:
            state['momentum'] = torch.zeros_like(parameter)
        state['momentum'].mul_(momentum).add_(parameter.grad)
        return parameter.grad + momentum * state['momentum']


IN_BLOCKS = ('.attn.', '.mlp.', '.attention.', '.feed_forward.')  # matrices that Muon moves


def optimizers_of(module, rate):
    """For the parameters that learn. Tokenizers sum up to hundreds of inputs, so that a step at the common rate would
    change what they say by more than it is: theirs falls with the number of inputs."""
    matrices, groups = [], {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.dim() == 2 and any(part in name for part in IN_BLOCKS):
            matrices.append(parameter)
            continue
        share = min(1, 16 / parameter[0].numel()) if 'conv1' in name and parameter.dim() > 1 else 1
        groups.setdefault((share, 0.02 if parameter.dim() > 1 else 0), []).append(parameter)
    groups = [{'params': some, 'share': share, 'weight_decay': decay} for (share, decay), some in groups.items()]
    found = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))]
    if matrices:
        found.append(Muon([{'params': matrices, 'share': 1}], lr=rate, weight_decay=0.02))
    return found
