"""Asks a daemon many questions over HTTP, a few at a time, and counts the right answers."""

import json
import sys
import urllib.error
import urllib.request
from collections import defaultdict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'server'))
from harness import form  # noqa: E402

# group     row of the table
# kind      column of the table: attribute, caption, others
# detail    what kind of question it is within that, such as "colour"
# parts     the form: fields and files
# wanted    the right answer, for people
# is_right  answer -> bool
Question = namedtuple('Question', 'group kind detail parts wanted is_right')

# answer    the text, or what the server said instead of one
# failed    there was no answer
Result = namedtuple('Result', 'question answer failed right')

KINDS = {'attribute': 'attributes', 'caption': 'captions', 'others': "other people's"}
MAX_TOKENS = 64
SECONDS = 300  # for one answer, on a machine that is busy with other things


def same_text(wanted):
    """Equal but for case, a full stop and surrounding space."""
    def plain(text):
        return text.strip().lower().removesuffix('.').strip()
    return lambda answer: plain(answer) == plain(wanted)


def ask(url, question):
    options = [('temperature', 0), ('max_tokens', MAX_TOKENS)]
    body, content_type = form([*question.parts, *options], boundary='onellm-demo-accuracy-7d3f91')
    request = urllib.request.Request(f'{url}/v1/answers', body, {'Content-Type': content_type})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            answer = json.load(response)['answer'].strip()
    except urllib.error.HTTPError as error:
        return Result(question, f'{error.code}: {json.load(error)["error"]["message"]}', True, False)
    except OSError as error:  # no connection, or too late
        return Result(question, str(error), True, False)
    return Result(question, answer, False, question.is_right(answer))


def ask_all(url, questions, n_at_once):
    with ThreadPoolExecutor(n_at_once) as pool:
        return list(pool.map(lambda question: ask(url, question), questions))


def count(results, key):
    """{key of a result: [right, asked]}, in the order in which they come."""
    counts = defaultdict(lambda: [0, 0])
    for result in results:
        counts[key(result)][0] += result.right
        counts[key(result)][1] += 1
    return dict(counts)


def percent(right, asked):
    return 100 * right / asked


def rows(results):
    """{(group, kind): [right, asked]} with a group "all" at the end."""
    return {**count(results, lambda result: (result.question.group, result.question.kind)),
            **count(results, lambda result: ('all', result.question.kind))}


def table(results):
    """Lines of text: a row per group, a column per kind of question that was asked."""
    counts = rows(results)
    groups = list(dict.fromkeys(group for group, _ in counts))
    kinds = [kind for kind in KINDS if ('all', kind) in counts]
    lines = [f"{'':14}" + ''.join(f'{KINDS[kind]:>18}{"of":>7}' for kind in kinds)]
    for group in groups:
        cells = [counts.get((group, kind)) for kind in kinds]
        lines.append(f'{group:14}' + ''.join(f'{percent(*cell):16.1f} %{cell[1]:7}' if cell else f"{'-':>18}{'':7}"
                                             for cell in cells))
    return [line.rstrip() for line in lines]


def details(results):
    """Lines of text: every kind of attribute question by itself."""
    counts = count([result for result in results if result.question.kind == 'attribute'],
                   lambda result: (result.question.group, result.question.detail))
    return [f'{group:14}{detail:22}{percent(*cell):8.1f} %{cell[1]:7}' for (group, detail), cell in counts.items()]


def describe(result):
    """A line about a wrong answer."""
    question = result.question
    fields = [str(value) for _, value in question.parts if not isinstance(value, Path)]
    files = [str(value) for _, value in question.parts if isinstance(value, Path)]
    return f"{question.group}: {' '.join(files)}: {' '.join(fields)} wanted {question.wanted}, got {result.answer!r}"


def below(results, minimum):
    """Lines of text: the rows that do not reach the percentage wanted for their kind."""
    return [f'{group}: {KINDS[kind]} {percent(*cell):.1f} %, wanted {minimum[kind]:g} %'
            for (group, kind), cell in rows(results).items() if kind in minimum and percent(*cell) < minimum[kind]]


def report(results):
    """The same as data."""
    kinds = count(results, lambda result: (result.question.group, result.question.kind, result.question.detail))
    return {
        'accuracy': [{'group': group, 'kind': kind, 'right': right, 'asked': asked, 'percent': percent(right, asked)}
                     for (group, kind), (right, asked) in rows(results).items()],
        'details': [{'group': group, 'kind': kind, 'detail': detail, 'right': right, 'asked': asked}
                    for (group, kind, detail), (right, asked) in kinds.items()],
        'unanswered': sum(result.failed for result in results),
        'wrong': [describe(result) for result in results if not result.right],
    }
