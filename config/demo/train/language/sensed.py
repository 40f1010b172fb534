"""Sounds, depth and normal maps, motion and brain activity: what is asked of them."""
from .aspects import aspect, check
from .facts import SIGHTS
from .words import NOTHING_TO_HEAR, NUMBERS, caption

ANY_SOUND = {"medium": "[the|this] [sound|recording|audio|clip|audio clip]",
             "snd": "[it|it|the sound|the sound|this|this sound|the tone|the audio]"}


def _unless_silent(answer):
    return lambda facts: NOTHING_TO_HEAR if facts["sound"] == "silence" else answer(facts)


def _direction(facts):
    if facts["sound"] in ("noise", "speech"):
        return None
    return {"rising": "it rises", "falling": "it falls"}.get(facts["sound"], "it stays the same")


AUDIO = {
    "aspects": [
        aspect("sound", lambda facts: caption(facts), """
            ? what kind of [sound|noise|audio] is [it|this|that]
            ? what sort of sound is [it|this|that]
            ? what type of sound is [it|this]
            ? [which|what] sound is [it|this|that]
            ? what sound [do you hear|can you hear|can be heard|is heard|is there]
            ? what makes up the sound
            n the kind of sound
            n the type of sound
            n the sound [that you hear|in <medium>]
            c what kind of sound [it|this] is
            c which sound it is
            c what sound you hear
            yes is [it|this|that|the sound] @v
            yes do you hear @v
            yes can @v be heard
            yes can you hear @v
            yes does <medium> contain @v
            say [it|this|the sound] is @v
            say @v can be heard
            say there is @v
            or is [it|this|that|the sound] @o
            or do you hear @o
            or what do you hear, @o
            or what is it: @o
            or @o""", lambda facts: facts["sound"],
               {"tone": "a [steady|constant] tone", "rising": "[a rising tone|a rising tone|an upward sweep]",
                "falling": "[a falling tone|a falling tone|a downward sweep]", "noise": "[noise|noise|static|hiss]",
                "beeps": "[beeping|a series of beeps|a row of beeps|beeping]", "chord": "[a chord|a chord|several notes at once]",
                "speech": "[speech|a person speaking|someone speaking|a voice|someone talking]",
                "silence": "[silence|silence|nothing]"}, ANY_SOUND),
        aspect("pitch", lambda facts: facts["pitch"], """
            ? how high is <snd>
            ? how [high or low|low or high|deep or high] is <snd>
            ? what pitch [is|has] <snd>
            ? what pitch does <snd> have
            ? [which|what] [frequency|register|range] is <snd> in
            ? what is the [pitch|frequency] of <snd>
            ? what is [the|its] [pitch|frequency]
            ? how is the [pitch|frequency]
            ? at what [pitch|frequency] is <snd>
            ? in which [range|register] is the pitch
            n the [pitch|frequency] of <snd>
            n [its|the] [pitch|frequency]
            n the pitch level
            n the tone height
            c how high <snd> is
            c what pitch <snd> has
            c what the [pitch|frequency] is
            c how [high or low|low or high] <snd> is
            yes is <snd> @v
            yes is the [pitch|frequency] @v
            yes would you call <snd> @v
            yes does <snd> have a @v pitch
            say <snd> is @v
            say the [pitch|frequency] is @v
            say <snd> has a @v pitch
            or is <snd> @o
            or is the [pitch|frequency] @o
            or does <snd> have a @o pitch
            or @o""", lambda facts: facts["pitch"],
               {"low": "[low|low|deep|low-pitched]", "middle": "[middle|medium|mid]", "high": "[high|high|high-pitched]"},
               ANY_SOUND),
        aspect("direction", _unless_silent(_direction), """
            ? does the [pitch|tone|sound|frequency] [rise or fall|go up or down|fall or rise|go down or up|change]
            ? is the [pitch|tone|frequency] [rising or falling|going up or down|ascending or descending]
            ? how does the [pitch|tone|sound|frequency] [change|develop|move]
            ? what does the [pitch|tone|sound|frequency] do
            ? [which|what] way does the [pitch|tone|sound|frequency] [go|move]
            ? in [which|what] direction does the [pitch|tone|sound] [go|move]
            ? what happens to the [pitch|tone|sound|frequency]
            ? where does the pitch go
            ? does <snd> [rise, fall or stay the same|go up, down or neither]
            ? how does <snd> go on
            n the direction of the [pitch|tone|sound|sweep]
            n the [movement|change|course] of the [pitch|tone|frequency]
            n how the pitch changes
            c how the [pitch|tone|sound] changes
            c what the [pitch|tone|sound] does
            c [which|what] way the [pitch|tone] goes
            c whether the [pitch|tone] [rises or falls|goes up or down]
            yes does the [pitch|tone|frequency] @v
            yes do you hear the [pitch|tone] @v
            yes can one hear the [pitch|tone] @v
            say the [pitch|tone|frequency] seems to @v
            say one hears the [pitch|tone] @v
            or does the [pitch|tone|sound] @o
            or what does the pitch do, @o
            or what happens, does the tone @o""",
               lambda facts: {"it rises": "up", "it falls": "down", "it stays the same": "same"}.get(_direction(facts)),
               {"up": "[rise|rise|go up|ascend|get higher]", "down": "[fall|fall|go down|descend|get lower]",
                "same": "[stay the same|stay level|keep its height|stay constant]"}, ANY_SOUND),
        aspect("count", lambda facts: NUMBERS[facts["count"] or 0], """
            ? how many beeps are there
            ? how many beeps [do you hear|can you hear|can be heard|were there]
            ? how many [beeps|signals|pips] does <medium> [have|contain]
            ? how many times does it beep
            ? how often does it beep
            ? how many beeps
            ? what is the number of beeps
            ? count the beeps
            ? please count the [beeps|signals]
            ? what number of beeps is heard
            n the number of [beeps|beeping sounds]
            n the count of beeps
            n how many beeps there are
            c how many beeps [there are|you hear|are heard|can be heard]
            c how many times it beeps
            c how often it beeps
            yes are there @v beeps
            yes do you hear @v beeps
            yes does it beep @v times
            say there are @v beeps
            say it beeps @v times
            say the number of beeps is @v
            or are there @o beeps
            or do you hear @o beeps
            or how many beeps are there, @o""", lambda facts: facts["count"],
               {2: "[two|2]", 3: "[three|3]", 4: "[four|4]", 5: "[five|5]"}, ANY_SOUND),
        aspect("loudness", _unless_silent(lambda facts: facts["loudness"]), """
            ? how loud is <snd>
            ? how [loud or quiet|quiet or loud|soft or loud] is <snd>
            ? what is the [volume|loudness|sound level] [of <snd>|]
            ? what volume does <snd> have
            ? at what volume is it [played|recorded]
            ? how much volume does <snd> have
            ? how strong is <snd>
            ? is <snd> [loud or quiet|quiet or loud|loud or soft]
            n the [volume|loudness] of <snd>
            n [the|its] [volume|loudness]
            n the sound level
            c how loud <snd> is
            c what volume <snd> has
            c what the [volume|loudness] is
            c whether <snd> is [loud or quiet|quiet or loud]
            yes is <snd> @v
            yes is the volume @v
            yes would you call <snd> @v
            say <snd> is @v
            say the volume is @v
            or is <snd> @o
            or is the volume @o
            or @o""", lambda facts: facts["loudness"],
               {"quiet": "[quiet|quiet|soft|faint|low in volume]", "loud": "[loud|loud|noisy and loud|high in volume]"},
               ANY_SOUND),
    ],
    "checks": [
        check(lambda facts: facts["sound"] == "speech", """
            yes is [anybody|anyone|somebody|someone|a person|a human] [speaking|talking]
            yes does [anybody|anyone|somebody|a person] [speak|talk|say something]
            yes do you hear [a voice|speech|somebody speaking|a person|words|a human voice]
            yes is there [a voice|speech|any speech|someone speaking]
            yes is it a [voice|human voice]
            say [somebody|someone|a person] is [speaking|talking]
            say there is [a voice|speech]
            say one hears a [voice|person]"""),
        check(lambda facts: facts["sound"] != "silence", """
            yes is there [any|a|] sound
            yes do you hear [anything|something|a sound]
            yes can you hear [anything|something|a sound]
            yes is [anything|something] to be heard
            yes is there anything to hear
            yes does <medium> contain [any|a] sound
            say there is [a sound|something to hear]
            say one can hear something""", ANY_SOUND),
        check(lambda facts: facts["sound"] == "silence", """
            yes is it [silent|quiet all the time|completely silent]
            yes is <medium> [silent|empty]
            yes is there [silence|only silence|nothing to hear]
            say it is silent
            say <medium> is [silent|empty]
            say there is nothing to hear""", ANY_SOUND),
        check(lambda facts: facts["sound"] == "beeps", """
            yes does it beep
            yes are there [beeps|any beeps]
            yes do you hear [beeps|beeping]
            say it beeps
            say there are beeps"""),
    ],
}

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


SIDE = """
? [which|what] side is @n
? [which|what] [part|end|edge|half] is @n
? [which|what] side [of <wall>|of <medium>] is @n
? [which|what] [part|half] [of <wall>|of <medium>] is @n
? where is <wall> @n
? where is it @n
? on which side is <wall> @n
? what is @n
? what is @n to the [camera|viewer]
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
DEPTH = {
    "aspects": [
        aspect("nearer", _nearer, SIDE.replace("@n", "<n>"), lambda facts: SIDE_VALUE.get(_nearer(facts)), SIDE_WORDS,
               {**ANY_DEPTH, "n": NEAR}),
        aspect("farther", _farther, SIDE.replace("@n", "<n>"), lambda facts: SIDE_VALUE.get(_farther(facts)),
               SIDE_WORDS, {**ANY_DEPTH, "n": FAR}),
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
               {"near": "[near|near|close|nearer than the rest]", "far": "[far|far away|far away|distant]"}, ANY_DEPTH),
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
            yes is [every part|every point] of <wall> at the same distance
            yes does the distance stay the same everywhere
            say everything is equally far away
            say every part of <wall> is at the same distance""", ANY_DEPTH),
    ],
}


def _depth_place(facts):
    return {"left": "on the left", "middle": "in the middle", "right": "on the right"}[facts["place"]]


ANY_NORMAL = {"medium": "[the|this] [normal map|normal map|map|map of normals]",
              "plane": "[it|the surface|the surface|the plane|this|this surface|the plane]"}
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
    ],
    "checks": [
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

ANY_MOTION = {"medium": "[the|this] [recording|motion|data|motion data|sensor data]",
              "who": "[the person|the person|he|she|somebody|the carrier|this person|the user]",
              "phone": "[the phone|the phone|the device|the sensor|it|it|the IMU]"}


def _turn(facts):
    motion = facts["motion"]
    return motion[8:] if motion.startswith("turning") else "it does not turn"


IMU = {
    "aspects": [
        aspect("motion", lambda facts: facts["motion"], """
            ? what is <who> doing
            ? what does <who> do
            ? what was <who> doing
            ? how is <who> moving
            ? how does <who> move
            ? how is <phone> moving
            ? how does <phone> move
            ? what happens to <phone>
            ? what is happening to <phone>
            ? what is <phone> doing
            ? what [motion|movement] is [it|this|that]
            ? what kind of [motion|movement|activity] is [it|this|that]
            ? [which|what] [motion|movement|activity] [do you see|can you see|is recorded|was recorded|is shown|took place]
            ? [which|what] [motion|movement|activity] does <medium> show
            ? in what way does <phone> move
            ? what sort of [motion|movement|activity] is [it|this]
            n the [motion|movement|activity]
            n the [motion|movement] of <phone>
            n the activity of <who>
            n the kind of [motion|movement|activity]
            n the type of [motion|activity]
            c what <who> is doing
            c what <who> does
            c how <who> is moving
            c how <phone> moves
            c what happens to <phone>
            c what kind of [motion|movement|activity] it is
            yes is <who> @w
            yes is <phone> @v
            yes does it look like @v
            yes is the [motion|movement|activity] @v
            say <phone> is @v
            say it looks like @v
            say the [motion|activity] is @v
            or is it @o
            or is the [motion|activity] @o
            or what is it, @o
            or which [motion|activity] is it: @o
            or @o""".replace("@w", "@v"), lambda facts: facts["motion"],
               {"still": "[still|still|at rest|motionless]", "walking": "walking", "running": "[running|running|jogging]",
                "shaking": "[shaking|shaking|being shaken]", "turning left": "[turning left|turning left|turning to the left]",
                "turning right": "[turning right|turning right|turning to the right]",
                "falling": "[falling|falling|in free fall]"}, ANY_MOTION),
        aspect("turn", _turn, """
            ? [which|what] way does <phone> turn
            ? [which|what] way is <phone> turning
            ? [which|what] way does <who> turn
            ? in [which|what] direction does <phone> [turn|rotate|spin]
            ? to [which|what] side does <phone> turn
            ? where does <phone> turn
            ? does <phone> turn [left or right|right or left|to the left or to the right]
            ? is <phone> turning [left or right|right or left]
            ? [which|what] direction is the [turn|rotation]
            ? what is the direction of the [turn|rotation]
            ? how does <phone> turn
            n the direction of the [turn|rotation|spin]
            n the turning direction
            n the side to which <phone> turns
            n the sense of rotation
            c [which|what] way <phone> turns
            c in [which|what] direction <phone> turns
            c to which side <phone> turns
            c whether <phone> turns [left or right|right or left]
            yes does <phone> turn @v
            yes is <phone> turning @v
            yes is there a turn @v
            say <phone> turns @v
            say <phone> is turning @v
            or does <phone> turn @o
            or is <phone> turning @o
            or which way does <phone> turn, @o""",
               lambda facts: _turn(facts) if _turn(facts) in ("left", "right") else None,
               {"left": "[left|left|to the left]", "right": "[right|right|to the right]"}, ANY_MOTION),
    ],
    "checks": [
        check(lambda facts: facts["motion"] != "still", """
            yes is <phone> moving
            yes does <phone> move
            yes is <phone> in motion
            yes is there [any|some|] [motion|movement]
            yes does [anything|something] move
            yes is <who> moving
            say <phone> is moving
            say <phone> moves
            say there is [motion|movement]""", ANY_MOTION),
        check(lambda facts: facts["motion"] == "still", """
            yes does <phone> [rest|lie still|stay still|keep still]
            yes is <phone> [lying|] [still|motionless|at rest]
            yes is everything still
            say <phone> [rests|lies still|does not move]
            say there is no [motion|movement]""", ANY_MOTION),
        check(lambda facts: facts["motion"].startswith("turning"), """
            yes is <phone> [turning|rotating]
            yes does <phone> [turn|rotate]
            yes is there a [turn|rotation]
            say <phone> [turns|rotates]
            say <phone> is turning""", ANY_MOTION),
        check(lambda facts: facts["motion"] in ("walking", "running"), """
            yes is <who> on foot
            yes does <who> take steps
            yes are there [steps|footsteps]
            say <who> takes steps
            say <who> is on foot""", ANY_MOTION),
        check(lambda facts: facts["motion"] == "falling", """
            yes does <phone> fall
            yes was <phone> dropped
            yes is <phone> in free fall
            say <phone> falls
            say <phone> was dropped""", ANY_MOTION),
    ],
}

ANY_BRAIN = {"medium": "[the|this] [brain scan|brain activity|scan|fMRI scan|fMRI data]",
             "who": "[the person|the person|he|she|this person|the subject|the participant|somebody|the volunteer]"}
SIGHT_WORDS = {"a face": "[a face|a face|a human face|someone's face]", "a house": "[a house|a house|a building]",
               "a cat": "[a cat|a cat|an animal|a pet]", "a bottle": "a bottle",
               "a chair": "[a chair|a chair|a piece of furniture]", "a shoe": "[a shoe|a shoe|footwear]",
               "scissors": "[scissors|scissors|a pair of scissors]",
               "a scrambled picture": "[a scrambled picture|a scrambled picture|a scrambled image]"}


def _sees(*sights):
    return lambda facts: facts["sees"] in sights if facts["sees"] else None


FMRI = {
    "aspects": [
        aspect("sees", lambda facts: caption(facts), """
            ? what does <who> see
            ? what is <who> seeing
            ? what is <who> looking at
            ? what does <who> look at
            ? what did <who> [see|look at]
            ? what is <who> [shown|being shown|viewing|watching]
            ? what was <who> [shown|looking at|seeing]
            ? what does the brain see
            ? what [object|thing|picture|category] does <who> see
            ? [which|what] [object|thing|picture|kind of picture] is <who> looking at
            ? what is in front of <who>
            ? what do the eyes of <who> see
            ? what is before the eyes of <who>
            ? what [object|category] does the brain activity [belong to|show]
            ? what is being looked at
            ? what is being seen
            ? what stimulus was [shown|used|presented]
            n what <who> sees
            n the [object|thing] that <who> sees
            n the [stimulus|category]
            n the [object|picture] that <who> is looking at
            n the thing [being looked at|in view]
            c what <who> sees
            c what <who> is looking at
            c what <who> was shown
            c [which|what] object <who> sees
            c what is being looked at
            yes is it @v
            yes does <who> see @v
            yes is <who> looking at @v
            yes did <who> see @v
            yes was <who> shown @v
            yes is <who> shown @v
            say <who> sees @v
            say <who> is looking at @v
            say it is @v
            say <who> was shown @v
            or does <who> see @o
            or is <who> looking at @o
            or is it @o
            or what does <who> see, @o
            or @o""", lambda facts: facts["sees"], {key: SIGHT_WORDS[key] for key in SIGHTS}, ANY_BRAIN),
    ],
    "checks": [
        check(_sees("a cat"), """
            yes is it [an animal|a pet|a living animal]
            yes does <who> see an animal
            yes is <who> looking at an animal
            say <who> sees an animal
            say it is an animal""", ANY_BRAIN),
        check(_sees("a face"), """
            yes is it [a person|somebody|a human|human]
            yes does <who> see [a person|somebody|a human]
            yes is <who> looking at [a person|somebody|someone]
            say <who> sees [a person|somebody]
            say it is [a person|somebody]""", ANY_BRAIN),
        check(_sees("a house"), """
            yes is it a building
            yes does <who> see a building
            yes is <who> looking at a building
            say <who> sees a building""", ANY_BRAIN),
        check(_sees("a shoe"), """
            yes is it something to wear
            yes does <who> see [something to wear|footwear]
            say it is something to wear""", ANY_BRAIN),
        check(_sees("scissors"), """
            yes is it a tool
            yes does <who> see a tool
            say it is a tool
            say <who> sees a tool""", ANY_BRAIN),
        check(_sees("a chair"), """
            yes is it furniture
            yes does <who> see [furniture|something to sit on]
            say it is something to sit on""", ANY_BRAIN),
    ],
}
