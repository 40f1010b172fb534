"""How people name a medium, ask what it is, and ask what it cannot tell."""
from .grammar import parse, parse_lines

#: "the ...", "a ...", how one refers to it in a sentence, what one does with it, and names that fit no other modality.
_NAMES = {
    "image": ("[picture|picture|image|image|photo|drawing|photograph|graphic]",
              "[a picture|an image|a photo|a drawing]", "in", "[look at|see|look closely at]",
              "[picture|image|photo|drawing]"),
    "video": ("[film|video|video|clip|video clip|movie]", "[a film|a video|a clip]", "in", "[look at|watch]",
              "[film|video|movie]"),
    "audio": ("[sound|recording|audio|clip|audio clip|audio file|sound recording]",
              "[a sound|a recording|some audio|an audio clip]", "in", "[listen to|hear|listen closely to]",
              "[sound|audio|sound recording|audio file]"),
    "point": ("[point cloud|set of points|cloud of points|3D object|3D scan|scan|3D model]",
              "[a point cloud|a 3D scan|a cloud of points|a 3D model]", "in", "[look at|see]",
              "[point cloud|3D scan|cloud of points]"),
    "depth": ("[depth map|depth map|depth image|range image|map of depth|depth data]", "[a depth map|a depth image]",
              "in", "[look at|see]", "[depth map|depth image]"),
    "normal": ("[normal map|normal map|map of normals|surface normal map|normal image]",
               "[a normal map|a map of surface normals]", "in", "[look at|see]", "[normal map|map of normals]"),
    "imu": ("[motion|recording|IMU recording|sensor data|IMU data|motion data|movement|phone recording|"
            "motion recording]",
            "[a motion recording|some motion data|sensor data|an IMU recording|data from a phone]", "in",
            "[look at|consider]", "[motion data|IMU data|sensor data|motion recording]"),
    "fmri": ("[brain scan|brain activity|fMRI scan|fMRI data|brain recording|fMRI recording|scan]",
             "[a brain scan|brain activity|fMRI data|an fMRI scan]", "[according to|given|from|based on]",
             "[look at|consider]", "[brain scan|brain activity|fMRI data|fMRI scan]"),
}
THE = {name: parse("[this|the|this|the given]" + " " + words[0]) for name, words in _NAMES.items()}
_NOUNS = {"image": ("picture", "image", "photo", "drawing", "graphic"), "video": ("film", "video", "clip", "movie"),
          "audio": ("sound", "recording", "audio", "clip"), "point": ("cloud", "points", "scan", "model", "3D"),
          "depth": ("map", "image", "depth"), "normal": ("map", "normal"),
          "imu": ("recording", "data", "motion", "movement"), "fmri": ("scan", "brain", "fMRI", "recording")}
A = {name: parse(words[1]) for name, words in _NAMES.items()}
IN = {name: parse(words[2]) for name, words in _NAMES.items()}
LOOK = {name: parse(words[3]) for name, words in _NAMES.items()}
SURE = {name: parse(words[4]) for name, words in _NAMES.items()}
#: Exactly as the daemon writes the task "caption", and as the paper calls depth and normal maps.
TASK_WORDS = {"image": ("image",), "video": ("video",), "audio": ("audio",), "point": ("point", "point cloud"),
              "depth": ("depth", "rgbd", "depth map"), "normal": ("normal", "rgbn", "normal map"), "imu": ("imu",),
              "fmri": ("fmri",)}
OWN_TASKS = {"point": "What is this?", "imu": "Describe the motion.",
             "fmri": "Describe the scene based on fMRI data."}



def names_medium(modality, text):
    """Does the text say what medium it is about?"""
    for noun in _NOUNS[modality]:
        if noun in text:
            return True
    return False


_DESCRIBE = """
describe <m>
describe <m>
describe <m> [briefly|shortly|for me|in one sentence|in a few words|in words|in full|in detail|fully|as well as you can]
describe what [you see|is shown|there is|is in <m>|happens]
describe [it|this|the content|the scene]
describe [it|this] [briefly|in one sentence|in full|for me|completely]
describe the content[s|] of <m>
[give|write|provide|make|produce] [a|a short|a full|a one-sentence|a brief|a complete] [caption|description|summary]
[give|write|provide|make] [a|a short|a full|a one-sentence|a brief] [caption|description|summary] [for|of] <m>
[give|write|provide] me [a|a short|a full|a one-sentence] [caption|description] [of|for] <m>
provide a one-sentence caption for <m>
provide a caption for <m>
caption <m>
caption [this|it]
write a caption
[summarise|summarize|sum up] <m>
[summarise|sum up] what [is shown|you find|there is] in one sentence
put <m> into words
put [this|it] into words
say in one sentence what <m> [is about|contains]
[a|one] sentence about <m>
tell me [everything|all|all that you know] about <m>
describe <m> to somebody who [cannot see it|has no access to it]
caption please
description of <m>
full description
"""
_DESCRIBE_ASKED = """
can you describe <m>
could you [please|] describe <m> [for me|in one sentence|]
would you describe [it|this|<m>]
will you describe <m>
what would be a [good|fitting|short] caption for <m>
how would you describe <m>
how would you describe [it|this] [in one sentence|in words|]
how can <m> be described
can you [give|write] [a|me a] [caption|description] [for|of] <m>
could you caption <m>
what is a good [caption|description] for <m>
what would you write under <m>
can you put <m> into words
can you sum up <m>
how would you caption <m>
"""
_WHAT = """
what is this
what's this
what is [this|it|that]
what's [it|that]
what [do|can] you [see|make out|recognise|notice]
what is [shown|there|visible|to be seen]
what can be [seen|made out|recognised]
what is in <m>
what's in <m>
what is [shown|seen|visible|to see] in <m>
what does <m> show
what does <m> contain
what [do|can] you see in <m>
what am I looking at
what have we here
what do we have here
what is the content of <m>
what is <m> of
what is <m>
what do I see
what can I see
what could this be
what is depicted
what is [depicted|displayed] in <m>
"""
_WHAT_TOLD = """
tell me what [this|it] is
tell me what you [see|recognise]
tell me what is [shown|there|in <m>]
say what [you see|this is|is there|it is]
identify [this|it]
name what you see
name what is [shown|there|in <m>]
I want to know what this is
let me know what [this|it] is
I wonder what this is
recognise what is in <m>
can you tell what this is
can you tell me what [this is|is in <m>|<m> shows]
do you know what this is
do you recognise [this|it]
I would like to know what [you see|<m> shows]
"""
_WHAT_MORE = {
    "image": """
        what [object|thing] is [this|shown|there|in <m>]
        which [object|thing] is [this|shown|in <m>]
        what [object|objects|things] [do|can] you see
        what [was|is] drawn [here|in <m>|]
        what has been drawn [here|]
        name the [object|objects|thing]
        identify the [object|objects|thing|things]
        tell me which [object is|objects are] [shown|there|in <m>]
        what is on <m>
        what is the main object""",
    "video": """
        what happens [here|in <m>|]
        what is happening [here|in <m>|]
        what is going on [here|in <m>|]
        what goes on [in <m>|here]
        what takes place
        tell me what happens
        say what happens in <m>
        what action is shown
        what do you see happen""",
    "audio": """
        what [do|can] you hear
        what do you hear in <m>
        what can be heard
        what is [heard|to be heard|sounding|playing]
        what sounds there
        what does [it|this] sound like
        what does <m> sound like
        tell me what you hear
        say what you hear
        describe what you hear
        describe the [sound|noise|recording]
        name the sound
        identify the sound
        what am I hearing
        what is this sound
        what is that noise
        what happens in <m>
        I would like to know what you hear""",
    "point": """
        what object is [this|shown|it]
        what [object|thing] do the points [show|form|represent]
        which 3D object is this
        what is this [object|thing]
        name the object
        identify the 3D object
        what has been scanned
        what do the points represent
        tell me which object it is""",
    "depth": """
        what is shown in depth
        what scene is this
        what lies in front of the camera
        what does the scene look like
        what is before the camera
        how is the scene [made up|laid out]
        what is the layout of the scene
        identify the scene
        what do the depths show""",
    "normal": """
        what do the normals show
        what surface is this
        which surface is [this|shown]
        identify the surface
        name the surface
        what surface has these normals
        what does the scene look like
        what do the surface normals tell you""",
    "imu": """
        what happens [here|]
        what is happening
        what is going on
        what happened
        what do the sensors [say|tell|show]
        describe the [motion|movement|activity]
        describe how the phone moves
        describe what the person does
        caption the motion
        which motion is this
        name the [motion|activity]
        identify the [motion|movement|activity]
        what motion was recorded
        what do you make of the motion
        what does the accelerometer tell""",
    "fmri": """
        describe the scene based on fMRI data
        describe the scene based on <m>
        describe what the person sees
        what scene is this
        what does the brain activity [show|mean|tell you]
        what do the voxels [show|tell you|mean]
        what [object|scene] fits <m>
        decode <m>
        read <m>
        what can you read from <m>
        what is in the mind of the person
        which category is this
        identify what the person sees
        guess what the person sees
        what was the stimulus""",
}
#: Of sounds one asks what is heard.
_HEARD = (("you [see|", "you [hear|"), ("you see", "you hear"), ("[seen|made out", "[heard|made out"),
          ("looking at", "listening to"), ("I see", "I hear"),
          ("[shown|there|visible|to be seen]", "[there|to be heard]"),
          ("[shown|seen|visible|to see]", "[heard|to hear|there]"), ("is depicted", "is to be heard"),
          ("[depicted|displayed]", "[recorded|heard]"))
DESCRIBE, WHAT = {}, {}
for _name, _words in _NAMES.items():
    _asked = _WHAT
    if _name == "audio":
        for _seen, _heard in _HEARD:
            _asked = _asked.replace(_seen, _heard)
    _names = {"m": "[this|the|this|the provided|the given|the] " + _words[0]}
    DESCRIBE[_name] = (parse_lines(_DESCRIBE, _names), parse_lines(_DESCRIBE_ASKED, _names))
    WHAT[_name] = (parse_lines(_asked + _WHAT_MORE[_name], _names), parse_lines(_WHAT_TOLD, _names))

_NEVER_KNOWN = """
how much does [it|this|that] cost
what does [it|this] cost
what is the price
who made [this|it]
who [created|produced|owns] [this|it]
who is the [author|owner|maker]
when was [this|it] [made|recorded|created]
[what|which] day was it
how old is [it|this]
where was [this|it] [made|recorded|created]
in which [country|city|town] was it made
why was [this|it] [made|recorded|created]
what is the [purpose|meaning|history] of [it|this]
what does it [smell|taste] like
how much does it weigh
how heavy is it
what is it made of
what [material|substance] is it made of
how warm is it
what is the temperature
what is the name of the [owner|maker|author]
does it taste good
is it expensive
is it [old or new|for sale|heavy or light]
do people like it
which company made it
what happened [before|after] [this|that]
what [comes|will come] next
who gave it to you
how long did it take to make
"""
_UNKNOWN_HERE = {
    "image": """
        what does [it|this|the object|the picture] sound like
        how loud is [it|the object]
        what sound does [it|this] make
        how [fast|quickly] does it move
        what is behind it
        how far away is it
        what can you hear
        what is the pitch of it
        is somebody speaking
        what is on the back""",
    "video": """
        what does [it|this|the film] sound like
        how loud is [it|the film]
        what sound does [it|this] make
        how [fast|quickly] does it move
        what is its speed
        does it move to the left or to the right
        is it growing or is it shrinking
        how far away is it
        what is the pitch of it
        how [big|large] is it
        where is it
        what colour is the background
        how long is the film
        what is in the background""",
    "audio": """
        what colour is [it|this|the sound]
        which colour does [it|the sound] have
        what shape is [it|this]
        how [big|large] is it
        where is it
        what does it look like
        what does the [place|room|speaker] look like
        what size is it
        is it [red or blue|green or yellow|round or square|a circle or a square]
        what is the name of the speaker
        what is its colour
        how long is it
        how long does it last
        who is [speaking|playing]
        what is [the person saying|being said]
        [which|what] instrument is it
        is it on the left or on the right""",
    "point": """
        what does [it|this|the object] sound like
        how loud is it
        what sound does it make
        how [fast|quickly] does it move
        what is inside of it
        what is the pitch of it
        how [big|large] is it
        where is it
        what size is it
        is it walking or running
        what is in the background""",
    "depth": """
        what colour is [it|this|the surface|the wall|the object]
        which colour does [it|the wall|the object] have
        what does it sound like
        what is its colour
        what is behind the [wall|object]
        how loud is it
        how [fast|quickly] does it move
        is it [red or blue|green or yellow|black or white]
        what sound does it make
        what is written on it""",
    "normal": """
        what colour is [it|this|the surface|the plane|the object]
        which colour does [it|the surface] have
        what does it sound like
        what is its colour
        what is behind it
        how loud is it
        how far away is it
        how [big|large] is it
        how [fast|quickly] does it move
        is it [red or blue|green or yellow|black or white]
        what is written on it""",
    "imu": """
        what colour is [it|this|the phone]
        which colour does [it|the phone] have
        what does it sound like
        what does the person look like
        what is the name of the person
        what is its colour
        what shape is it
        where is the person
        how old is the person
        what does the person wear
        how [big|large] is [it|the phone]
        how loud is it
        how fast is it
        how many steps are there
        what can the person see
        is it [red or blue|green or yellow|round or square]""",
    "fmri": """
        what colour is [it|this|the thing]
        which colour does [it|the thing] have
        what does it sound like
        what does the person hear
        what is the name of the person
        how old is the person
        how [big|large] is it
        where is it
        what size is it
        what does the person [want|feel|wear]
        is the person [happy or sad|awake or asleep|healthy or ill]
        what is its colour
        is it [red or blue|green or yellow|on the left or on the right]""",
}
UNKNOWABLE = {name: parse_lines(_NEVER_KNOWN + lines + lines) for name, lines in _UNKNOWN_HERE.items()}

