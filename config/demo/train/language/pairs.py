"""Questions about two media in one request."""
from .ask import ASPECTS, make, pick_kind
from .frames import around, ended
from .grammar import join, parse_lines, pick, say
from .media import OWN_TASKS, SURE, TASK_WORDS, names_medium
from .words import caption, is_empty, what

_ORDER = ("image", "video", "audio", "point", "depth", "normal", "imu", "fmri")
_BOTH = parse_lines("""
describe both
describe
describe [what you see|this|it|the scene|what you get] [in one sentence|]
describe both [files|media|of them|things|inputs|briefly|in order|one after the other]
describe the two [files|media|inputs|things]
describe @b
describe @b
describe [all|everything|what I sent|what I sent you|what you get]
[give|write] [a caption|captions|a description] [for|of] both
[give|write] [a caption|captions|a description] [for|of] @b
caption both
caption @b
tell me what both [are|show]
tell me about both
tell me what @b are
say what both are
name both
name what you [see and hear|find] in both
summarise both
summarise @b
put both into words
describe the first and the second
describe the first one and then the second one
identify both
""")
_BOTH_ASKED = parse_lines("""
what are these
what are they
what is this
what do you see
what are these two [files|things|media|]
what are both
what are @b
what is in both
what is in @b
what do both show
what do @b show
what do you [find|notice|get]
what do you find in @b
what are the two [files|things|media|inputs]
can you describe both
could you describe @b
would you describe both [for me|]
what is each of them
what is the first and what is the second
what does each of them show
how would you describe both
how would you describe @b
what [did I send|have I sent|do I send] you
what is there [in all|altogether]
what is this and what is that
""")
_NAMED = parse_lines("""
describe @r
describe @r
describe @r [briefly|in one sentence|in full|only|please|for me]
describe only @r
describe what [is in|you find in] @r
caption @r
[give|write] [a caption|a description] [for|of] @r
give me a [short|full|one-sentence] [caption|description] of @r
put @r into words
[summarise|sum up] @r
provide a one-sentence caption for @r
tell me about @r
caption for @r
[description|a caption] of @r
now describe @r
can you describe @r
could you [please|] describe @r
how would you describe @r
would you describe @r for me
what would be a [good|short] caption for @r
can you caption @r
""")
_WHAT_NAMED = parse_lines("""
what is @r
what is in @r
what is @r about
what does @r [show|contain|hold]
what do you [find|notice|recognise] in @r
what can be [found|recognised] in @r
what can you tell about @r
what about @r
and @r
what is the content of @r
tell me what @r is
tell me what is in @r
say what @r [shows|contains]
identify @r
I want to know what @r [is|shows|contains]
let me know what @r is
do you know what @r is
can you tell what @r [is|contains]
""")
_SAME = {
    "colour": parse_lines("""
        are both [shapes|objects|things|] of the same colour
        are [the two|they] the same colour
        do both have the same colour
        do @b have the same colour
        do @b show the same colour
        is the colour the same in both
        is the colour of both the same
        are @b the same in colour
        have both the same colour
        do the colours of both agree
        is [the first|one] of the same colour as the [second|other]"""),
    "shape": parse_lines("""
        are both of the same shape
        are [the two|they] the same shape
        do both have the same shape
        do @b have the same shape
        do @b show the same shape
        is the shape the same in both
        is the shape of both the same
        have both the same shape
        do the shapes of both agree
        does [the first|one] have the same shape as the [second|other]"""),
    "motion": parse_lines("""
        is the motion the same in both
        do both show the same motion
        do @b show the same motion
        are both motions the same
        is it twice the same motion
        does the same motion happen in both"""),
    "pitch": parse_lines("""
        do both have the same pitch
        are both equally high
        is the pitch the same in both
        do @b have the same pitch
        are @b of the same pitch"""),
    "faces": parse_lines("""
        do both face the same way
        do both surfaces face the same direction
        do @b face the same way
        is the direction the same in both
        are both turned to the same side"""),
    "sees": parse_lines("""
        do both see the same
        is the same seen in both
        do both show the same
        do @b show the same thing
        does the person see the same both times
        is it twice the same thing"""),
}
_ORDINALS = (("first", "second"), ("first", "second"), ("1st", "2nd"), ("former", "latter"))
_NUMBERED = ("%s number %d", "%s no. %d", "%s %d")


def both(facts_a, facts_b):
    """The canonical description of two media."""
    return "first " + _brief(facts_a) + ", then " + _brief(facts_b)


def _brief(facts):
    return what(facts) if facts["modality"] == "image" else caption(facts)


def _plural(rng, modality):
    word = say(rng, SURE[modality])
    return word if word.endswith(("data", "activity", "audio")) else word + "s" if " of " not in word else \
        word.replace(" of ", "s of ", 1)


def _both_words(rng, facts_a, facts_b):
    """"both pictures", "the picture and the sound"."""
    a, b = facts_a["modality"], facts_b["modality"]
    if a == b:
        return pick(rng, ("both ", "the two ", "these two ", "the ")) + _plural(rng, a)
    return "the " + say(rng, SURE[a]) + " and the " + say(rng, SURE[b])


def _task(facts_a, facts_b):
    """The prompt of task "caption" as the daemon writes it: every modality once, in its order."""
    names = sorted({facts_a["modality"], facts_b["modality"]}, key=_ORDER.index)
    if len(names) == 1 and names[0] in OWN_TASKS:
        return OWN_TASKS[names[0]]
    return "Provide a one-sentence caption for the provided " + join([TASK_WORDS[name][0] for name in names],
                                                                     " and ") + "."


def _ask_both(rng, facts_a, facts_b):
    answer = both(facts_a, facts_b)
    if rng.random() < 0.12:
        return "caption", _task(facts_a, facts_b), answer
    asked = rng.random() < 0.45
    text = say(rng, pick(rng, _BOTH_ASKED if asked else _BOTH)).strip()
    text = text.replace("@b", _both_words(rng, facts_a, facts_b))
    return "caption", ended(rng, text, "?" if asked else ".", 0), answer


def _name(rng, facts, other, at):
    """How one of the two is called: by its modality if that is enough, else by its number."""
    word = say(rng, SURE[facts["modality"]])
    chance = rng.random()
    if facts["modality"] != other["modality"] and chance < 0.75:
        return "the " + word
    if chance > 0.93:
        return pick(rng, _NUMBERED) % (word, at + 1)
    ordinal = pick(rng, _ORDINALS)[at]
    return f"the {ordinal} " + ("one" if chance > 0.88 else word)


#: Asked without a name, these could be meant of the other medium too.
_ALIKE = ("shape", "surface", "slant", "faces", "object", "sound", "nearest", "nearer", "farther", "distance")
_SHAPED = ("image", "video", "point", "depth", "normal")


def _ask_one(rng, facts_a, facts_b):
    """A question about one of them, which is named unless only one of them has what is asked for."""
    at = int(rng.random() * 2)
    facts, other = (facts_a, facts_b) if at == 0 else (facts_b, facts_a)
    kind = pick_kind(rng, facts["modality"])
    if kind in ("letter", "scene", "talk", "unknowable"):
        return None
    made = make(rng, facts, kind)
    if made is None or made[1] is None:
        return None
    text, mark, answer, _ = made
    differ = facts["modality"] != other["modality"]
    if names_medium(facts["modality"], text):
        # "the picture" is enough where only one of the two is a picture and "scan" would not fit both.
        if not differ or kind not in ("caption", "what") or names_medium(other["modality"], text):
            return None
        return kind, ended(rng, text, mark, 0), answer
    single = not (kind in _ALIKE and other["modality"] in _SHAPED) and \
        differ and kind in ASPECTS[facts["modality"]] and \
        kind not in ASPECTS[other["modality"]] and not is_empty(facts)
    if not (single and rng.random() < 0.3):
        text = around(rng, facts["modality"], text, mark, _name(rng, facts, other, at), True, True)
    return kind, ended(rng, text, mark), answer


def _ask_named(rng, facts_a, facts_b):
    """What one of them is, or its caption."""
    at = int(rng.random() * 2)
    facts, other = (facts_a, facts_b) if at == 0 else (facts_b, facts_a)
    full = rng.random() < 0.5
    text = say(rng, pick(rng, _NAMED if full else _WHAT_NAMED)).strip()
    asks = text.startswith(("wh", "how", "can", "could", "would", "do ", "and "))
    text = text.replace("@r", _name(rng, facts, other, at))
    return ("caption", ended(rng, text, "?" if asks else ".", 0), caption(facts)) if full else \
        ("what", ended(rng, text, "?" if asks else "."), what(facts))


def _compare(rng, facts_a, facts_b):
    """Are both the same colour, shape, motion ...?"""
    names = [name for name in _SAME if name in ASPECTS[facts_a["modality"]] and name in ASPECTS[facts_b["modality"]]]
    if not names:
        return None
    name = pick(rng, names)
    values = [_value(facts, name) for facts in (facts_a, facts_b)]
    if None in values:
        return None
    text = say(rng, pick(rng, _SAME[name])).replace("@b", _both_words(rng, facts_a, facts_b)).replace("  ", " ")
    return "compare", ended(rng, text, "?"), "yes" if values[0] == values[1] else "no"


def _value(facts, name):
    return None if is_empty(facts) else ASPECTS[facts["modality"]][name]["value"](facts)


def questions_of_two(facts_a, facts_b, rng, n):
    """n (kind, question, answer) about two media of one request; kind "caption" is about both."""
    found = []
    while len(found) < n:
        chance = rng.random()
        maker = _ask_both if chance < 0.25 else _ask_named if chance < 0.35 else _ask_one if chance < 0.9 else _compare
        asked = maker(rng, facts_a, facts_b)
        if asked:
            found.append(asked)
    return found
