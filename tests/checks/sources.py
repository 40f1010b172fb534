"""What the checks have in common: where the tree is, which files it has."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests'))

from tap import Tap  # noqa: E402,F401

PRODUCT = ('core', 'config', 'server')


def files(folders, *suffixes):
    """Paths below the folders with one of the suffixes, relative to the root, sorted."""
    found = (path for folder in folders for path in (ROOT / folder).rglob('*'))
    return sorted(path.relative_to(ROOT) for path in found if path.suffix in suffixes and path.is_file())


def text(path):
    return (ROOT / path).read_text(encoding='utf-8')
