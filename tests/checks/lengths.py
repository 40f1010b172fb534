#!/usr/bin/python3
"""Lists the longest functions and files, and refuses those that nobody wants to read: more than 90 lines in a function,
more than 1,000 in a file."""

import sys

from sources import PRODUCT, Tap, files, text

FUNCTION_LINES_MAX = 90
FILE_LINES_MAX = 1000


def functions(path):
    """(lines, place) of every function: from the brace in column one to the brace that closes it."""
    start = None
    lines = text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if line == '{':
            start = number
        elif line == '}' and start:
            name = next((above for above in reversed(lines[:start - 1]) if above[:1] not in (' ', '')), '')
            yield number - start + 1, f"{path}:{start} {name.split('(')[0].split()[-1].lstrip('*') if name else ''}"
            start = None


def main():
    tap = Tap()
    paths = files((*PRODUCT, 'tests'), '.c', '.h')
    by_function = sorted((item for path in paths for item in functions(path)), reverse=True)
    by_file = sorted(((len(text(path).splitlines()), str(path)) for path in paths), reverse=True)
    tap.note('longest functions:')
    for n, place in by_function[:10]:
        tap.note(f'{n:5} {place}')
    tap.note('longest files:')
    for n, path in by_file[:10]:
        tap.note(f'{n:5} {path}')
    long_functions = [f'{n} lines: {place}' for n, place in by_function if n > FUNCTION_LINES_MAX]
    long_files = [f'{n} lines: {path}' for n, path in by_file if n > FILE_LINES_MAX]
    tap.check(not long_functions, f'no function has more than {FUNCTION_LINES_MAX} lines', '\n'.join(long_functions))
    tap.check(not long_files, f'no file has more than {FILE_LINES_MAX} lines', '\n'.join(long_files))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
