"""What every stage of the training stands on: its folder, its random numbers, its two workers, and steps that can be taken
up again.

Workers are processes with a core each. Each makes its share of a step from its own random numbers; gradients are averaged,
so that both hold the same model."""

import math
import time

import numpy as np
import torch
from torch import distributed, nn

import language
import network
from optimizer import optimizers_of

SECONDS_BETWEEN_LINES, SECONDS_BETWEEN_COPIES = 30, 120


class Training:
    """What every stage needs: folders, scenes, vocabulary, log; worker: the number of this process."""

    def __init__(self, work, seed, is_smoke, worker=0):
        self.work, self.seed, self.is_smoke, self.worker = work, seed, is_smoke, worker
        work.mkdir(parents=True, exist_ok=True)
        self.scenes, self.checked = {}, {}
        self.vocabulary = None

    def say(self, line):
        if self.worker > 0:
            return
        line = f'{time.strftime("%H:%M:%S")} {line}'
        print(line, flush=True)
        with open(self.work / 'log.txt', 'a') as log:
            log.write(line + '\n')

    def steps(self, n):
        return max(2, n // 200) if self.is_smoke else n

    def rng(self, *numbers):
        return np.random.default_rng([self.seed, self.worker, *numbers])

    def new_model(self, n_experts=None, router='soft-sigmoid'):
        torch.manual_seed(self.seed)
        sizes = dict(network.SIZES, **({'num_experts': n_experts} if n_experts else {}))
        columns = list(language.RECORD_VALUES)
        pairs = [(columns.index(column), self.vocabulary.encode(value)) for column, value in language.RECORD_NUMBERS]
        records = network.Records(*zip(*pairs), sizes['dim'])
        return network.OneLLM(self.vocabulary.n, sizes, router, records)


# ---- between workers; without any, a process is alone ----

def n_workers():
    return distributed.get_world_size() if distributed.is_initialized() else 1


def wait_for_others():
    if n_workers() > 1:
        distributed.barrier()


def of_all_workers(value):
    """What each worker has, in a list."""
    values = [value]
    if n_workers() > 1:
        values = [None] * n_workers()
        distributed.all_gather_object(values, value)
    return values


def average_gradients(parameters):
    if n_workers() > 1:
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        mean = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(mean)
        mean /= n_workers()
        for parameter, part in zip(parameters, mean.split([p.numel() for p in parameters])):
            parameter.grad = part.view_as(parameter)


# ---- steps ----

def rate_at(step, n_steps):
    """Share of the full rate: a warm-up, then a cosine down to 2 %."""
    n_warm = min(100, n_steps // 10 + 1)
    done = max(0, step - n_warm) / max(1, n_steps - n_warm)
    return min((step + 1) / n_warm, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


class Report:
    """Says the means of some numbers now and then."""

    def __init__(self, training, name, n_steps):
        self.training, self.name, self.n_steps = training, name, n_steps
        self._start()

    def _start(self):
        self.sums, self.n, self.at = {}, 0, time.time()

    def add(self, step, numbers):
        self.n += 1
        for key, value in numbers.items():
            self.sums[key] = self.sums.get(key, 0) + value
        seconds = time.time() - self.at
        if seconds > SECONDS_BETWEEN_LINES or step == self.n_steps - 1:
            means = ' '.join(f'{key} {value / self.n:.3f}' for key, value in self.sums.items())
            self.training.say(f'{self.name} {step + 1}/{self.n_steps} {means} {seconds / self.n:.2f} s')
            self._start()


def keep(path, state):
    """Writes a file that is whole or not there, whenever the program is stopped."""
    new = path.with_suffix('.new')
    torch.save(state, new)
    new.rename(path)


def learn(training, name, module, learns, n_steps, rate, losses_of_step):
    """Runs a stage, or loads what it ended in (then False). What has been reached is kept every few minutes.

    learns: prefixes of the parameters that change; losses_of_step(step) -> {name: loss}, which are added up. Everything
    random in a step follows from its number."""
    wait_for_others()
    path, part = training.work / f'{name}.pt', training.work / f'{name}.part.pt'
    if path.exists():
        module.load_state_dict(torch.load(path))
        return False
    for key, parameter in module.named_parameters():
        parameter.requires_grad_(key.startswith(learns))
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizers, first = optimizers_of(module, rate), 0
    if part.exists():
        saved = torch.load(part)
        first = saved['step']
        for owner, state in zip([module, *optimizers], saved['states']):
            owner.load_state_dict(state)
    report, kept_at = Report(training, name, n_steps), time.time()
    for step in range(first, n_steps):
        torch.manual_seed((training.seed * 1_000_003 + step) * n_workers() + training.worker)
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group['lr'] = rate * group['share'] * rate_at(step, n_steps)
        losses = losses_of_step(step)
        module.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        report.add(step, {key: loss.item() for key, loss in losses.items()})
        if training.worker == 0 and time.time() - kept_at > SECONDS_BETWEEN_COPIES:
            states = [owner.state_dict() for owner in (module, *optimizers)]
            keep(part, {'states': states, 'step': step + 1})
            kept_at = time.time()
    if training.worker == 0:
        keep(path, module.state_dict())
        part.unlink(missing_ok=True)
    wait_for_others()
    return True
