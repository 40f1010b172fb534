"""Full descriptions in varied words, and lines of text of every sort for the vocabulary and the first reading."""
from .ask import question
from .facts import MODALITIES, random_facts
from .grammar import capital, parse_lines, pick, say, spell
from .media import A
from .pairs import questions_of_two
from .talk import talk
from .words import NUMBERS, caption, place_words, plural, thing_words, with_article

SYSTEM = ("A chat between a curious human and an artificial intelligence assistant. "
          "The assistant gives helpful, detailed, and polite answers to the human's questions.")
_OPEN = parse_lines("""
there is @q
I see @q
one can see @q
it shows @q
you see @q
@q is shown
@q can be seen
we have @q here
""")
_HEAR = parse_lines("""
there is @q
I hear @q
one can hear @q
@q can be heard
you hear @q
it is @q
""")
_DO = parse_lines("""
the motion is @q
somebody is @q
the phone is @q
the sensors say: @q
@q is what happens
it is @q
""")
_SEE = parse_lines("""
the person sees @q
somebody looks at @q
what the person sees is @q
the brain activity belongs to @q
@q is seen
the subject is looking at @q
""")
_OPENINGS = {"audio": _HEAR, "imu": _DO, "fmri": _SEE}


def _background(facts):
    kind, colour = facts["background"]["kind"], facts["background"]["colour"]
    if kind == "plain":
        return ["the background is plain" + (" " + colour if colour else " and of mixed colour")]
    return ["the background is a gradient of mixed colours" if kind == "gradient"
            else "the background is noisy and mixed"]


def _image(facts):
    things, kind = facts["objects"], facts["kind"]
    if kind == "none":
        return ["the picture is empty", "there is no object"] + _background(facts)
    if kind == "same":
        count, thing = NUMBERS[len(things)], things[0]
        return [f"there are {count} {plural(thing['shape'])}", f"they are all {thing['colour']}",
                f"the number of objects is {count}"] + _background(facts)
    if kind == "two":
        first, second = things
        words = ["is left of", "is right of"] if facts["relation"] == "beside" else ["is above", "is below"]
        names = ["the " + thing["shape"] for thing in things]
        places = ("on the left", "on the right") if facts["relation"] == "beside" else ("at the top", "at the bottom")
        return [f"there are {thing_words(first)} and {thing_words(second)}", f"{names[0]} {words[0]} {names[1]}",
                f"{names[1]} {words[1]} {names[0]}", f"{names[0]} is {places[0]}", f"{names[1]} is {places[1]}"] \
            + _background(facts)
    thing = things[0]
    return ["there is one object", f"the shape is {with_article(thing['shape'])}", f"its colour is {thing['colour']}",
            f"it is {thing['size']}", f"it is {place_words(thing['place'])}"] + _background(facts)


def _video(facts):
    if facts["object"] is None:
        return ["the film is empty", "there is nothing to see"]
    motion = {"still": "it stands still", "sideways": "it moves sideways", "vertical": "it moves up and down",
              "size": "it changes its size", "blinking": "it blinks"}[facts["motion"]]
    thing = facts["object"]
    return [f"there is {with_article(thing['shape'])}", f"the colour is {thing['colour']}", motion]


def _audio(facts):
    same = "the pitch stays the same"
    told = {"rising": ["the pitch rises"], "falling": ["the pitch falls"], "silence": ["there is nothing to hear"],
            "tone": ["it is a tone", same], "chord": ["several notes sound at once", same], "beeps": ["it beeps", same],
            "speech": ["somebody is speaking"], "noise": ["it is noise without a pitch"]}
    parts = list(told[facts["sound"]])
    if facts["pitch"]:
        parts.append(f"the pitch is {facts['pitch']}")
    if facts["count"]:
        parts.append(f"there are {NUMBERS[facts['count']]} beeps")
    if facts["loudness"]:
        parts.append(f"the sound is {facts['loudness']}")
    return parts


def _point(facts):
    return [f"the points form {with_article(facts['shape'])}" if facts["shape"] else "the points have no shape",
            f"the colour is {facts['colour']}" if facts["colour"] else "the points have no colour"]


def _depth(facts):
    if facts["layout"] == "flat":
        return ["the wall is flat", "neither side is nearer"]
    if facts["layout"] == "slanted":
        side = {"left": ("the left side", "the right side"), "right": ("the right side", "the left side"),
                "top": ("the top", "the bottom"), "bottom": ("the bottom", "the top")}[facts["nearer"]]
        return ["the surface is slanted", f"{side[0]} is nearer", f"{side[1]} is farther away"]
    return ["there is an object", f"it is {facts['object']}", f"it is {place_words(facts['place'])}"]


def _normal(facts):
    if facts["surface"] == "sphere":
        return ["the surface is a sphere", "the normals point in all directions"]
    return ["the surface is a plane",
            "it faces " + ("the viewer" if facts["faces"] == "viewer" else facts["faces"])]


def _imu(facts):
    motion = facts["motion"]
    return [f"the motion is {motion}", "nothing moves" if motion == "still" else "the phone moves"] + \
        ([f"it turns {motion[8:]}"] if motion.startswith("turning") else [])


def _fmri(facts):
    return [f"the person sees {caption(facts)}"]


_PARTS = {"image": _image, "video": _video, "audio": _audio, "point": _point, "depth": _depth, "normal": _normal,
          "imu": _imu, "fmri": _fmri}


def _shuffled(rng, parts):
    parts = list(parts)
    for i in range(len(parts) - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        parts[i], parts[j] = parts[j], parts[i]
    return parts


def description(facts, rng):
    """All facts in a few sentences, in any order; what a question about the medium asks can be read from it."""
    modality = facts["modality"]
    openings = _OPENINGS.get(modality, _OPEN)
    parts = _shuffled(rng, _PARTS[modality](facts))
    if rng.random() < 0.5:
        parts.insert(0, say(rng, pick(rng, openings)).replace("@q", caption(facts)))
    if rng.random() < 0.6:
        parts.insert(0, pick(rng, ("this is ", "here is ", "I have ", "look at ", "we have ")) + say(rng, A[modality]))
    text = ". ".join(capital(part) for part in parts)
    return spell(rng, text if rng.random() < 0.9 else text.lower()) + "."


def corpus(n, rng):
    """n lines: questions, answers, descriptions, whole conversations, drawn with facts of every modality."""
    for i in range(n):
        facts = random_facts(MODALITIES[i % len(MODALITIES)], rng)
        chance = rng.random()
        if chance < 0.25:
            yield description(facts, rng)
            continue
        if chance < 0.33:
            other = random_facts(pick(rng, MODALITIES), rng)
            asked = questions_of_two(facts, other, rng, 1)[0][1:]
        elif chance < 0.43:
            asked = talk(rng)[1:]
        else:
            asked = question(rng, facts)[1:]
        yield from (line for line in conversation(*asked, whole=rng.random() < 0.1).split("\n") if line)


def conversation(asked, answer, whole=True):
    """The prompt as the daemon builds it, and the answer behind it."""
    text = f"###Human: {asked}\n###Assistant: {answer}"
    return SYSTEM + "\n\n" + text if whole else text
