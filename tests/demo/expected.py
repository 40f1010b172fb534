"""What an answer must say and must not say, for questions whose answer can be worded in more than one way.

An answer is lower-cased text. The words of one kind (colours, shapes, ...) exclude each other: who expects "red" does
not accept "red or blue". Expectations are added up: colour('red') + shape('circle') wants both."""

import re
from dataclasses import dataclass

COLOURS = {
    'red': 'red', 'green': 'green', 'blue': 'blue', 'yellow': 'yellow', 'orange': 'orange', 'purple': 'purple|violet',
    'pink': 'pink', 'brown': 'brown', 'black': 'black', 'white': 'white', 'grey': 'gr[ea]y',
    'cyan': 'cyan|aqua|turquoise',
}
SHAPES = {
    'circle': 'circles?|dis[ck]s?', 'oval': 'ovals?|ellipses?', 'square': 'squares?', 'rectangle': 'rectangles?',
    'triangle': 'triangles?', 'diamond': 'diamonds?|rhombus(es)?', 'star': 'stars?', 'cross': 'cross(es)?|plus(es)?',
}
COUNTS = {'one': 'one|1', 'two': 'two|2', 'three': 'three|3', 'four': 'four|4', 'five': 'five|5'}
SIZES = {'small': 'small|little|tiny', 'large': 'large|big'}
SIDES = {'left': 'left', 'right': 'right', 'top': 'top|above|upper', 'bottom': 'bottom|below|lower',
         'middle': 'middle|centre|center'}
MOVEMENTS = {
    'sideways': r'sideways?|horizontal\w*|left and right|from side to side', 'vertical': r'up and down|vertical\w*',
    'size': r'size|grow\w*|shrink\w*|bigger|smaller', 'blinking': r'blink\w*|flash\w*', 'still': r'still|not mov\w+',
}
SOUNDS = {
    'tone': r'tone|note', 'rising': r'rising|rises|up|upwards?', 'falling': r'falling|falls|down|downwards?',
    'noise': r'noise|noisy', 'beeps': r'beeps?', 'chord': r'chords?', 'speech': r'speech|speaking|speaks|talking|voice',
    'silence': r'silen\w+|nothing',
}
PITCHES = {'low': 'low', 'middle': 'middle|medium', 'high': 'high'}
LOUDNESSES = {'quiet': 'quiet|soft', 'loud': 'loud'}
SOLIDS = {'sphere': 'spheres?|balls?', 'cube': 'cubes?|box', 'cylinder': 'cylinders?', 'cone': 'cones?',
          'torus': r'tor(us|uses|i)|rings?|doughnuts?|donuts?', 'plane': 'planes?|flat'}
DISTANCES = {'near': r'near\w*|close\w*', 'far': r'far\w*'}
LAYOUTS = {'flat': 'flat', 'slanted': r'slant\w*|slop\w*|tilt\w*|nearer (on|at)( the)? (left|right|top|bottom)',
           'object': 'object'}
SURFACES = {'plane': 'planes?|flat', 'sphere': 'spheres?|balls?|round'}
FACINGS = {'left': 'left', 'right': 'right', 'up': 'up(wards?)?', 'down': 'down(wards?)?',
           'viewer': 'viewer|camera|me|us|you'}
MOTIONS = {
    'still': r'still|rest\w*', 'walking': r'walk\w*', 'running': r'runn?\w*', 'shaking': r'shak\w*',
    'turning left': r'left', 'turning right': r'right', 'falling': r'fall\w*',
}
SIGHTS = {'face': 'face', 'house': 'house', 'cat': 'cat', 'bottle': 'bottle', 'chair': 'chair', 'shoe': 'shoe',
          'scissors': 'scissors', 'scrambled': 'scrambled'}


@dataclass(frozen=True)
class Expected:
    """Regular expressions: each of `must` is found in the answer, none of `must_not` is."""
    must: tuple = ()
    must_not: tuple = ()

    def __add__(self, other):
        return Expected(self.must + other.must, self.must_not + other.must_not)

    def __str__(self):
        return ' and '.join(f'/{pattern}/' for pattern in self.must)


def matches(expected, answer):
    text = answer.lower()
    return (all(re.search(pattern, text) for pattern in expected.must)
            and not any(re.search(pattern, text) for pattern in expected.must_not))


def pattern(text):
    return Expected((text,))


def without(text):
    return Expected((), (text,))


def words(vocabulary, *wanted):
    """Every wanted word of the vocabulary and none of its others."""
    return Expected(tuple(rf'\b({vocabulary[word]})\b' for word in wanted),
                    tuple(rf'\b({text})\b' for word, text in vocabulary.items() if word not in wanted))


def colour(*wanted):
    return words(COLOURS, *wanted)


def shape(*wanted):
    return words(SHAPES, *wanted)


def count(wanted):
    return words(COUNTS, wanted)


def size(wanted):
    return words(SIZES, wanted)


def place(*wanted):
    return words(SIDES, *wanted)


def movement(wanted):
    return words(MOVEMENTS, wanted)


def sound(wanted):
    """Rising and falling things are tones, too, and so are beeps for some."""
    allowed = {'rising': ('tone',), 'falling': ('tone',), 'beeps': ('tone',)}.get(wanted, ())
    return words({word: text for word, text in SOUNDS.items() if word not in allowed}, wanted)


def pitch(wanted):
    return words(PITCHES, wanted)


def loudness(wanted):
    return words(LOUDNESSES, wanted)


def solid(wanted):
    return words(SOLIDS, wanted)


def distance(wanted):
    return words(DISTANCES, wanted)


def layout(wanted):
    return words(LAYOUTS, wanted)


def surface(wanted):
    return words(SURFACES, wanted)


def facing(wanted):
    return words(FACINGS, wanted)


def motion(wanted):
    return words(MOTIONS, wanted)


def sight(wanted):
    return words(SIGHTS, wanted)


def thing(colour_word, shape_word):
    """One coloured shape."""
    return colour(colour_word) + shape(shape_word) + without(r'\b(two|three|four|five|[2-5])\b')


def things(how_many, colour_word, shape_word):
    return count(how_many) + colour(colour_word) + shape(shape_word)


def two_things(first, second):
    """Two (colour, shape), in either order."""
    return (colour(first[0], second[0]) + shape(first[1], second[1])
            + pattern(' '.join(first)) + pattern(' '.join(second)))


def in_order(*patterns):
    """One answer that says these things one after the other."""
    return pattern('(?s)' + '.*'.join(f'({text})' for text in patterns))


YES = pattern(r'^\W*yes\b')
NO = pattern(r'^\W*no\b')
EMPTY = pattern(r'\b(empty|nothing|no|none|blank)\b')
CANNOT_TELL = pattern(r"cannot|can't|can not|do not know|don't know|unknown|unclear")
EMPTY_OR_CANNOT_TELL = pattern(f'{EMPTY.must[0]}|{CANNOT_TELL.must[0]}')
COLOURLESS = pattern(rf'\b(no|without|any) colou?r|colou?rless|{CANNOT_TELL.must[0]}')
