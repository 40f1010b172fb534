"""Sounds: what is asked of them."""
from .aspects import aspect, check
from .words import NOTHING_TO_HEAR, NUMBERS, UNKNOWN, caption

ANY_SOUND = {"medium": "[the|this] [sound|recording|audio|clip|audio clip]",
             "snd": "[it|it|the sound|the sound|this|this sound|the tone|the audio]"}


def _unless_silent(answer):
    return lambda facts: NOTHING_TO_HEAR if facts["sound"] == "silence" else answer(facts)


def _direction(facts):
    if facts["sound"] in ("noise", "speech"):
        return None
    return {"rising": "it rises", "falling": "it falls"}.get(facts["sound"], "it stays the same")


def _pitch(facts):
    if facts["pitch"]:
        return facts["pitch"]
    return _direction(facts) if facts["sound"] in ("rising", "falling") else UNKNOWN


def _turns(facts, answer):
    found = _unless_silent(_direction)(facts)
    return None if found in (None, NOTHING_TO_HEAR) else found == answer


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
                "falling": "[a falling tone|a falling tone|a downward sweep]",
                "noise": "[noise|noise|static|hiss|white noise]",
                "beeps": "[beeping|a series of beeps|a row of beeps|beeping]",
                "chord": "[a chord|a chord|several notes at once]",
                "speech": "[speech|a person speaking|someone speaking|a voice|someone talking]",
                "silence": "[silence|silence|nothing]"}, ANY_SOUND),
        aspect("pitch", _unless_silent(_pitch), """
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
            or is it a @o [tone|sound]
            or is this a @o [tone|sound]
            or is the [pitch|frequency] @o
            or does <snd> have a @o pitch
            or @o""", lambda facts: facts["pitch"],
               {"low": "[low|low|deep|low-pitched]", "middle": "[middle|medium|mid]",
                "high": "[high|high|high-pitched]"},
               ANY_SOUND),
        aspect("direction", _unless_silent(_direction), """
            ? does the [pitch|tone|sound|frequency] [rise or fall|go up or down|fall or rise|go down or up|change]
            ? is [it|the sound|the pitch|the tone|the frequency] [rising or falling|falling or rising]
            ? is [it|the sound|the pitch|the tone|the frequency] [going up or down|ascending or descending]
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
               {"quiet": "[quiet|quiet|soft|faint]", "loud": "[loud|loud|loud|very loud]"},
               ANY_SOUND),
    ],
    "checks": [
        check(lambda facts: _turns(facts, "it rises"), """
            yes is the [pitch|tone|sound|frequency] [rising|going up|ascending|getting higher]
            yes is it [rising|going up|ascending]
            yes does it [rise|go up|get higher]
            say the [pitch|tone|sound] [is rising|rises|goes up]
            say it [rises|is rising]"""),
        check(lambda facts: _turns(facts, "it falls"), """
            yes is the [pitch|tone|sound|frequency] [falling|going down|descending|getting lower]
            yes is it [falling|going down|descending]
            yes does it [fall|go down|get lower]
            say the [pitch|tone|sound] [is falling|falls|goes down]
            say it [falls|is falling]"""),
        check(lambda facts: _turns(facts, "it stays the same"), """
            yes is the [pitch|tone|frequency] [steady|constant|level|always the same]
            yes does the [pitch|tone] stay [the same|constant|level]
            say the [pitch|tone] is [steady|constant]
            say the [pitch|tone] [stays the same|does not change]"""),
        check(lambda facts: {"tone": True, "chord": False}.get(facts["sound"]), """
            yes is it [a single|just one|only one] [note|tone]
            yes do you hear [a single|only one|just one] [note|tone]
            say it is [a single|just one] [note|tone]"""),
        check(lambda facts: facts["sound"] == "chord", """
            yes do several [notes|tones] sound [at once|together|at the same time]
            yes are there several [notes|tones] at [once|the same time]
            say several [notes|tones] sound [together|at once]"""),
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
            yes is it [silent|completely silent|absolutely silent]
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
