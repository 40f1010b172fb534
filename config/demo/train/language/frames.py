"""The sentences in which a question is put: plain, polite, indirect, with the medium named before or behind it."""
from .grammar import capital, parse_lines, pick, say, typed
from .media import A, IN, LOOK, THE, names_medium

_NOUN_ASKED = parse_lines("""
what is @q
what is @q
what's @q
what would you say is @q
can you [tell|give] me @q
could you [please|] [tell|give] me @q
would you [please|] tell me @q
do you know @q
can you [name|state|determine|see] @q
could you [name|state|determine] @q
any idea of @q
@q
@q
what about @q
what do you say about @q
may I know @q
""")
_NOUN_TOLD = parse_lines("""
tell me @q
tell me @q
give me @q
name @q
please name @q
[state|report|determine|identify|say|find|write] @q
please [state|tell me|give|say|give me] @q
[just|only] @q
I [want|need|would like] to know @q
I'd like to know @q
let me know @q
I am interested in @q
I need @q
@q
@q please
answer with @q
""")
_CLAUSE_ASKED = parse_lines("""
can you [tell me|say|see|make out|tell|find out] @q
can you tell me @q
could you [please|] tell me @q
could you [say|tell|determine] @q
would you [please|] [tell me|say] @q
do you know @q
do you [see|remember|notice] @q
any idea @q
may I ask @q
may I know @q
are you able to [say|tell] @q
""")
_CLAUSE_TOLD = parse_lines("""
tell me @q
please tell me @q
say @q
please say @q
I [want|need|would like] to know @q
I'd like to know @q
I'd love to know @q
I wonder @q
I am wondering @q
I am [curious|unsure] @q
let me know @q
please find out @q
find out @q
[please|] [state|write|determine] @q
it would help me to know @q
my question is @q
""")
_STATEMENT_ASKED = parse_lines("""
is it true that @q
is it [correct|right|the case|so] that @q
would you say that @q
do you [think|agree|believe] that @q
can [one|you] say that @q
am I right that @q
@q, [right|correct|yes or no|true|is that right|isn't that so|or not]
@q, is that [right|correct|true|so]
can you tell me [whether|if] @q
can you [check|say|see] [whether|if] @q
could you [please|] tell me [whether|if] @q
do you know [whether|if] @q
yes or no: @q
I think @q. Is that [right|so|true|correct]
I believe @q. [Correct|Right|Am I right]
somebody says that @q. Is [it|that] [true|so|right]
@q
""")
_STATEMENT_TOLD = parse_lines("""
tell me [whether|if] @q
please tell me [whether|if] @q
I [want|would like|need] to know [whether|if] @q
I wonder [whether|if] @q
[please|] [check|say|decide|find out] [whether|if] @q
let me know [whether|if] @q
say yes or no: @q
answer yes or no: @q
I am not sure [whether|if] @q
""")
_CHOICE_ASKED = parse_lines("""
@q
@q
@q
@q
what would you say, @q
tell me, @q
please choose: @q
choose: @q
which one: @q
what do you think, @q
""")
_BEFORE = parse_lines("""
@i @m,
@i @m,
@i @m:
@l @m.
@l @m.
@l @m and [answer|tell me]:
here is @a.
this is @a.
I have [uploaded|sent|attached] @a.
I [send|show|give] you @a.
about @m:
regarding @m,
concerning @m:
[my|a] question about @m:
@m:
""")
_LEAD = parse_lines("""
tell me:
please tell me:
question:
[hi|hello|hey],
[hi|hello]!
one question:
quick question:
my question is:
[so|ok|okay|well|now|then],
[and|so]
please answer:
answer this:
[excuse me|sorry],
I have a question.
I need your help.
help me:
""")
_TAIL_ASKED = parse_lines("""
please
, please
[here|here|exactly|do you think|would you say]
, [thanks|thank you]
[now|then]
""")
_TAIL_TOLD = parse_lines("""
please
, please
[for me|for me please|if you can|if possible]
, [thanks|thank you]
[now|then]
""")

_FRAMES = {"n": (_NOUN_ASKED, _NOUN_TOLD), "c": (_CLAUSE_ASKED, _CLAUSE_TOLD),
           "say": (_STATEMENT_ASKED, _STATEMENT_TOLD)}


def framed(rng, kind, text):
    """A noun, clause, statement or choice in a sentence, and the mark that ends it."""
    if kind in ("?", "yes"):
        return text, "?"
    if kind == "or":
        return say(rng, pick(rng, _CHOICE_ASKED)).replace("@q", text), "?"
    if kind == "n" and rng.random() < 0.06:
        return text.removeprefix("the "), "?"
    asked = rng.random() < 0.5
    return say(rng, pick(rng, _FRAMES[kind][0 if asked else 1])).replace("@q", text), "?" if asked else "."


def around(rng, modality, text, mark, the=None, always=False, behind=True):
    """The medium named, or a word of politeness added, most often nothing. `the` names the medium in another way
    ("the second picture"), `always` where it has to be named; `behind` tells whether " in the picture" may follow."""
    text, chance = text.strip(), rng.random() * (0.3 if always else 1)
    if not always and chance < 0.3 and names_medium(modality, text):
        return text
    if chance < 0.3 and not (behind and mark == "?" and chance < 0.12):
        medium = the or say(rng, THE[modality])
        frame = say(rng, pick(rng, _BEFORE))
        if the and "@a" in frame:
            frame = "@i @m,"
        frame = frame.replace("@m", medium)
        if "@" in frame:
            frame = frame.replace("@l", say(rng, LOOK[modality])).replace("@i", say(rng, IN[modality]))
            frame = frame.replace("@a", say(rng, A[modality]))
        return frame + " " + (capital(text) if frame[-1] == "." else text)
    if chance < 0.12:
        return text + " " + say(rng, IN[modality]) + " " + (the or say(rng, THE[modality]))
    if chance < 0.37:
        lead = say(rng, pick(rng, _LEAD))
        return lead + " " + (capital(text) if lead[-1] in ".!" else text)
    if chance < 0.41:
        tail = say(rng, pick(rng, _TAIL_ASKED if mark == "?" else _TAIL_TOLD))
        return text + (tail if tail[0] == "," else " " + tail)
    return text


SHORT = "\nAnswer the question using a single word or phrase."
LETTER = " Answer with the option's letter from the given choices directly."
SCENE = " What is the category of this scene? Choice one class from the class sets."


def ended(rng, text, mark, short_share=0.06):
    """As typed; now and then with the sentence of the task "short_answer"."""
    text = typed(rng, text, mark)
    return text + SHORT if rng.random() < short_share else text
