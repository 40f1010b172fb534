"""The words of the demo's world: facts become captions, questions, answers and records.

Answers are canonical and short, so that they can be compared letter for letter; questions are put in as many ways as
people have. `facts.py` says what can be true, `words.py` how it is said, `seen.py`, `heard.py`, `maps.py` and `felt.py`
what is asked, `frames.py` and `grammar.py` how a question is typed, `pairs.py` and `talk.py` what is asked of two
media and of none."""
from .ask import ATTRIBUTES, question, questions
from .corpus import SYSTEM, corpus
from .facts import MODALITIES, random_facts
from .grammar import pick
from .pairs import questions_of_two
from .record import NUMBERS as RECORD_NUMBERS
from .record import VALUES as RECORD_VALUES
from .record import record
from .talk import NO_FILE, talk
from .words import caption

__all__ = ["ATTRIBUTES", "MODALITIES", "RECORD_NUMBERS", "RECORD_VALUES", "SYSTEM", "caption", "corpus", "questions",
           "questions_of_none", "questions_of_two", "random_facts", "record"]


def questions_of_none(rng, n):
    """n (kind, question, answer) without a file: talk, and questions for which a file would be needed."""
    found = []
    while len(found) < n:
        if rng.random() < 0.55:
            found.append(talk(rng))
            continue
        kind, asked, _ = question(rng, random_facts(pick(rng, MODALITIES), rng))
        if kind != "talk":
            found.append(("no_file", asked, NO_FILE))
    return found
