"""What can be asked of a medium, aspect by aspect: who knows the answer, and in which words it is asked.

An aspect is written as a block of patterns, one a line, the first word saying what kind of phrase it is:

    ?    a question                                     what colour is it
    n    what is asked for, as a noun                   the colour of the shape
    c    the same as a clause, for "tell me ..."        what colour the shape is
    yes  a yes/no question about a value @v             is it @v
    say  a statement that may be true                   the shape is @v
    or   a question that offers values @o               is it @o

Pictures with several equal things are asked in the plural, and of two things one is named: the patterns of a block are
therefore read once per number, with other names for <it>, <is>, <has>, <does>, <its>."""
from .grammar import parse

PHRASES = ("?", "n", "c", "yes", "say", "or")
NUMBERS = {
    "one": {"is": "is", "has": "has", "does": "does", "its": "its",
            "it": "[it|it|the [object|thing|figure|item]|the shown [object|thing]|this|"
                  "the thing that [I see|is shown]]",
            "obj": "[it|it|the [object|shape|shape|thing|figure|form|item]|this|this [object|shape|thing]|"
                   "that [thing|object|shape]]"},
    "many": {"is": "are", "has": "have", "does": "do", "its": "their",
             "it": "[they|they|the [objects|things|figures|items]|these|these [things|objects]]",
             "obj": "[they|they|the [objects|shapes|shapes|things|figures|forms]|these|"
                    "these [shapes|objects]|all of them]"},
    "named_many": {"is": "are", "has": "have", "does": "do", "its": "their", "it": "@r", "obj": "@r"},
    "named": {"is": "is", "has": "has", "does": "does", "its": "@r's", "it": "@r", "obj": "@r"},
}


def phrases(block, names=None):
    """{kind of phrase: {number: [trees]}} of a block."""
    found = {kind: {number: [] for number in NUMBERS} for kind in PHRASES}
    for line in filter(str.strip, block.splitlines()):
        kind, _, pattern = line.strip().partition(" ")
        for number in NUMBERS:
            found[kind][number].append(parse(pattern, {**(names or {}), **NUMBERS[number]}))
    return found


def aspect(name, answer, block, value=None, spoken=None, names=None):
    """`answer(facts)` is the canonical text, or None where the question makes no sense; `value(facts)` is the key of
    `spoken`, which says how each value is called in yes/no questions and choices."""
    return {"name": name, "answer": answer, "value": value, "phrases": phrases(block, names),
            "spoken": {key: parse(words) for key, words in (spoken or {}).items()}}


def check(truth, block, names=None):
    """A yes/no question by itself: `truth(facts)` is True, False, or None where it makes no sense."""
    return {"truth": truth, "phrases": phrases(block, names)}


SHAPE_WORDS = {"circle": "[circle|circle|circle|disc|disk]", "oval": "[oval|oval|ellipse]", "square": "square",
               "rectangle": "rectangle", "triangle": "triangle", "diamond": "[diamond|diamond|rhombus]", "star": "star",
               "cross": "[cross|cross|plus|plus sign]"}
SHAPES_WORDS = {"circle": "[circles|circles|discs]", "oval": "[ovals|ovals|ellipses]", "square": "squares",
                "rectangle": "rectangles", "triangle": "triangles", "diamond": "[diamonds|diamonds|rhombuses]",
                "star": "stars", "cross": "[crosses|crosses|plus signs]"}
COLOUR_WORDS = {"red": "red", "green": "green", "blue": "blue", "yellow": "yellow", "orange": "orange",
                "purple": "[purple|purple|violet]", "pink": "pink", "brown": "brown", "black": "black",
                "white": "white", "grey": "grey", "cyan": "[cyan|cyan|turquoise]"}
COLOUR = """
? what colour <is> <obj>
? which colour <is> <obj>
? what colour <does> <obj> have
? which colour <does> <obj> have
? what's <its> colour
? [what|which] hue <is> <obj>
? [what|which] hue <does> <obj> have
? of [what|which] colour <is> <obj>
? in [what|which] colour <is> <obj> [drawn|painted|shown|coloured]
? what colour was used for <obj>
? what colour [do you see|can you see|is used|is seen]
? how <is> <obj> coloured
? <obj> <is> [what|which] colour
? which colour would you call <obj>
n the colour of <obj>
n the colour of <obj>
n <its> colour
n the hue of <obj>
n the colour that <obj> <has>
n the colour
c what colour <obj> <is>
c which colour <obj> <is>
c what colour <obj> <has>
c what hue <obj> <has>
c how <obj> <is> coloured
yes <is> <obj> @v
yes <is> <obj> [drawn|shown|painted] in @v
yes <is> <its> colour @v
yes <does> <obj> have the colour @v
yes is @v the colour of <obj>
say <obj> <is> @v
say <obj> <is> @v in colour
say <its> colour is @v
say the colour of <obj> is @v
or <is> <obj> @o
or <is> <its> colour @o
or is the colour @o
or what colour <is> <obj>, @o
or which colour <is> <obj>: @o
or @o
"""
SHAPE = """
? what shape <is> <it>
? which shape <is> <it>
? what shape <does> <it> have
? which shape <does> <it> have
? what kind of shape <is> <it>
? what sort of shape <is> <it>
? what form <does> <it> have
? what <is> <it> shaped like
? how <is> <it> shaped
? what <is> <its> shape
? of what shape <is> <it>
? [what|which] geometric [shape|figure|form] <is> <it>
? what kind of [figure|form] <is> <it>
? [what|which] geometric [shape|figure|form] [do you see|can you see|is shown|is drawn]
? what would you call <its> shape
? what shape [do you see|can you see|is drawn|is shown|is visible]
n the shape of <it>
n <its> shape
n the form of <it>
n <its> outline
n the kind of shape
n the name of the shape
n the geometric shape
c what shape <it> <is>
c what shape <it> <has>
c which shape <it> <is>
c what form <it> <has>
c how <it> <is> shaped
c what kind of shape <it> <is>
"""
