"""Facts as a row of values at fixed places: the shortest language in which a medium can be described.

A record has LENGTH numbers of (column, value) pairs; the columns of a modality follow each other again and again until it
is full. Columns of the same name mean the same in every modality."""
from .facts import COLOURS, FILM_MOTIONS, MOVES, PITCHES, PLACES, SHAPES, SIGHTS, SOLIDS, SOUNDS
from .words import NUMBERS as COUNTS

LENGTH = 30
VALUES = {
    "kind": ("one", "same", "two"), "count": ("two", "three", "four", "five"), "shape": SHAPES, "colour": COLOURS,
    "size": ("small", "large"), "place": PLACES, "other shape": SHAPES, "other colour": COLOURS,
    "relation": ("beside", "above"), "background": ("plain", "gradient", "noisy"), "background colour": COLOURS,
    "film": FILM_MOTIONS, "sound": (*SOUNDS, "silence"), "pitch": PITCHES, "loudness": ("quiet", "loud"),
    "solid": SOLIDS, "layout": ("slanted", "flat", "object"), "nearer": ("left", "right", "top", "bottom"),
    "distance": ("near", "far"), "side": ("left", "middle", "right"), "surface": ("plane", "sphere"),
    "faces": ("left", "right", "up", "down", "viewer"), "motion": MOVES, "sees": SIGHTS}
NUMBERS = {pair: number for number, pair in enumerate((column, value) for column, values in VALUES.items()
                                                      for value in (*values, "none"))}


def _image(facts):
    things, none = facts["objects"], {"shape": None, "colour": None, "size": None, "place": None}
    first, second = things[0] if things else none, things[1] if facts["kind"] == "two" else none
    return {"kind": facts["kind"] if things else None,
            "count": COUNTS[len(things)] if facts["kind"] == "same" else None, **first,
            "other shape": second["shape"], "other colour": second["colour"], "relation": facts.get("relation"),
            "background": facts["background"]["kind"], "background colour": facts["background"]["colour"]}


def _video(facts):
    thing = facts["object"] or {"shape": None, "colour": None}
    return {"shape": thing["shape"], "colour": thing["colour"], "film": facts["motion"]}


_COLUMNS = {
    "image": _image, "video": _video,
    "audio": lambda facts: {"sound": facts["sound"], "pitch": facts["pitch"], "loudness": facts["loudness"],
                            "count": COUNTS[facts["count"]] if facts["count"] else None},
    "point": lambda facts: {"solid": facts["shape"], "colour": facts["colour"]},
    "depth": lambda facts: {"layout": facts["layout"], "nearer": facts["nearer"], "distance": facts["object"],
                            "side": facts["place"]},
    "normal": lambda facts: {"surface": facts["surface"], "faces": facts["faces"]},
    "imu": lambda facts: {"motion": facts["motion"]}, "fmri": lambda facts: {"sees": facts["sees"]}}


def record(facts):
    """LENGTH numbers below len(NUMBERS)."""
    numbers = [NUMBERS[column, value or "none"] for column, value in _COLUMNS[facts["modality"]](facts).items()]
    return (numbers * LENGTH)[:LENGTH]
