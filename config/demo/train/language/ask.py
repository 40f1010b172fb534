"""Questions about one medium, with their answers."""
from .aspects import COLOUR_WORDS, SHAPES_WORDS, SHAPE_WORDS, phrases
from .facts import COLOURS, PLACES, SHAPES
from .felt import FMRI, IMU
from .frames import LETTER, SCENE, around, ended, framed
from .grammar import capital, join, parse, pick, say, spell
from .heard import AUDIO
from .maps import DEPTH, NORMAL
from .media import DESCRIBE, OWN_TASKS, TASK_WORDS, UNKNOWABLE, WHAT
from .seen import ANY_PICTURE, IMAGE, POINT, SHAPES_OF_MANY, SOLID_WORDS, VIDEO
from .talk import talk
from .words import (NOTHING_TO_SEE, NUMBERS, UNKNOWN, caption, is_empty, place_words, thing_words, what,
                    with_article)

WORLD = {"image": IMAGE, "video": VIDEO, "audio": AUDIO, "point": POINT, "depth": DEPTH, "normal": NORMAL, "imu": IMU,
         "fmri": FMRI}
#: What the classes of task "scene" are classes of.
SCENE_ASPECT = {"image": "shape", "video": "shape", "audio": "sound", "point": "shape", "depth": "slant",
                "normal": "surface", "imu": "motion", "fmri": "sees"}
_EXTRA_KINDS = {"image": ("relation",)}
ATTRIBUTES = {name: ("what", *(part["name"] for part in world["aspects"]), *_EXTRA_KINDS.get(name, ()), "yes_no",
                     "choice") for name, world in WORLD.items()}
ASPECTS = {name: {part["name"]: part for part in world["aspects"]} for name, world in WORLD.items()}


def _phrase(rng, part, kinds, number):
    """(kind of phrase, text) of one of the kinds that the aspect has."""
    groups = part["phrases"]
    kinds = [kind for kind in kinds if groups[kind][number]]
    if not kinds:
        return None
    kind = pick(rng, kinds)
    return kind, say(rng, pick(rng, groups[kind][number]))


def _number(rng, facts):
    """Several equal things are asked for in the plural, mostly; a single one hardly ever."""
    if facts["modality"] != "image" or facts["kind"] == "two":
        return "one"
    return "many" if rng.random() < {"same": 0.75, "one": 0.03, "none": 0.2}[facts["kind"]] else "one"


#: The dull answers of questions that fit only a few media are asked for more rarely.
_DULL = {("audio", UNKNOWN): 0.3, ("audio", "none"): 0.25, ("imu", "it does not turn"): 0.35,
         ("depth", "there is no object"): 0.2}
_SHAPES = {key: parse(words) for key, words in SHAPE_WORDS.items()}
_SHAPES_OF_MANY = {key: parse(words) for key, words in SHAPES_WORDS.items()}
_COLOURS = {key: parse(words) for key, words in COLOUR_WORDS.items()}
_SOLIDS = {key: parse(words) for key, words in SOLID_WORDS.items()}
_BY_COLOUR = parse("the @v [one|object|shape|thing|figure|object]")


def _only_thing(facts):
    """(shape, its words, colour) of the one thing, or the equal things, that a medium shows."""
    modality = facts["modality"]
    if modality == "video" and facts["object"]:
        return facts["object"]["shape"], _SHAPES, facts["object"]["colour"]
    if modality == "point" and facts["shape"]:
        return facts["shape"], _SOLIDS, facts["colour"]
    if modality == "image" and facts["kind"] in ("one", "same"):
        thing = facts["objects"][0]
        return thing["shape"], _SHAPES if facts["kind"] == "one" else _SHAPES_OF_MANY, thing["colour"]
    return None


def _asked(rng, facts, part, kinds):
    """A phrase of an aspect that suits the facts: "it", "they" or, now and then, "the circle", "the red object"."""
    found, name = _only_thing(facts), part["name"]
    if not found or rng.random() > 0.25:
        return _phrase(rng, part, kinds, _number(rng, facts))
    shape, words, colour = found
    many = words is _SHAPES_OF_MANY
    kind, text = _phrase(rng, part, kinds, "named_many" if many else "named") or (None, "")
    if "@r" not in text:
        return (kind, text) if kind else None
    if facts["modality"] == "video" and facts["motion"] in ("sideways", "vertical") and rng.random() < 0.3:
        reference = pick(rng, ("the moving object", "the moving shape", "the moving thing", "what moves"))
    elif name != "colour" and colour and (name == "shape" or rng.random() < 0.4):
        reference = say(rng, _BY_COLOUR).replace("@v", say(rng, _COLOURS[colour])) + ("s" if many else "")
    elif name not in ("shape", "colour") and colour and rng.random() < 0.4:
        reference = "the " + say(rng, _COLOURS[colour]) + " " + say(rng, words[shape])
    elif name != "shape":
        reference = "the " + say(rng, words[shape])
    else:
        reference = "the objects" if many else "the object"
    return kind, text.replace("@r", reference)


# ---- one kind of question each: (core of the question, mark, answer, may the medium follow) or None ----

def _caption(rng, facts):
    modality = facts["modality"]
    if rng.random() < 0.15:
        text = "Provide a one-sentence caption for the provided " + pick(rng, TASK_WORDS[modality]) + "."
        return OWN_TASKS.get(modality, text) if rng.random() < 0.5 else text, None, caption(facts), False
    asked = rng.random() < 0.35
    text = say(rng, pick(rng, DESCRIBE[modality][1 if asked else 0]))
    return text, "?" if asked else ".", caption(facts), False


def _what(rng, facts):
    told = rng.random() < 0.3
    text = say(rng, pick(rng, WHAT[facts["modality"]][1 if told else 0]))
    if text.startswith(("describe", "caption")):
        return text, ".", caption(facts), False
    asked = text.startswith(("wh", "how", "can", "do you"))
    return text, "?" if asked else ".", what(facts), False


def _aspect(rng, facts, part):
    answer = part["answer"](facts)
    if answer is None or rng.random() > _DULL.get((facts["modality"], answer), 1):
        return None
    kind, text = _asked(rng, facts, part, ("?", "?", "n", "c"))
    if facts["modality"] == "depth" and part["name"] == "place" and facts["object"] and rng.random() < 0.3:
        text = text.replace("the object", f"the {facts['object']} object")
    text, mark = framed(rng, kind, text)
    if part["name"] == "count" and facts["modality"] == "image" and rng.random() < 0.35:
        text, answer = _count_of(rng, facts, text)
    return text, mark, answer, True


_COUNTED = ("objects", "shapes", "things", "figures", "items", "forms")


def _count_of(rng, facts, text):
    """How many circles, how many red shapes: of what is there, or of what is not."""
    things = facts["objects"]
    shape = pick(rng, things)["shape"] if things and rng.random() < 0.75 else pick(rng, SHAPES)
    colour = pick(rng, things)["colour"] if things and rng.random() < 0.75 else pick(rng, COLOURS)
    by_shape = rng.random() < 0.65
    for noun in _COUNTED:
        if noun in text:
            words = say(rng, _SHAPES_OF_MANY[shape]) if by_shape else say(rng, _COLOURS[colour]) + " " + noun
            count = sum(thing["shape"] == shape if by_shape else thing["colour"] == colour for thing in things)
            return text.replace(noun, words, 1), NUMBERS[count]
    return text, NUMBERS[len(things)]


def _yes(flag):
    return "yes" if flag else "no"


def _other_value(rng, part, value):
    return pick(rng, [key for key in part["spoken"] if key != value])


def _holds(part, asked, value):
    """Something at the top left is at the top, too."""
    if value is None:
        return False
    if part["name"] == "place":
        return set(asked.split()) <= set(value.split())
    return asked == value


def _yes_no(rng, facts):
    world = WORLD[facts["modality"]]
    if rng.random() < 0.3 and world["checks"]:
        part = pick(rng, world["checks"])
        truth = part["truth"](facts)
        # Most of what can be said is false; a few of the noes are enough.
        if truth is None or not truth and rng.random() < 0.45:
            return None
        found = _phrase(rng, part, ("yes", "yes", "say"), "one")
        return (*framed(rng, *found), _yes(truth), True)
    part = pick(rng, world["aspects"])
    if part["value"] is None or not part["spoken"]:
        return None
    value = part["value"](facts)
    if value is None and not _nothing(facts):
        return None
    if part["name"] == "shape" and value and facts.get("kind") == "same":
        part = SHAPES_OF_MANY
        found = _phrase(rng, part, ("yes", "yes", "say"), "many")
    else:
        found = _asked(rng, facts, part, ("yes", "yes", "say"))
    asked = value if value and rng.random() < 0.5 else _other_value(rng, part, value)
    text, mark = framed(rng, *found)
    return text.replace("@v", say(rng, part["spoken"][asked])), mark, _yes(_holds(part, asked, value)), True


def _nothing(facts):
    """Of nothing nothing is true."""
    return is_empty(facts) or facts["modality"] == "fmri"


def _rivals(part, value):
    """Values that can stand beside the true one in a choice."""
    if part["name"] != "place":
        return [key for key in part["spoken"] if key != value]
    return [key for key in part["spoken"] if not set(key.split()) & set(value.split())]


def _options(rng, part, value, most):
    """The true value and some wrong ones, in any order."""
    rivals = _rivals(part, value)
    count = min(len(rivals), 1 if rng.random() < 0.45 else 1 + int(rng.random() * (most - 1)))
    keys = [value]
    for _ in range(count):
        rival = rivals.pop(int(rng.random() * len(rivals)))
        keys.insert(int(rng.random() * (len(keys) + 1)), rival)
    return keys


def _valued(rng, facts, world):
    part = pick(rng, world["aspects"])
    value = part["value"] and part["value"](facts)
    return (part, value) if value is not None and part["spoken"] else (part, None)


def _choice(rng, facts):
    part, value = _valued(rng, facts, WORLD[facts["modality"]])
    if value is None:
        return None
    answer = part["answer"](facts)
    if part["name"] == "place" and "place" in facts.get("objects", [{}])[0] and rng.random() < 0.3:
        sides = [pair for pair in (("left", "right"), ("top", "bottom")) if set(pair) & set(value.split())]
        if sides:
            pair = pick(rng, sides)
            true = pair[0] if pair[0] in value.split() else pair[1]
            keys, answer = list(pair) if rng.random() < 0.5 else list(pair[::-1]), place_words(true)
        else:
            keys = _options(rng, part, value, 4)
    else:
        keys = _options(rng, part, value, 4)
    if part["name"] == "shape" and facts.get("kind") == "same":
        part = SHAPES_OF_MANY
        found = _phrase(rng, part, ("or",), "many")
    else:
        found = _asked(rng, facts, part, ("or",))
    words = [say(rng, part["spoken"][key]) for key in keys]
    if part["name"] == "shape" and rng.random() < 0.3:
        words = [word.split(" ", 1)[1] if word.startswith(("a ", "an ")) else word for word in words]
    text, mark = framed(rng, *found)
    return text.replace("@o", join(words, " or ")), mark, answer, True


_LETTERS = "ABCDE"
_LETTER_FORMS = ("%s. %s", "%s. %s", "%s: %s", "(%s) %s", "%s) %s")


def _letter(rng, facts):
    part, value = _valued(rng, facts, WORLD[facts["modality"]])
    if value is None:
        return None
    keys = _options(rng, part, value, 4)
    form, between = pick(rng, _LETTER_FORMS), pick(rng, (" ", " ", "\n", ", "))
    words = [say(rng, part["spoken"][key]) for key in keys]
    options = between.join(form % (_LETTERS[i], word) for i, word in enumerate(words))
    _, text = _asked(rng, facts, part, ("?",))
    text = spell(rng, capital(text) + "?" + pick(rng, (" ", " ", "\n")) + options) + LETTER
    return text, None, _LETTERS[keys.index(value)], False


def _scene(rng, facts):
    part = ASPECTS[facts["modality"]][SCENE_ASPECT[facts["modality"]]]
    value = part["value"](facts)
    if value is None:
        return None
    keys = _options(rng, part, value, 8)
    words = [say(rng, part["spoken"][key]) for key in keys]
    head = pick(rng, ("", "", "Classes: ", "Class sets: ", "class sets: "))
    return head + join(words, pick(rng, (", ", ", ", " and "))) + pick(rng, (".", ".", "")) + SCENE, None, \
        part["answer"](facts), False


def _unknowable(rng, facts):
    if is_empty(facts) and rng.random() < 0.5:
        return None
    return say(rng, pick(rng, UNKNOWABLE[facts["modality"]])), "?", UNKNOWN, False


def _talk(rng, facts):
    _, question, answer = talk(rng)
    return question, None, answer, False


# ---- two things in one picture ----

_RELATED = phrases("""
    ? what is @p @r
    ? what do you see @p @r
    ? which [object|shape|thing] is @p @r
    ? what is [located|drawn|placed] @p @r
    ? what [lies|stands|comes] @p @r
    ? @p @r is what
    n the [object|thing|shape] @p @r
    n what is @p @r
    c what is @p @r
    c which [object|shape|thing] is @p @r
    c what you see @p @r
    yes is @s @p @r
    yes do you see @s @p @r
    yes is @s [located|drawn|placed] @p @r
    say @s is @p @r
    say @p @r there is @s""")
_AT_PLACE = phrases("""
    ? what is @p
    ? what do you see @p
    ? which [object|thing|shape] is @p
    ? what [object|thing] is @p
    ? what is [shown|drawn|located] @p
    ? @p there is what
    n the [object|thing|shape] @p
    n what is @p
    c what is @p
    c what you see @p
    c which [object|thing] is @p""")
_NAMED = {"shape": ASPECTS["image"]["shape"], "colour": ASPECTS["image"]["colour"], "place": ASPECTS["image"]["place"]}
_RELATIONS = {"beside": (parse("[left of|to the left of|on the left of|left of]"),
                         parse("[right of|to the right of|on the right of|right of]")),
              "above": (parse("[above|above|over|on top of]"), parse("[below|below|under|beneath|underneath]"))}
_NEXT_TO = parse("[next to|next to|beside|at the side of]")
_SIDES = {"beside": ("left", "right"), "above": ("top", "bottom")}
_SIDE_WORDS = {"left": parse("[on the left|on the left|on the left side|to the left]"),
               "right": parse("[on the right|on the right|on the right side|to the right]"),
               "top": parse("[at the top|at the top|in the upper half]"),
               "bottom": parse("[at the bottom|at the bottom|in the lower half]")}
_BY_SIDE = {"left": parse("the [[left|left-hand] [one|object|shape|thing]|[object|shape|thing|one] on the left]"),
            "right": parse("the [[right|right-hand] [one|object|shape|thing]|[object|shape|thing|one] on the right]"),
            "top": parse("the [[upper|top] [one|object|shape|thing]|[object|shape|thing|one] at the top]"),
            "bottom": parse("the [[lower|bottom] [one|object|shape|thing]|[object|shape|thing|one] at the bottom]")}


def _side(facts, at):
    return _SIDES[facts["relation"]][at]


def _reference(rng, facts, at, hidden=()):
    """One of the two, named by what the question does not ask for."""
    ways = [way for way in ("shape", "colour", "place", "both") if way not in hidden]
    if "shape" in hidden or "colour" in hidden:
        ways = [way for way in ways if way != "both"]
    way, thing = pick(rng, ways), facts["objects"][at]
    if way == "place":
        return say(rng, _BY_SIDE[_side(facts, at)])
    if way == "colour":
        return say(rng, _BY_COLOUR).replace("@v", say(rng, _COLOURS[thing["colour"]]))
    shape = say(rng, _SHAPES[thing["shape"]])
    return "the " + (shape if way == "shape" else say(rng, _COLOURS[thing["colour"]]) + " " + shape)


def _two_attribute(rng, facts, name):
    """The shape, colour or place of one of two things."""
    at = int(rng.random() * 2)
    thing = facts["objects"][at]
    if name == "place":
        answer, hidden = place_words(_side(facts, at)), ("place",)
    else:
        answer, hidden = with_article(thing[name]) if name == "shape" else thing[name], (name,)
    kind, text = _phrase(rng, _NAMED[name], ("?", "?", "n", "c"), "named")
    if "@r" not in text:
        return None
    text, mark = framed(rng, kind, text.replace("@r", _reference(rng, facts, at, hidden)))
    return text, mark, answer, True


def _two_relation(rng, facts):
    at = int(rng.random() * 2)
    if rng.random() < 0.35:
        kind, text = _phrase(rng, {"phrases": _AT_PLACE}, ("?", "?", "n", "c"), "one")
        text = text.replace("@p", say(rng, _SIDE_WORDS[_side(facts, at)]))
    else:
        kind, text = _phrase(rng, {"phrases": _RELATED}, ("?", "?", "n", "c"), "one")
        beside = facts["relation"] == "beside" and rng.random() < 0.2
        where = say(rng, _NEXT_TO if beside else _RELATIONS[facts["relation"]][at])
        named = "the other one" if rng.random() < 0.08 and not beside else _reference(rng, facts, 1 - at, ("place",))
        text = text.replace("@p", where).replace("@r", named)
    return (*framed(rng, kind, text), thing_words(facts["objects"][at]), False)


def _what_is_at(rng, facts):
    """What is at a place where the one thing is, or is not."""
    if facts["kind"] == "same":
        return None
    place, answer = pick(rng, PLACES), NOTHING_TO_SEE
    if facts["kind"] == "one":
        place, true = facts["objects"][0]["place"], rng.random() < 0.6
        place = place if true else pick(rng, _rivals(_NAMED["place"], place))
        answer = thing_words(facts["objects"][0]) if true else "nothing"
    kind, text = _phrase(rng, {"phrases": _AT_PLACE}, ("?", "?", "n", "c"), "one")
    return (*framed(rng, kind, text.replace("@p", say(rng, _NAMED["place"]["spoken"][place]))), answer, False)


def _two_yes_no(rng, facts):
    chance, at = rng.random(), int(rng.random() * 2)
    true, thing = rng.random() < 0.5, facts["objects"][at]
    if chance < 0.3:
        kind, text = _phrase(rng, {"phrases": _RELATED}, ("yes", "yes", "say"), "one")
        text = text.replace("@p", say(rng, _RELATIONS[facts["relation"]][at if true else 1 - at]))
        text = text.replace("@r", _reference(rng, facts, 1 - at, ("place",)))
        text = text.replace("@s", _reference(rng, facts, at, ("place",)))
    elif chance < 0.6:
        name = pick(rng, ("colour", "shape"))
        part = _NAMED[name]
        value = thing[name] if true else _other_value(rng, part, thing[name])
        kind, text = _phrase(rng, part, ("yes", "yes", "say"), "named")
        if "@r" not in text:
            return None
        text = text.replace("@r", _reference(rng, facts, at, (name,))).replace("@v", say(rng, part["spoken"][value]))
    elif chance < 0.75:
        kind, text = _phrase(rng, _NAMED["place"], ("yes", "say"), "named")
        if "@r" not in text:
            return None
        text = text.replace("@r", _reference(rng, facts, at, ("place",)))
        text = text.replace("@v", say(rng, _SIDE_WORDS[_side(facts, at if true else 1 - at)]))
    else:
        kind, text = _phrase(rng, {"phrases": _CONTAINS}, ("yes", "yes", "say"), "one")
        text, true = _contained(rng, facts, text, true)
    return (*framed(rng, kind, text), _yes(true), True)


_CONTAINS = phrases("""
    yes is there @v
    yes is there @v in <medium>
    yes do you see @v
    yes can you see @v
    yes does <medium> [show|contain|have] @v
    yes is @v [shown|there|visible|to be seen]
    yes is one of [them|the shapes|the objects] @v
    say there is @v
    say @v can be seen
    say <medium> [shows|contains] @v
    say one of [them|the objects] is @v""", ANY_PICTURE)


def _contained(rng, facts, text, true):
    """Is there a circle, something red, a red circle?"""
    things = facts["objects"]
    way = rng.random()
    thing = pick(rng, things)
    if way < 0.4:
        shape = thing["shape"] if true else pick(rng, [s for s in SHAPES if all(s != t["shape"] for t in things)])
        words = with_article(say(rng, _SHAPES[shape]))
    elif way < 0.7:
        colour = thing["colour"] if true else pick(rng, [c for c in COLOURS if all(c != t["colour"] for t in things)])
        words = pick(rng, ("something %s", "a %s object", "a %s shape", "anything %s")) % say(rng, _COLOURS[colour])
    else:
        colour, shape = thing["colour"], thing["shape"]
        if not true and rng.random() < 0.5 and len(things) == 2:
            shape = things[0]["shape"] if thing is things[1] else things[1]["shape"]
        elif not true:
            colour = pick(rng, [c for c in COLOURS if c != colour])
        words = with_article(say(rng, _COLOURS[colour]) + " " + say(rng, _SHAPES[shape]))
    return text.replace("@v", fix_article(words)), true


def fix_article(words):
    return words.replace("a orange", "an orange").replace("a oval", "an oval").replace("a ellipse", "an ellipse")


def _one_contains(rng, facts):
    if facts["kind"] == "none":
        _, text = _phrase(rng, {"phrases": _CONTAINS}, ("yes",), "one")
        shape = with_article(say(rng, _SHAPES[pick(rng, SHAPES)]))
        return text.replace("@v", shape), "?", "no", True
    kind, text = _phrase(rng, {"phrases": _CONTAINS}, ("yes", "yes", "say"), "one")
    text, true = _contained(rng, facts, text, rng.random() < 0.5)
    return (*framed(rng, kind, text), _yes(true), True)


def _two_choice(rng, facts):
    at = int(rng.random() * 2)
    thing, name = facts["objects"][at], pick(rng, ("colour", "shape", "place", "which"))
    if name == "which":
        side = say(rng, _SIDE_WORDS[_side(facts, at)])
        words = [_reference(rng, facts, i, ("place", "colour", "both")) for i in (0, 1)]
        if rng.random() < 0.5:
            words.reverse()
        text = pick(rng, ("what is %s, %s or %s", "which is %s, %s or %s", "which one is %s: %s or %s"))
        return text % (side, *words), "?", with_article(thing["shape"]), False
    part = _NAMED[name]
    kind, text = _phrase(rng, part, ("or",), "named")
    if "@r" not in text:
        return None
    if name == "place":
        keys, answer = list(_SIDES[facts["relation"]]), place_words(_side(facts, at))
        keys = keys if rng.random() < 0.5 else keys[::-1]
    else:
        keys, answer = _options(rng, part, thing[name], 3), thing[name]
        answer = with_article(answer) if name == "shape" else answer
    text = text.replace("@r", _reference(rng, facts, at, (name,)))
    text = text.replace("@o", join([say(rng, part["spoken"][key]) for key in keys], " or "))
    return (*framed(rng, kind, text), answer, False)


_TWO = {"shape": lambda rng, facts: _two_attribute(rng, facts, "shape"),
        "colour": lambda rng, facts: _two_attribute(rng, facts, "colour"),
        "place": lambda rng, facts: _two_attribute(rng, facts, "place"),
        "relation": _two_relation}


# ---- all kinds ----

_WEIGHTS = {"caption": 12, "what": 10, "yes_no": 17, "choice": 9, "letter": 4, "scene": 1.5, "unknowable": 4.5,
            "talk": 1.5}
_ASPECT_WEIGHT = 9
_LIGHT = {("video", "count"): 2.5, ("video", "mover"): 4, ("image", "relation"): 6,
          ("normal", "round"): 3, ("depth", "nearest"): 5, ("depth", "farther"): 6}


def _kinds(modality):
    """(kind, cumulative share) of all kinds of a modality."""
    aspects = [name for name in ATTRIBUTES[modality] if name not in _WEIGHTS]
    shares = {**_WEIGHTS, **{name: _LIGHT.get((modality, name), _ASPECT_WEIGHT) for name in aspects}}
    total, sums = 0.0, []
    for kind, share in shares.items():
        total += share
        sums.append((kind, total))
    return [(kind, share / total) for kind, share in sums]


KINDS = {modality: _kinds(modality) for modality in WORLD}
_MAKERS = {"caption": _caption, "what": _what, "yes_no": _yes_no, "choice": _choice, "letter": _letter,
           "scene": _scene, "unknowable": _unknowable, "talk": _talk}


def pick_kind(rng, modality):
    chance = rng.random()
    for kind, share in KINDS[modality]:
        if chance < share:
            return kind
    return "caption"


def make(rng, facts, kind):
    """(core, mark, answer, may the medium follow), or None where these facts allow no such question."""
    pair = facts["modality"] == "image" and facts["kind"] == "two"
    if pair and kind in _TWO:
        return _TWO[kind](rng, facts)
    if kind == "relation":
        return _what_is_at(rng, facts)
    if kind == "yes_no" and facts["modality"] == "image":
        if pair and rng.random() < 0.7:
            return _two_yes_no(rng, facts)
        if not pair and rng.random() < 0.15:
            return _one_contains(rng, facts)
    if kind == "choice" and pair:
        return _two_choice(rng, facts)
    if kind in _MAKERS:
        return _MAKERS[kind](rng, facts)
    part = ASPECTS[facts["modality"]].get(kind)
    return _aspect(rng, facts, part) if part else None


def question(rng, facts, kinds=None):
    """One (kind, question, answer); kinds: only of these."""
    made = None
    while made is None:
        kind = pick(rng, kinds) if kinds else pick_kind(rng, facts["modality"])
        made = make(rng, facts, kind)
    text, mark, answer, behind = made
    if mark is None:
        return kind, text, answer
    text = around(rng, facts["modality"], text, mark, behind=behind)
    return kind, ended(rng, text, mark, 0 if kind in ("caption", "talk") else 0.06), answer


def questions(facts, rng, n, kinds=None):
    return [question(rng, facts, kinds) for _ in range(n)]
