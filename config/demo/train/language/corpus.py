"""Lines of text of every sort, for the vocabulary."""
from .ask import question
from .facts import MODALITIES, random_facts
from .grammar import pick
from .pairs import questions_of_two
from .talk import talk

SYSTEM = ("A chat between a curious human and an artificial intelligence assistant. "
          "The assistant gives helpful, detailed, and polite answers to the human's questions.")


def corpus(n, rng):
    """Lines of n questions with their answers, as the daemon lays them out, drawn with facts of every modality."""
    for i in range(n):
        facts = random_facts(MODALITIES[i % len(MODALITIES)], rng)
        chance = rng.random()
        if chance < 0.1:
            asked = questions_of_two(facts, random_facts(pick(rng, MODALITIES), rng), rng, 1)[0]
        else:
            asked = talk(rng) if chance < 0.25 else question(rng, facts)
        if rng.random() < 0.1:
            yield SYSTEM
        yield from f"###Human: {asked[1]}\n###Assistant: {asked[2]}".split("\n")
