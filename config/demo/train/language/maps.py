"""Depth maps and normal maps: what is asked of them."""
from .aspects import aspect, check

ANY_DEPTH = {"medium": "[the|this] [depth map|depth map|map|range image|depth image]",
             "wall": "[it|the surface|the surface|the wall|this|the plane]",
             "dthing": "[it|the object|the object|the thing|the item]"}
SIDES = {"left": "the left side", "right": "the right side", "top": "the top", "bottom": "the bottom"}
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
SIDE_WORDS = {"left": "[the left side|the left|the left half]", "right": "[the right side|the right|the right half]",
              "top": "[the top|the upper side|the upper half]", "bottom": "[the bottom|the lower side|the lower half]"}


def _nearer(facts):
    if facts["layout"] == "slanted":
        return SIDES[facts["nearer"]]
    return "neither" if facts["layout"] == "flat" else None


def _farther(facts):
    if facts["layout"] == "slanted":
        return SIDES[OPPOSITE[facts["nearer"]]]
    return "neither" if facts["layout"] == "flat" else None


def _depth_object(answer):
    return lambda facts: answer(facts) if facts["layout"] == "object" else "there is no object"


def _nearest(facts):
    return {"near": "the object", "far": "the background"}[facts["object"]] if facts["object"] else _nearer(facts)


SIDE = """
? [which|what] side is @n
? [which|what] [part|end|edge|half] is @n
? [which|what] side [of <wall>|of <medium>] is @n
? [which|what] [part|half] [of <wall>|of <medium>] is @n
? where is <wall> @n
? where is it @n
? on which side is <wall> @n
? what is @n
n the side that is @n
n the [part|half|end] that is @n
n the @n side
n the @n part of <wall>
c which side is @n
c [which|what] part [of <wall>|] is @n
c on which side <wall> is @n
c where <wall> is @n
yes is @v @n
yes is @v of <wall> @n
yes does @v look @n
say @v is @n
say @v of <wall> is @n
say @v looks @n
or is @o @n
or which side is @n, @o
or what is @n: @o
"""
NEAR = "[nearer|nearest|closer|closest|nearer|nearer to the camera|closer to the camera|closer to the viewer]"
FAR = "[farther away|farther|further away|more distant|most distant|farthest|farther from the camera]"
SIDE_VALUE = {"the left side": "left", "the right side": "right", "the top": "top", "the bottom": "bottom"}


def _nearer_than(side):
    """Is one side nearer than the opposite one, which is not so of surfaces that slant the other way?"""
    return check(lambda facts: None if facts["layout"] == "object" else facts["nearer"] == side, f"""
        yes is {SIDES[side]} [closer|nearer] than {SIDES[OPPOSITE[side]]}
        yes is {SIDES[OPPOSITE[side]]} [farther away|farther|further away|more distant] than {SIDES[side]}
        say {SIDES[side]} is [closer|nearer] than {SIDES[OPPOSITE[side]]}
        say {SIDES[OPPOSITE[side]]} is [farther away|farther] than {SIDES[side]}""")


DEPTH = {
    "aspects": [
        aspect("nearer", _nearer, SIDE.replace("@n", "<n>"), lambda facts: SIDE_VALUE.get(_nearer(facts)), SIDE_WORDS,
               {**ANY_DEPTH, "n": NEAR}),
        aspect("farther", _farther, SIDE.replace("@n", "<n>"), lambda facts: SIDE_VALUE.get(_farther(facts)),
               SIDE_WORDS, {**ANY_DEPTH, "n": FAR}),
        aspect("nearest", _nearest, """
            ? what is [nearest|closest]
            ? what is [nearest|closest] to the [camera|viewer]
            ? [which|what] [thing|part] is [nearest|closest] [to the camera|to me|]
            ? what is in front
            ? what is in the foreground
            ? what comes first in depth
            ? what has the smallest distance
            ? what lies [nearest|closest]
            n what is [nearest|closest]
            n the nearest [thing|part]
            n the [closest|nearest] thing in <medium>
            c what is [nearest|closest]
            c what is [nearest|closest] to the [camera|viewer]
            c what has the smallest distance""", names=ANY_DEPTH),
        aspect("slant", lambda facts: None if facts["layout"] == "object" else facts["layout"], """
            ? is <wall> [flat or slanted|slanted or flat|flat or tilted|straight or slanted|level or inclined]
            ? how does <wall> [lie|stand|run]
            ? how is <wall> [oriented|placed|inclined|tilted]
            ? what is the [slope|slant|orientation] of <wall>
            ? what kind of surface is it
            ? what kind of surface [is this|do you see|is shown]
            ? what is the surface like
            ? how would you describe the slope of <wall>
            n the [slope|slant|orientation] of <wall>
            n the kind of surface
            n the inclination of <wall>
            c whether <wall> is [flat or slanted|slanted or flat|flat or tilted]
            c what kind of surface it is
            c how <wall> is [oriented|inclined]
            yes is <wall> @v
            yes is it a @v surface
            yes does <wall> look @v
            say <wall> is @v
            say it is a @v surface
            say <wall> looks @v
            or is <wall> @o
            or is it a @o surface
            or @o""", lambda facts: None if facts["layout"] == "object" else facts["layout"],
               {"flat": "[flat|flat|even]", "slanted": "[slanted|slanted|tilted|inclined|sloping]"}, ANY_DEPTH),
        aspect("distance", _depth_object(lambda facts: facts["object"]), """
            ? is <dthing> [near or far|near or far away|close or far away|close or distant|far or near]
            ? how [far|near|far away|close] is <dthing>
            ? what is the distance of <dthing>
            ? at what distance is <dthing>
            ? how distant is <dthing>
            ? is <dthing> [nearer or farther than the rest|in front of or behind the rest]
            n the distance of <dthing>
            n how far away <dthing> is
            n the distance to <dthing>
            c how far [away|] <dthing> is
            c whether <dthing> is [near or far|close or far away]
            c at what distance <dthing> is
            yes is <dthing> @v
            yes does <dthing> look @v
            yes is there [an object|a thing|something] that is @v
            say <dthing> is @v
            say there is [an object|a thing|something] that is @v
            or is <dthing> @o
            or how far away is <dthing>, @o
            or is there something @o""", lambda facts: facts["object"],
               {"near": "[near|near|close|nearer than the rest]", "far": "[far|far|far away|distant]"}, ANY_DEPTH),
        aspect("place", _depth_object(lambda facts: _depth_place(facts)), """
            ? where is <dthing>
            ? where is <dthing> [located|placed|situated]
            ? where do you see <dthing>
            ? where can I find <dthing>
            ? in which [part|area] of <medium> is <dthing>
            ? at [what|which] [place|position] is <dthing>
            ? what is the [position|location|place] of <dthing>
            ? on which side is <dthing>
            ? what is its [position|location]
            ? whereabouts is <dthing>
            n the [position|location|place] of <dthing>
            n its [position|location|place]
            n the place where <dthing> is
            c where <dthing> is
            c where you see <dthing>
            c where in <medium> <dthing> is
            c on which side <dthing> is
            yes is <dthing> @v
            yes is there [an object|something] @v
            yes do you see <dthing> @v
            say <dthing> is @v
            say there is [an object|something] @v
            or is <dthing> @o
            or where is <dthing>, @o
            or @o""", lambda facts: facts["place"],
               {"left": "on the left", "middle": "in the [middle|centre]", "right": "on the right"}, ANY_DEPTH),
    ],
    "checks": [
        *(_nearer_than(side) for side in SIDES),
        check(lambda facts: facts["object"] == "near" if facts["object"] else None, """
            yes is there [an object|something] in front
            yes is <dthing> [closer|nearer] than [the background|the rest|what is around it]
            yes is <dthing> in front of the [background|rest]
            yes does <dthing> stick out
            say <dthing> is [closer|nearer] than [the background|the rest]
            say <dthing> is in front of the background""", ANY_DEPTH),
        check(lambda facts: facts["layout"] == "object", """
            yes is there [an|any] object
            yes is there [a thing|something] that [sticks out|stands out]
            yes do you see [an|any] object
            yes does <medium> show an object
            yes can you see an object
            say there is an object
            say <medium> shows an object
            say an object can be seen""", ANY_DEPTH),
        check(lambda facts: None if facts["layout"] == "object" else facts["layout"] == "flat", """
            yes is everything equally far away
            yes is the [depth|distance] [constant|the same everywhere|uniform]
            yes is [every part|every point] of <wall> at the same distance
            yes does the distance stay the same everywhere
            say everything is equally far away
            say every part of <wall> is at the same distance""", ANY_DEPTH),
    ],
}


def _depth_place(facts):
    return {"left": "on the left", "middle": "in the middle", "right": "on the right"}[facts["place"]]


ANY_NORMAL = {"medium": "[the|this] [normal map|normal map|map|map of normals]",
              "plane": "[it|the surface|the surface|the plane|this|this surface|the plane|the wall]"}
NORMAL = {
    "aspects": [
        aspect("faces", lambda facts: {"viewer": "toward the viewer", None: "in all directions"}.get(facts["faces"],
                                                                                               facts["faces"]), """
            ? [which|what] way does <plane> face
            ? [which|what] way is <plane> facing
            ? in [which|what] direction does <plane> [face|point|look]
            ? what direction does <plane> face
            ? where does <plane> [face|point|look]
            ? where is <plane> [facing|pointing|looking]
            ? [which|what] direction is <plane> [facing|turned to|pointing in]
            ? to [which|what] side does <plane> [face|point|turn]
            ? how is <plane> [oriented|turned|tilted|inclined]
            ? what is the orientation of <plane>
            ? where do the normals point
            ? in [which|what] direction do the normals point
            ? [which|what] way do the normals point
            ? in [which|what] direction are the normals [pointing|turned]
            ? [which|what] way are the normals pointing
            ? how is <plane> oriented in space
            n the direction that <plane> faces
            n the direction of the normals
            n the orientation of <plane>
            n the way <plane> faces
            n where <plane> faces
            c [which|what] way <plane> faces
            c where <plane> is facing
            c in [which|what] direction <plane> points
            c where the normals point
            c how <plane> is oriented
            yes does <plane> face @v
            yes is <plane> facing @v
            yes does <plane> point @v
            yes do the normals point @v
            yes is <plane> turned @v
            say <plane> faces @v
            say <plane> is facing @v
            say the normals point @v
            or does <plane> face @o
            or is <plane> facing @o
            or which way does <plane> face, @o
            or do the normals point @o
            or @o""", lambda facts: facts["faces"],
               {"left": "[left|left|to the left]", "right": "[right|right|to the right]",
                "up": "[up|up|upward|upwards]", "down": "[down|down|downward|downwards]",
                "viewer": "[toward the viewer|toward the viewer|towards the viewer|toward the camera|to the front]"},
               ANY_NORMAL),
        aspect("surface", lambda facts: "a " + facts["surface"], """
            ? what kind of surface [is it|is this|is shown|do you see]
            ? what shape [is it|is this|is the surface|does it have|does the surface have]
            ? what form does <plane> have
            ? what is the shape of the surface
            ? how is the surface shaped
            ? is the surface [flat or round|round or flat|flat or curved|curved or flat]
            ? is it [flat or round|round or flat|curved or plane]
            ? what [body|surface|shape] do the normals [show|belong to]
            n the kind of surface
            n the shape of the surface
            n the shape
            n the form of the surface
            c what kind of surface it is
            c what shape [it|the surface] has
            c whether [it|the surface] is [flat or round|round or flat|flat or curved]
            yes is [it|this|the surface] @v
            yes do you see @v
            yes do the normals show @v
            yes does <medium> show @v
            say [it|this|the surface] is @v
            say <medium> shows @v
            say the normals belong to @v
            or is [it|this|the surface] @o
            or do you see @o
            or what is it, @o
            or @o""", lambda facts: facts["surface"],
               {"plane": "[a plane|a plane|a flat surface]", "sphere": "[a sphere|a sphere|a ball]"}, ANY_NORMAL),
        aspect("round", lambda facts: "a sphere" if facts["surface"] == "sphere" else "nothing", """
            ? what is [round|curved|spherical]
            ? [which|what] [object|thing|surface] is [round|curved]
            ? what is [round|curved] in <medium>
            ? what round thing [is there|do you see]
            n what is [round|curved]
            n the [round|curved] thing
            c what is [round|curved]
            c [which|what] [object|thing] is [round|curved]""", names=ANY_NORMAL),
    ],
    "checks": [
        check(lambda facts: facts["faces"] == "viewer" if facts["faces"] else None, """
            yes is <plane> facing [me|us|the viewer|the camera]
            yes does <plane> face [me|us|the viewer|the camera]
            yes do the normals point at [me|the viewer|the camera]
            say <plane> faces [me|the viewer|the camera]
            say <plane> is facing [me|the viewer|the camera]""", ANY_NORMAL),
        check(lambda facts: facts["surface"] == "sphere", """
            yes is [it|the surface|this] [round|curved|ball-shaped|spherical]
            yes do the normals point in many directions
            yes is there a ball
            say [it|the surface|this] is [round|curved|spherical]
            say the normals point in many directions"""),
        check(lambda facts: facts["surface"] == "plane", """
            yes is [it|the surface|this] [flat|even|completely flat]
            yes do all normals point the same way
            yes is there a flat surface
            say [it|the surface|this] is [flat|even]
            say all normals point the same way"""),
    ],
}
