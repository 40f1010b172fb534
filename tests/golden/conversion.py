#!/usr/bin/python3
"""Does `onellm convert` bring every number of a checkpoint to its place? Seeded checkpoints of odd sizes in every type,
compared element by element with what went in.

    conversion.py ONELLM"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import seeded_checkpoint
import seeded_model
import tool
from twin import ModelFile


def rounded(values, kind):
    """float64 values as they come back from storage of a type."""
    data = seeded_model.encode(values, kind)
    if kind == 'bf16':
        return (np.frombuffer(data, '<u2').astype('<u4') << 16).view('<f4').astype(np.float64).reshape(values.shape)
    return np.frombuffer(data, {'f32': '<f4', 'f16': '<f2'}[kind]).astype(np.float64).reshape(values.shape)


def check_tensors(tap, what, file, sizes, kind):
    wrong = []
    for name, values in seeded_model.weights(sizes):
        stored = rounded(values, sizes['type'])
        expected = rounded(stored, kind) if seeded_model.is_matrix(name) else stored
        if not file.has(name):
            wrong.append(f'{name} is missing')
        elif file.tensor(name).shape != expected.shape:
            wrong.append(f'{name} has shape {file.tensor(name).shape}, expected {expected.shape}')
        elif not np.array_equal(file.tensor(name), expected):
            wrong.append(f'{name} differs by up to {np.abs(file.tensor(name) - expected).max()}')
    tap.check(not wrong, f'{what}: every element of {len(file.infos)} tensors', '\n'.join(wrong))


def check_metadata(tap, what, file, sizes):
    expected = seeded_model.metadata({**sizes, 'router': 'soft-sigmoid'})
    own = {'general.name', 'onellm.untrained', 'tokenizer.ggml.scores', 'onellm.point.coordinate_offset'}
    wrong = []
    for key, value in expected.items():
        found = file.metadata.get(key)
        same = np.isclose(found, value) if isinstance(value, float) and found is not None else found == value
        if key not in own and not same:
            wrong.append(f'{key} is {str(found)[:200]}, expected {str(value)[:200]}')
    tap.check(not wrong, f'{what}: sizes and vocabulary', '\n'.join(wrong))
    tap.check(not file.metadata.get('onellm.untrained', False), f'{what}: is not marked as untrained')


def main():
    tap = tool.Tap()
    onellm = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        for name, kind in (('small', 'f32'), ('small', 'f16'), ('one_expert_f16', 'f16'), ('one_expert_f16', 'bf16'),
                           ('sparse_four_bf16', 'bf16'), ('sparse_four_bf16', 'f32')):
            # What a checkpoint cannot say is as released.
            sizes = {**seeded_model.MODELS[name], 'expert_eps': 1e-5, 'router': 'soft-sigmoid'}
            folder, output = Path(scratch) / name, Path(scratch) / f'{name}-{kind}.gguf'
            seeded_checkpoint.write_checkpoint(folder, sizes)
            what = f"{name}, {sizes['type']} to {kind}"
            result = tool.run(onellm, 'convert', '--checkpoint', folder / 'consolidated.00-of-01.pth', '--params',
                              folder / 'params.json', '--tokenizer', folder / 'tokenizer.model', '--arch',
                              folder / 'arch.json', '--type', kind, '--output', output)
            if tap.check(result.returncode == 0, f'{what}: is converted', result.stderr[-3000:]):
                file = ModelFile(output)
                check_tensors(tap, what, file, sizes, kind)
                check_metadata(tap, what, file, sizes)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main() if len(sys.argv) == 2 else __doc__)
