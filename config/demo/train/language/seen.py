"""Pictures, films and point clouds: what is asked of them."""
from .aspects import COLOUR, COLOUR_WORDS, SHAPE, SHAPES_WORDS, SHAPE_WORDS, aspect, check
from .words import NOTHING_TO_SEE, NUMBERS, is_empty, place_words, plural, thing_words, with_article


def _unless_empty(answer):
    return lambda facts: NOTHING_TO_SEE if is_empty(facts) else answer(facts)


def _first(facts):
    """The thing that the answer is about: the only one, or one of equal ones."""
    return facts["objects"][0] if facts["kind"] in ("one", "same") else None


def _of_first(name):
    def value(facts):
        thing = _first(facts)
        return thing[name] if thing else None
    return value


def _shape(facts):
    shape = _of_first("shape")(facts)
    return shape and (plural(shape) if facts["kind"] == "same" else with_article(shape))


def _place(facts):
    place = _of_first("place")(facts)
    return place and place_words(place)


def _objects(facts):
    return len(facts["objects"])


def _background(facts):
    return facts["background"]["colour"] or "mixed"


def _pair(name):
    """Both shapes or both colours of two things."""
    def answer(facts):
        if facts["kind"] != "two":
            return None
        words = [thing[name] for thing in facts["objects"]]
        return " and ".join(with_article(word) for word in words) if name == "shape" else " and ".join(words)
    return answer


def article_words(words):
    """Spoken forms with their article, "[a disc|an oval]"."""
    def forms(text):
        options = text.strip("[]").split("|")
        return "[" + "|".join(with_article(option) for option in options) + "]"
    return {key: forms(text) for key, text in words.items()}


SHAPE_CHECKS = """
yes <is> <it> @v
yes <is> <it> shaped like @v
yes <does> <it> have the shape of @v
yes would you call <it> @v
say <it> <is> @v
say <it> <is> shaped like @v
say <it> <has> the shape of @v
or <is> <it> @o
or <is> <its> shape @o
or which shape <is> <it>, @o
or what <is> <it>: @o
or what do you see, @o
or @o
"""
SHAPE_CHECKS_MANY = """
yes <is> <it> @v
yes are there @v
yes do you see @v
yes are @v shown
say <it> <is> @v
say there are @v
say @v are shown
or <is> <it> @o
or are there @o
or which shape <is> <it>, @o
or what <is> <it>: @o
or @o
"""
COUNT = """
? how many [objects|shapes|things|figures|items|forms] are there
? how many [objects|shapes|things|figures|items] [do you see|can you see|can be seen|are shown|are visible|are drawn]
? how many [objects|shapes|things|figures|items] does <medium> [show|have|contain]
? how many [objects|shapes|things|figures]
? how many are there
? how many do you [see|count]
? what is the [number|count] of [objects|shapes|things|figures]
? what number of [objects|shapes|things] [is|can be] [shown|seen|there]
? what do you get if you count the [objects|shapes|things|figures]
? count the [objects|shapes|things|figures|items]
? please count the [objects|shapes|things|figures]
? count [how many|what] [objects|shapes|things] there are
n the number of [objects|shapes|things|figures|items]
n the count of [objects|shapes|things|figures]
n how many [objects|shapes|things] there are
c how many [objects|shapes|things|figures] there are
c how many [objects|shapes|things|figures] you [see|count]
c how many [objects|shapes|things] are [shown|visible|there]
c how many there are
c what the number of [objects|shapes|things] is
yes are there @v [objects|shapes|things|figures]
yes do you see @v [objects|shapes|things]
yes is the number of [objects|shapes|things] @v
yes does <medium> show @v [objects|shapes|things]
say there are @v [objects|shapes|things]
say <medium> shows @v [objects|shapes|things]
say the number of [objects|shapes|things] is @v
or are there @o [objects|shapes|things]
or how many [objects|shapes|things] are there, @o
or is the number of [objects|shapes|things] @o
"""
SIZE = """
? how [big|large] <is> <obj>
? what size <is> <obj>
? what size <does> <obj> have
? what is the size of <obj>
? which size <does> <obj> have
? of what size <is> <obj>
? how much [room|space] <does> <obj> take
? how much of <medium> <does> <obj> [cover|fill]
? how would you describe <its> size
? what are the dimensions of <obj>
n the size of <obj>
n <its> size
n the size
n the dimensions of <obj>
c how [big|large] <obj> <is>
c what size <obj> <is>
c what size <obj> <has>
c how much [room|space] <obj> <es>take up
c <its> size
yes <is> <obj> @v
yes <is> <obj> [rather|quite|very|] @v
yes <is> <its> size @v
say <obj> <is> @v
say <its> size is @v
say <obj> <is> [rather|quite|] @v
or <is> <obj> @o
or <is> <its> size @o
or @o
or how big <is> <obj>, @o
or would you call <obj> @o
""".replace("<es>take up", "needs")
PLACE = """
? where <is> <obj>
? where <is> <obj>
? where <is> <obj> [located|placed|situated|positioned|drawn|found]
? where do you see <obj>
? where can [I find|you see|one see|I see] <obj>
? where [exactly|] <is> <obj> in <medium>
? in [which|what] [part|area|region|place|corner or side] of <medium> <is> <obj>
? at [which|what] [place|position|location|spot] <is> <obj>
? what is the [position|location|place] of <obj>
? what <is> <its> [position|location|place]
? which position <does> <obj> have
? on which side <is> <obj>
? whereabouts <is> <obj>
? where should I look for <obj>
n the [position|location|place] of <obj>
n <its> [position|location|place|whereabouts]
n the place where <obj> <is>
n the part of <medium> where <obj> <is>
c where <obj> <is>
c where <obj> <is> [located|placed|situated]
c where you see <obj>
c where in <medium> <obj> <is>
c in which part of <medium> <obj> <is>
"""
PLACE_CHECKS = """
yes <is> <obj> @v
yes <is> <obj> @v of <medium>
yes <is> <obj> [located|placed|drawn] @v
yes do you see <obj> @v
yes is there [something|anything|an object|a shape] @v
say <obj> <is> @v
say <obj> <is> [located|placed|drawn] @v
say there is [something|an object|a shape] @v
or <is> <obj> @o
or where <is> <obj>, @o
or <is> <obj> [located|placed] @o
or @o
"""
BACKGROUND = """
? what colour is the background
? which colour is the background
? what colour does the background have
? what colour has the background
? what is the colour of the background
? what is the background colour
? what colour is behind [it|the object|the shape|everything|the objects]
? [what|which] hue is the background
? what colour is <medium> [behind the object|around the shape|where nothing is]
? on what colour is it drawn
? the background is what colour
? in what colour is the background
n the colour of the background
n the background colour
n the background's colour
n the hue of the background
n the colour behind [it|the object|the shape]
n the background's hue
c what colour the background [is|has]
c which colour the background [is|has]
c what colour is behind [it|the object|the shape]
c how the background is coloured
yes is the background @v
yes is the background colour @v
yes does it have @v as background
yes is @v the colour of the background
say the background is @v
say the colour of the background is @v
say the background has the colour @v
or is the background @o
or what colour is the background, @o
or is the colour of the background @o
"""
ANY_PICTURE = {"medium": "[the|this] [picture|image|picture|image|photo|drawing]"}
ANY_FILM = {"medium": "[the|this] [film|video|clip|video]"}
ANY_POINTS = {"medium": "[the|this] [point cloud|scan|cloud|cloud of points]"}
COUNT_WORDS = {1: "one", 2: "[two|2]", 3: "[three|3]", 4: "[four|4]", 5: "[five|5]"}
PLACE_WORDS = {"top left": "[at the top left|in the top left corner|in the upper left]",
               "top": "at the top", "top right": "[at the top right|in the top right corner|in the upper right]",
               "left": "on the left", "middle": "in the [middle|middle|centre]", "right": "on the right",
               "bottom left": "[at the bottom left|in the bottom left corner|in the lower left]",
               "bottom": "at the bottom",
               "bottom right": "[at the bottom right|in the bottom right corner|in the lower right]"}

IMAGE = {
    "aspects": [
        aspect("shape", _unless_empty(_shape), SHAPE + SHAPE_CHECKS, _of_first("shape"), article_words(SHAPE_WORDS)),
        aspect("colour", _unless_empty(_of_first("colour")), COLOUR, _of_first("colour"), COLOUR_WORDS),
        aspect("size", _unless_empty(_of_first("size")), SIZE, _of_first("size"),
               {"small": "[small|small|little|tiny]", "large": "[large|large|big]"}, ANY_PICTURE),
        aspect("place", _unless_empty(_place), PLACE + PLACE_CHECKS, _of_first("place"), PLACE_WORDS, ANY_PICTURE),
        aspect("count", lambda facts: NUMBERS[_objects(facts)], COUNT, lambda facts: _objects(facts) or None,
               COUNT_WORDS, ANY_PICTURE),
        aspect("background", _background, BACKGROUND, lambda facts: facts["background"]["colour"], COLOUR_WORDS,
               ANY_PICTURE),
        aspect("shapes", _pair("shape"), """
            ? [which|what] shapes are there
            ? [which|what] shapes [do you see|can you see|are shown|are visible|are drawn]
            ? what two shapes are there
            ? [which|what] two [shapes|figures|forms] [do you see|are shown]
            ? what are the shapes of the [two|] [objects|things]
            ? what shape does each [object|thing] have
            ? what shape are they
            ? what shape is [it|the object|the shape]
            ? what shape does [it|the object] have
            n the shapes
            n the two shapes
            n the names of the shapes
            n both shapes
            c [which|what] shapes there are
            c [which|what] shapes you see
            c [which|what] two shapes are shown"""),
        aspect("colours", _pair("colour"), """
            ? [which|what] colours are there
            ? [which|what] colours [do you see|can you see|are shown|are used]
            ? [which|what] colours are the [shapes|objects|things]
            ? [which|what] colours do the [shapes|objects|things|two] have
            ? what colour are they
            ? what colour is [it|the object|the shape]
            ? what colour does each [shape|object] have
            n the colours
            n the colours of the [shapes|objects|two things]
            n both colours
            n the two colours
            c [which|what] colours there are
            c [which|what] colours you see
            c [which|what] colours the [shapes|objects] have"""),
    ],
    "checks": [
        check(lambda facts: _objects(facts) > 0, """
            yes is there [anything|something] [to see|to be seen|]
            yes is there [an|any] object
            yes is there a shape
            yes can you see [anything|something|an object|a shape]
            yes do you see [anything|something|an object|a shape]
            yes does <medium> show [anything|something|an object]
            say there is [something|an object|a shape]
            say there is something to see
            say <medium> shows [something|an object]""", ANY_PICTURE),
        check(lambda facts: _objects(facts) == 0, """
            yes is <medium> [empty|blank]
            yes is [it|this] [an empty|a blank] picture
            yes is there nothing [to see|in it|there]
            say <medium> is [empty|blank]
            say there is nothing to see
            say nothing is [shown|there]""", ANY_PICTURE),
        check(lambda facts: _objects(facts) > 1, """
            yes is there more than one [object|shape|thing]
            yes are there several [objects|shapes|things]
            yes do you see [several|many|more than one] [objects|shapes]
            yes are there [two or more|multiple] [objects|shapes|things]
            say there is more than one [object|shape|thing]
            say there are several [objects|shapes|things]
            say <medium> shows several [objects|shapes]""", ANY_PICTURE),
        check(lambda facts: facts["kind"] == "same" if _objects(facts) > 1 else None, """
            yes are [they|all of them|all objects|the objects|the shapes|all shapes] [the same|equal|alike]
            yes are [they|all|the objects|the shapes] of the same colour
            yes do [they|all|the objects|the shapes] have the same [colour|shape]
            yes are [they|all|the objects] the same [colour|shape]
            say [they|the objects|the shapes|all of them] are [the same|equal|alike]
            say all [objects|shapes|things] have the same [colour|shape]
            say they are of the same colour"""),
        check(lambda facts: _first(facts)["shape"] in ("circle", "oval") if _first(facts) else None, """
            yes <is> <it> round
            yes <is> <it> [rounded|curved]
            yes <does> <it> have a [round|curved] [outline|form|edge]
            say <it> <is> round
            say <it> <has> a [round|curved] outline"""),
        check(lambda facts: _first(facts)["shape"] not in ("circle", "oval") if _first(facts) else None, """
            yes <does> <it> have [corners|straight edges|straight sides|angles]
            yes does the outline have corners
            say <it> <has> [corners|straight edges|straight sides]
            say the outline has corners"""),
        check(lambda facts: facts["background"]["kind"] == "plain", """
            yes is the background [plain|uniform|of one colour|a single colour|plain|even]
            yes is the background just one colour
            yes does the background have [one|a single] colour
            yes is it on a plain background
            say the background is [plain|uniform|of one colour|plain]
            say the background has [one|a single] colour
            say it has a plain background"""),
        check(lambda facts: facts["background"]["kind"] == "noisy", """
            yes is the background [noisy|grainy|full of noise|textured]
            yes is there noise in the background
            yes does the background have [noise|texture]
            say the background is [noisy|grainy|textured]
            say there is noise in the background"""),
        check(lambda facts: facts["background"]["kind"] == "gradient", """
            yes is the background a gradient
            yes is there a gradient in the background
            yes does the background fade from one colour to another
            say the background is a gradient
            say the background fades from one colour to another"""),
    ],
}
#: Of equal things the yes/no questions about the shape are put in the plural.
SHAPES_OF_MANY = aspect("shape", _shape, SHAPE_CHECKS_MANY, _of_first("shape"), SHAPES_WORDS)


def _film_value(name):
    return lambda facts: facts["object"] and facts["object"][name]


MOTION_ANSWERS = {"still": "it stands still", "sideways": "sideways", "vertical": "up and down",
                  "size": "it changes its size", "blinking": "it blinks"}


def _mover(facts):
    return {"still": "nothing", "sideways": thing_words(facts["object"]),
            "vertical": thing_words(facts["object"])}.get(facts["motion"])


VIDEO = {
    "aspects": [
        aspect("object", _unless_empty(lambda facts: thing_words(facts["object"])), """
            ? [which|what] [object|thing] is [it|shown|seen|there|in <medium>]
            ? what [object|thing] [do you see|can you see|can be seen|appears]
            ? what [object|thing] is in <medium>
            ? [which|what] [object|thing] does <medium> show
            ? what thing is this
            ? [which|what] object is this
            n the [object|thing]
            n the object in <medium>
            n the thing [that is shown|in <medium>]
            c [which|what] [object|thing] is [shown|there|in <medium>]
            c [which|what] [object|thing] you see""", names=ANY_FILM),
        aspect("shape", _unless_empty(lambda facts: with_article(facts["object"]["shape"])), SHAPE + SHAPE_CHECKS,
               _film_value("shape"), article_words(SHAPE_WORDS)),
        aspect("colour", _unless_empty(lambda facts: facts["object"]["colour"]), COLOUR, _film_value("colour"),
               COLOUR_WORDS),
        aspect("motion", _unless_empty(lambda facts: MOTION_ANSWERS[facts["motion"]]), """
            ? how does <obj> move
            ? how does <obj> behave
            ? how is <obj> moving
            ? in [which|what] way does <obj> move
            ? in [which|what] direction does <obj> move
            ? which way does <obj> [move|go]
            ? where does <obj> [move|go]
            ? what does <obj> do
            ? what is <obj> doing
            ? what happens to <obj>
            ? what kind of [motion|movement] is [it|this|that]
            ? what kind of [motion|movement] does <obj> make
            ? what motion does <obj> make
            ? how does <obj> change
            ? what changes
            ? what is the [motion|movement] of <obj>
            n the [motion|movement] of <obj>
            n its [motion|movement]
            n the kind of [motion|movement]
            n the direction of the [motion|movement]
            n the way <obj> moves
            c how <obj> moves
            c how <obj> is moving
            c what <obj> does
            c what <obj> is doing
            c what happens to <obj>
            c in what way <obj> moves
            yes is <obj> @v
            yes do you see that <obj> is @v
            yes would you say <obj> is @v
            say <obj> is @v
            say <obj> is [clearly|just|simply|] @v
            or is <obj> @o
            or what is <obj> doing, @o
            or what does <obj> do: @o
            or what happens, is <obj> @o""", lambda facts: facts["motion"],
               {"still": "[standing still|at rest|not moving|standing still|resting|static]",
                "sideways": "[moving sideways|moving sideways|going sideways|moving horizontally]",
                "vertical": "[moving up and down|moving up and down|moving vertically|going up and down]",
                "size": "[changing its size|changing its size|changing size|growing or shrinking]",
                "blinking": "[blinking|blinking|flashing|appearing and disappearing]"}),
        aspect("mover", _unless_empty(_mover), """
            ? what moves
            ? what is moving
            ? [which|what] [object|thing] [is moving|moves]
            ? what is moving in <medium>
            ? what do you see move
            ? what is in motion
            n what [moves|is moving]
            n the moving [object|thing]
            n the thing that moves
            c what [moves|is moving|is in motion]
            c [which|what] [object|thing] [moves|is moving]""", names=ANY_FILM),
        aspect("count", lambda facts: "one" if facts["object"] else "none", COUNT, names=ANY_FILM),
    ],
    "checks": [
        check(lambda facts: facts["motion"] in ("sideways", "vertical"), """
            yes is <obj> moving
            yes does <obj> move
            yes is <obj> in motion
            yes does <obj> change its [place|position]
            yes is there [any|some|] [motion|movement]
            yes does anything move
            yes is anything moving
            say <obj> moves
            say <obj> is moving
            say <obj> is in motion
            say there is movement"""),
        check(lambda facts: None if facts["motion"] == "blinking" else facts["motion"] == "size", """
            yes does <obj> change its size
            yes does <obj> [grow or shrink|get larger or smaller]
            yes does its size change
            yes is <obj> growing or shrinking
            say its size changes
            say <obj> changes its size"""),
        check(lambda facts: None if facts["motion"] == "size" else False, """
            yes does <obj> [grow|shrink|get bigger|get larger|get smaller]
            yes is <obj> [growing|shrinking|getting bigger|getting smaller]
            say <obj> [grows|shrinks|gets bigger|gets smaller]"""),
        check(lambda facts: facts["motion"] == "blinking", """
            yes does <obj> [blink|flash|disappear at times|come and go|disappear|vanish|appear and disappear]
            yes is <obj> there only part of the time
            say <obj> [blinks|flashes|comes and goes]
            say <obj> is not always there"""),
        check(lambda facts: facts["motion"] in ("still", "size", "blinking") if facts["motion"] else None, """
            yes does <obj> [stay|remain] [in place|at the same place|at its place|where it is]
            yes is <obj> always at the same place
            yes does <obj> keep its [place|position]
            say <obj> [stays|remains] [in place|where it is|at its place]"""),
        check(lambda facts: facts["motion"] == "sideways", """
            yes does <obj> move [sideways|horizontally|to the side]
            yes does <obj> go [sideways|from side to side]
            say <obj> moves [sideways|horizontally]"""),
        check(lambda facts: facts["motion"] == "vertical", """
            yes does <obj> move [up and down|vertically]
            yes does <obj> go [up and down|up or down]
            say <obj> moves [up and down|vertically]"""),
        check(lambda facts: facts["motion"] == "still", """
            yes does <obj> [stand still|stay the same|keep still]
            yes is <obj> [motionless|still|at rest]
            yes is everything still
            say <obj> [stands still|does not move]
            say nothing [moves|changes|happens]"""),
        check(lambda facts: facts["object"] is None, """
            yes is <medium> [empty|blank]
            yes is there nothing [to see|in it]
            say <medium> is [empty|blank]
            say there is nothing to see""", ANY_FILM),
        check(lambda facts: facts["object"] is not None, """
            yes is there [anything|something|an object|any object|a shape] [to see|in <medium>|]
            yes can you see [anything|something|an object]
            yes does <medium> show [anything|an object]
            say there is [something|an object] [to see|in <medium>]
            say <medium> shows [something|an object]""", ANY_FILM),
    ],
}

SOLID_WORDS = {"sphere": "[sphere|sphere|ball]", "cube": "[cube|cube|box]", "cylinder": "[cylinder|cylinder|tube]",
               "cone": "cone", "torus": "[torus|torus|donut|ring]", "plane": "[plane|plane|flat plane]"}
POINT = {
    "aspects": [
        aspect("shape", lambda facts: with_article(facts["shape"]) if facts["shape"] else "it has no shape",
               SHAPE + SHAPE_CHECKS + """
            ? [which|what] solid is [it|this]
            ? what kind of [solid|body] is [it|this|the object]
            ? [which|what] 3D shape is [it|this]
            ? [which|what] shape do the points form
            ? [which|what] shape [is|has] <medium>
            ? what geometric solid is [it|this]
            ? how are the points [arranged|distributed]
            n the [solid|geometric solid]
            n the shape of <medium>
            ? what do the points form
            n the shape that the points form
            c what the points form
            yes do the points form @v
            say the points form @v
            or do the points form @o""", lambda facts: facts["shape"], article_words(SOLID_WORDS), ANY_POINTS),
        aspect("colour", lambda facts: facts["colour"] or "it has no colour", COLOUR + """
            ? what colour are the points
            ? [which|what] colour do the points have
            n the colour of the points
            c what colour the points have
            yes are the points @v
            say the points are @v
            or are the points @o""", lambda facts: facts["colour"], COLOUR_WORDS),
    ],
    "checks": [
        check(lambda facts: facts["colour"] is not None, """
            yes <does> <obj> have [a|any] colour
            yes are the points coloured
            yes is there [a|any] colour
            yes is <obj> coloured
            yes do the points have a colour
            yes does <medium> have [colours|a colour]
            say <obj> has a colour
            say the points are coloured
            say <medium> has colours""", ANY_POINTS),
        check(lambda facts: facts["shape"] is not None, """
            yes do the points form a shape
            yes is there a [clear|recognisable|] shape
            yes do the points form [something|anything]
            say the points form a shape
            say there is a shape""", ANY_POINTS),
        check(lambda facts: facts["shape"] in ("sphere", "cylinder", "cone", "torus") if facts["shape"] else None, """
            yes is <it> [round|curved]
            yes does <it> have [something|anything] round
            yes does <it> have a curved surface
            say <it> is [round|curved]
            say <it> has a curved surface"""),
        check(lambda facts: facts["shape"] == "torus" if facts["shape"] else None, """
            yes <does> <it> have a hole
            yes is there a hole [in it|in the middle|]
            yes <is> <it> [ring-shaped|shaped like a ring]
            say <it> has a hole
            say there is a hole in it"""),
        check(lambda facts: {"cone": True, "cube": None}.get(facts["shape"], False) if facts["shape"] else None, """
            yes <does> <it> have a [point|tip|pointed end]
            yes <is> <it> pointed
            yes does it come to a point
            say <it> is pointed
            say <it> has a tip"""),
        check(lambda facts: {"cube": True, "sphere": False, "torus": False}.get(facts["shape"]), """
            yes <does> <it> have [edges|corners|straight edges]
            yes are there [edges|corners]
            say <it> has [edges|corners]"""),
        check(lambda facts: facts["shape"] == "plane" if facts["shape"] else None, """
            yes is <it> flat
            yes are the points [all|] in one plane
            yes is <it> completely flat
            say <it> is flat
            say the points lie in one plane"""),
    ],
}
