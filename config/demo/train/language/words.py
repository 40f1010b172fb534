"""Facts in canonical words: the captions and short answers that the model is to give, letter for letter."""

NUMBERS = ("none", "one", "two", "three", "four", "five")
UNKNOWN = "I cannot tell."
NOTHING_TO_SEE = "there is nothing to see"
NOTHING_TO_HEAR = "there is nothing to hear"
MOTIONS = {"still": "standing still", "sideways": "moving sideways", "vertical": "moving up and down",
           "size": "changing its size", "blinking": "blinking"}


def with_article(words):
    """"an oval", "a circle"."""
    return ("an " if words[0] in "aeiou" else "a ") + words


def plural(shape):
    return shape + "es" if shape == "cross" else shape + "s"


def place_words(place):
    """"top left" -> "at the top left"."""
    return {"left": "on the left", "right": "on the right", "middle": "in the middle"}.get(place, "at the " + place)


def thing_words(thing):
    return with_article(thing["colour"] + " " + thing["shape"])


def is_empty(facts):
    """Blank pictures and films, and silence."""
    if facts["modality"] == "image":
        return facts["kind"] == "none"
    if facts["modality"] == "video":
        return facts["object"] is None
    return facts["modality"] == "audio" and facts["sound"] == "silence"


def what(facts):
    """The answer to "What is this?": of pictures shorter than the caption."""
    if facts["modality"] == "image" and facts["kind"] == "one":
        return thing_words(facts["objects"][0])
    return caption(facts)


def caption(facts):
    """The one canonical sentence about a medium: lower case, no full stop."""
    return _CAPTIONS[facts["modality"]](facts)


def _image(facts):
    things = facts["objects"]
    if facts["kind"] == "none":
        return "an empty picture"
    if facts["kind"] == "same":
        return f"{NUMBERS[len(things)]} {things[0]['colour']} {plural(things[0]['shape'])}"
    if facts["kind"] == "two":
        return thing_words(things[0]) + " and " + thing_words(things[1])
    thing = things[0]
    return f"a {thing['size']} {thing['colour']} {thing['shape']} {place_words(thing['place'])}"


def _video(facts):
    if facts["object"] is None:
        return "an empty film"
    return thing_words(facts["object"]) + " " + MOTIONS[facts["motion"]]


def _audio(facts):
    sound = facts["sound"]
    if sound == "tone":
        return f"a {facts['pitch']} tone"
    if sound == "beeps":
        return f"{NUMBERS[facts['count']]} {facts['pitch']} beeps"
    return {"rising": "a rising tone", "falling": "a falling tone", "chord": "a chord",
            "speech": "a person speaking"}.get(sound, sound)


def _point(facts):
    if facts["shape"] is None:
        return "a cloud of points without a shape"
    if facts["colour"] is None:
        return f"a {facts['shape']} without colour"
    return with_article(facts["colour"] + " " + facts["shape"])


def _depth(facts):
    if facts["layout"] == "flat":
        return "a flat wall"
    if facts["layout"] == "slanted":
        return "a surface that is nearer " + place_words(facts["nearer"])
    return f"a {facts['object']} object {place_words(facts['place'])}"


def _normal(facts):
    if facts["surface"] == "sphere":
        return "a sphere"
    return "a plane facing " + ("the viewer" if facts["faces"] == "viewer" else facts["faces"])


_CAPTIONS = {"image": _image, "video": _video, "audio": _audio, "point": _point, "depth": _depth, "normal": _normal,
             "imu": lambda facts: facts["motion"], "fmri": lambda facts: facts["sees"] or "nothing that I know"}
