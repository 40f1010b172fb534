"""Motion and brain activity: what is asked of them."""
from .aspects import aspect, check
from .facts import SIGHTS
from .words import caption

ANY_MOTION = {"medium": "[the|this] [recording|motion|data|motion data|sensor data]",
              "who": "[the person|the person|he|she|somebody|someone|the carrier|this person|the user]",
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
            ? what [motion|movement|activity] is [it|this|that]
            ? what kind of [motion|movement|activity] is [it|this|that]
            ? [which|what] [motion|movement|activity] [do you see|can you see|is shown|took place]
            ? [which|what] [motion|movement|activity] [is recorded|was recorded|was measured]
            ? [which|what] [motion|movement|activity] does <medium> show
            ? in what way does <phone> move
            ? what [motion|movement|activity] do the sensors [record|show|measure]
            ? what was [recorded|measured]
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
            yes is <who> @v
            yes is <phone> @v
            yes does it look like @v
            yes is the [motion|movement|activity] @v
            say <phone> is @v
            say it looks like @v
            say the [motion|activity] is @v
            or is it @o
            or is <who> @o
            or is <phone> @o
            or is the [motion|activity] @o
            or what is it, @o
            or which [motion|activity] is it: @o
            or @o""", lambda facts: facts["motion"],
               {"still": "[still|still|at rest|motionless|standing still]", "walking": "walking",
                "running": "[running|running|jogging]",
                "shaking": "[shaking|shaking|being shaken]",
                "turning left": "[turning left|turning left|turning to the left]",
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
            yes does <who> turn @v
            yes is <who> turning @v
            yes did <phone> turn @v
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
            yes is <phone> [lying on a table|left alone|lying around]
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
            yes did <phone> fall
            yes did someone drop <phone>
            yes was <phone> dropped
            yes is <phone> in free fall
            say <phone> falls
            say <phone> was dropped""", ANY_MOTION),
    ],
}

ANY_BRAIN = {"medium": "[the|this] [brain scan|brain activity|scan|fMRI scan|fMRI data]",
             "whom": "[the person|him|her|the subject|the participant]",
             "who": "[the person|the person|he|she|this person|the subject|the participant|somebody|the volunteer]"}
SIGHT_WORDS = {"a face": "[a face|a face|a human face|someone's face]", "a house": "[a house|a house|a building]",
               "a cat": "[a cat|a cat|an animal|a pet]", "a bottle": "a bottle",
               "a chair": "[a chair|a chair|a piece of furniture]", "a shoe": "[a shoe|a shoe|footwear]",
               "scissors": "[scissors|scissors|a pair of scissors]",
               "a scrambled picture": "[a scrambled picture|a scrambled picture|a scrambled image]"}


def _sees(*sights):
    return lambda facts: facts["sees"] in sights


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
            ? what do the eyes of the [person|subject] see
            ? what is before the eyes of the [person|subject]
            ? [what|which] [object|category|picture] does the brain activity [belong to|show|correspond to]
            ? what is being looked at
            ? what is being [seen|viewed]
            ? what was [shown|presented] to <whom>
            ? [what|which] [picture|image|object] was <who> [shown|viewing]
            ? [what|which] [picture|image|object] [is|was] shown to <whom>
            ? what is <who> thinking of
            ? what is on the mind of <whom>
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
