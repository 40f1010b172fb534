"""A case: files that go into one request, and questions about them with what their answers must say."""

import subprocess
from collections import namedtuple

# group    the row of the table that it counts for: a modality, or what is asked across modalities
# name     for people
# files    [(part, path)]: form field and file
# asks     [(question, expected)]; the question CAPTION stands for the task of that name
Case = namedtuple('Case', 'group name files asks')

CAPTION = object()


def fields(question):
    """The form fields that ask this."""
    return [('task', 'caption')] if question is CAPTION else [('prompt', question)]


def spoken(question):
    """The question for people."""
    return '(caption)' if question is CAPTION else question


def run(*command):
    """What a program prints; when it fails, what it complains about is in the exception."""
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{result.stderr.decode(errors='replace')[-2000:]}")
    return result.stdout
