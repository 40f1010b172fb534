"""Random facts without any medium: what could be true of a picture, a film, a sound and so on.

They teach the decoder the language alone. The strings are those that the worlds use."""
from .grammar import pick

MODALITIES = ("image", "video", "audio", "point", "depth", "normal", "imu", "fmri")
SHAPES = ("circle", "oval", "square", "rectangle", "triangle", "diamond", "star", "cross")
COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey", "cyan")
PLACES = ("top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right")
SOLIDS = ("sphere", "cube", "cylinder", "cone", "torus", "plane")
SIGHTS = ("a face", "a house", "a cat", "a bottle", "a chair", "a shoe", "scissors", "a scrambled picture")
MOVES = ("still", "walking", "running", "shaking", "turning left", "turning right", "falling")
SOUNDS = ("tone", "rising", "falling", "noise", "beeps", "chord", "speech")
PITCHES = ("low", "middle", "high")
FILM_MOTIONS = ("still", "sideways", "vertical", "size", "blinking")
EMPTY_SHARE = 0.06


def _other(rng, options, taken):
    return pick(rng, [option for option in options if option not in taken])


def _thing(shape, colour, size=None, place=None):
    return {"shape": shape, "colour": colour, "size": size, "place": place}


def _image(rng):
    chance, shape, colour = rng.random(), pick(rng, SHAPES), pick(rng, COLOURS)
    facts = {"modality": "image", "kind": "one", "objects": []}
    colours = [colour]
    if chance < EMPTY_SHARE:
        facts["kind"] = "none"
    elif chance < 0.5:
        facts["objects"] = [_thing(shape, colour, pick(rng, ("small", "large")), pick(rng, PLACES))]
    elif chance < 0.72:
        facts["kind"] = "same"
        facts["objects"] = [_thing(shape, colour) for _ in range(2 + int(rng.random() * 4))]
    else:
        facts["kind"] = "two"
        colours.append(_other(rng, COLOURS, colours))
        facts["objects"] = [_thing(shape, colour), _thing(_other(rng, SHAPES, [shape]), colours[1])]
        facts["relation"] = pick(rng, ("beside", "above"))
    kind = pick(rng, ("plain", "plain", "gradient", "noisy"))
    told = kind == "plain" and rng.random() < 0.9
    facts["background"] = {"kind": kind, "colour": _other(rng, COLOURS, colours) if told else None}
    return facts


def _video(rng):
    if rng.random() < EMPTY_SHARE:
        return {"modality": "video", "object": None, "motion": None}
    thing = {"shape": pick(rng, SHAPES), "colour": pick(rng, COLOURS)}
    return {"modality": "video", "object": thing, "motion": pick(rng, FILM_MOTIONS)}


def _audio(rng):
    silent = rng.random() < EMPTY_SHARE
    sound = "silence" if silent else pick(rng, SOUNDS)
    return {"modality": "audio", "sound": sound,
            "pitch": pick(rng, PITCHES) if sound in ("tone", "beeps") else None,
            "count": 2 + int(rng.random() * 4) if sound == "beeps" else None,
            "loudness": None if silent else pick(rng, ("quiet", "loud", None, None))}


def _point(rng):
    shape = None if rng.random() < 0.04 else pick(rng, SOLIDS)
    return {"modality": "point", "shape": shape, "colour": None if rng.random() < 0.2 else pick(rng, COLOURS)}


def _depth(rng):
    layout = pick(rng, ("slanted", "slanted", "flat", "object", "object"))
    seen = layout == "object"
    return {"modality": "depth", "layout": layout,
            "nearer": pick(rng, ("left", "right", "top", "bottom")) if layout == "slanted" else None,
            "object": pick(rng, ("near", "far")) if seen else None,
            "place": pick(rng, ("left", "middle", "right")) if seen else None}


def _normal(rng):
    faces = pick(rng, ("left", "right", "up", "down", "viewer", None))
    return {"modality": "normal", "surface": "plane" if faces else "sphere", "faces": faces}


def _imu(rng):
    return {"modality": "imu", "motion": pick(rng, MOVES)}


def _fmri(rng):
    return {"modality": "fmri", "sees": None if rng.random() < EMPTY_SHARE else pick(rng, SIGHTS)}


_MAKERS = {"image": _image, "video": _video, "audio": _audio, "point": _point, "depth": _depth, "normal": _normal,
           "imu": _imu, "fmri": _fmri}


def random_facts(modality, rng):
    return _MAKERS[modality](rng)
