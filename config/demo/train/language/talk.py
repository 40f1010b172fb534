"""Talk without a file: greetings, thanks, what the model is, and what it does not know."""
from .grammar import parse_lines, pick, say, typed

SELF = "I am the small demo model of onellmd."
HELP = "Show me a picture, a film, a sound, points, a depth map, a normal map, motion or brain activity."
NO_FILE = "I see no file to answer that."
DO_NOT_KNOW = "I do not know."

_TALK = {
    "hello": ("Hello! " + HELP, """
        [hello|hi|hey|hallo|greetings|howdy]
        [hello|hi|hey] [there|you|model|again|onellmd|assistant|friend]
        good [morning|day|evening|afternoon]
        [hello|hi], [how are you|nice to meet you|are you there|anybody there]
        nice to [meet|see] you
        are you there
        hi there, [assistant|model|how is it going]
        welcome
        how are you [today|doing|]
        how is it going
        how do you do
        what's up
        [test|testing|ping]
        let us [start|begin]
        is [anybody|anyone|somebody] there
        can you hear me
        [good to see you|pleased to meet you]"""),
    "who": (SELF, """
        who are you
        what are you
        [what|which] model are you
        what is your name
        what's your name
        do you have a name
        tell me [who you are|about yourself|your name|what you are]
        please introduce yourself
        introduce yourself
        what kind of [model|program|assistant|thing] are you
        are you a [human|person|robot|machine|program|chatbot|computer|language model]
        are you [ChatGPT|GPT|LLaMA|OneLLM|onellmd|human|real|alive]
        who am I [talking|speaking] to
        who is there
        what should I call you
        how should I call you
        what program is this
        what is this [program|model|server]
        who made you
        who [built|trained|created|wrote] you
        where do you come from
        how [big|large|small|old] are you
        what is [onellmd|OneLLM]"""),
    "can": (HELP, """
        what can you do
        what can you do for me
        what are you able to do
        what are your [abilities|skills|capabilities|functions]
        what do you [do|know|understand]
        what are you good [for|at]
        what can I [ask|do|ask you|send|show you|upload]
        what may I [ask|send|upload]
        what [files|media|inputs|formats|modalities|data] [can I send|can I use|do you take|do you understand]
        what [files|media|inputs|formats|modalities] are supported
        [which|what] [files|media|inputs|kinds of files] do you [accept|know|support]
        what should I [do|send|upload|ask]
        what shall I [do|send|show you]
        how can I use you
        how do I use [you|this]
        how does this work
        how do you work
        [help|help me|help please|I need help|can you help me|please help|could you help me]
        how can you help [me|]
        what is possible here
        what questions can [I ask|you answer]
        give me [an example|some examples|a hint]
        [show me|tell me] what you can do
        tell me [how to use you|how this works]
        can you [see pictures|look at pictures|hear sounds|watch films|read brain scans]
        do you [understand|know] [pictures|sounds|films|images|depth maps]"""),
    "thanks": ("You are welcome.", """
        [thanks|thank you|thx|many thanks|cheers|thanks a lot|thank you very much|thank you so much]
        [thanks|thank you] [for your help|for the answer|for that|my friend]
        [great|good|nice|perfect|wonderful|fine|ok], [thanks|thank you]
        that [was|is] [helpful|great|good|very kind|right|correct|nice]
        well done
        [good|great|nice] [job|work|answer]
        you are [right|great|good|very kind|helpful|nice]
        I [appreciate it|am grateful|like you|like your answers]
        that helps [me|a lot|]
        [very|really] [good|nice|helpful]
        how kind of you"""),
    "goodbye": ("Goodbye!", """
        [bye|goodbye|bye bye|farewell|cheerio|so long]
        [bye|goodbye] [for now|then|my friend|and thanks]
        see you [later|soon|tomorrow|again|]
        good night
        I [must|have to] [go|leave] [now|]
        that [is|was] all [for now|for today|]
        until [next time|tomorrow|later]
        I am [leaving|going now|done|finished]
        have a [nice|good] [day|evening|time|weekend]
        talk to you [later|soon]
        the end
        [quit|exit|stop]"""),
    "unknown": (DO_NOT_KNOW, """
        what is the capital of <country>
        [which|what] city is the capital of <country>
        how many people live in <country>
        where is <country>
        who is the [president|king|queen|chancellor|prime minister] of <country>
        what language do people speak in <country>
        tell me about <country>
        what is the [highest mountain|longest river|largest lake] in [<country>|the world]
        how far is it from <country> to <country>
        what is <digit> [plus|times|minus|divided by] <digit>
        what is <digit> [+|-|*|/] <digit>
        <digit> [+|-|*|x] <digit>
        how much is <digit> [and|plus|times|minus|by] <digit>
        [compute|calculate|add|multiply] <digit> and <digit>
        what is the [square root|cube|square|double|half] of <digit>
        solve x + <digit> = <digit>
        who [wrote|invented|discovered|painted|composed] <work>
        when did <event>
        when was <event_noun>
        why is the [sky blue|grass green|sea salty|sun hot|snow white]
        how [hot|big|old|far away|heavy] is the [sun|moon|earth|universe|sea]
        what is the [speed of light|meaning of life|boiling point of water|distance to the moon|value of pi]
        what is [love|time|gravity|energy|democracy|happiness|electricity|a computer|philosophy|music theory]
        what [time|day|date|year|month] is it
        what is today's date
        what is the weather [like|today|tomorrow|]
        will it rain [tomorrow|today]
        tell me [a joke|a story|something interesting|the news|a fairy tale|a secret|a fact]
        [write|compose|make] [a poem|a song|an essay|a letter|a story] [about <topic>|]
        [write|make] [a program|some code|a function in Python|a web page]
        translate [hello|good morning|cat|house|this sentence|thank you] [into|to] [French|German|Spanish|Latin|Chinese]
        what does [bonjour|Hund|gato|this word|carpe diem] mean
        how do [I|you] [cook rice|bake bread|make coffee|tie a tie|learn to swim|fix a bike|write a book|lose weight]
        what should I [eat|cook|wear|read|buy] [today|tonight|]
        what is your favourite [colour|film|food|book|animal|song]
        do you [like|love|hate] [music|me|people|cats|football|pizza|cheese]
        are you [happy|sad|hungry|tired|bored|in love]
        how do you feel
        do you [dream|sleep|eat|feel pain|have feelings]
        can you [sing|dance|cook|swim|drive|play chess|count to ten|write a poem|tell me a joke]
        who won the [world cup|match|election|race|game] [yesterday|last year|]
        what is the [price|value] of [gold|oil|bread|a bitcoin]
        how many [days are in a year|legs has a spider|planets are there|continents are there|letters has the alphabet]
        how [old|tall|rich] is the [president|queen|pope|tallest man]
        who is [Einstein|Newton|Mozart|Shakespeare|Napoleon|my neighbour|your boss]
        what is a [circle|square|sphere|tone|chord|brain|phone|cat|house|chair]
        what are [atoms|black holes|dinosaurs|prime numbers|vitamins|planets]
        what is [photosynthesis|quantum physics|evolution|a black hole|chemistry]
        explain [relativity|gravity|how engines work|the stock market|evolution|machine learning]
        what is the [opposite|plural|meaning] of [big|good|mouse|word|happy]
        how do you spell [necessary|rhythm|banana]
        which is [better|faster|heavier], [tea or coffee|a car or a train|iron or gold|a cat or a dog]
        is [the earth flat|water wet|gold a metal|a tomato a fruit|Pluto a planet|chess a sport]
        give me [advice|a recipe|a riddle|a quote|a number|a name for my cat]
        [recommend|suggest] [a book|a film|a restaurant|a song]
        what happened [in <year>|yesterday|today|last night]
        where [is my key|can I buy milk|do you live|are my glasses|is the nearest station]
        how much money [do I have|is in my account]
        what am I thinking
        what is my [name|age|address|job]
        [sing|play] [a song|something|some music]
        list [all countries|three fruits|some animals|the planets]
        what do you think [of|about] <topic>
        let us talk about <topic>
        tell me about <topic>
        do you know anything about <topic>
        I [like|hate|love] <topic>
        what is new [in|about] <topic>"""),
}
_NAMES = {
    "country": "[France|Germany|Italy|Spain|China|Japan|India|Brazil|Canada|Egypt|Kenya|"
               "Norway|Poland|Peru|Russia|England]",
    "digit": "[1|2|3|4|5|6|7|8|9|10|12|15|17|20|25|36|48|64|99|100|144|one|two|three|four|five|six|seven]",
    "work": "[Hamlet|Faust|the Odyssey|the Bible|the telephone|the radio|the light bulb|America|"
            "the Mona Lisa|penicillin|gravity|Linux]",
    "event": "[the war end|Rome fall|the wall fall|man land on the moon|Columbus sail|"
             "the Titanic sink|dinosaurs die out]",
    "event_noun": "[the French Revolution|the first world war|Einstein born|"
                  "the computer invented|Rome founded|Linux written]",
    "topic": "[politics|sport|football|the weather|music|history|religion|love|science|cats|books|"
             "art|money|the future|school|cars]",
    "year": "[1066|1492|1789|1848|1914|1945|1969|1989|2000|2020]",
}
_LINES = {kind: parse_lines(lines, _NAMES) for kind, (_, lines) in _TALK.items()}
_SHARES = ("hello", "hello", "who", "who", "can", "can", "thanks", "goodbye", "unknown", "unknown", "unknown",
           "unknown", "unknown", "unknown")
_STATEMENTS = ("hello", "thanks", "goodbye")


def talk(rng):
    """One (kind, question, answer)."""
    kind = pick(rng, _SHARES)
    text = say(rng, pick(rng, _LINES[kind]))
    asks = kind != "thanks" and text.startswith(("wh", "how", "are", "is ", "do ", "can", "will"))
    chance = rng.random()
    if kind not in _STATEMENTS and chance < 0.12:
        text = pick(rng, ("please, ", "hello, ", "tell me: ", "hi! ", "question: ", "so ", "and ")) + text
    elif chance > 0.96:
        text += pick(rng, (" please", ", please")) if kind not in _STATEMENTS else ""
    return kind, typed(rng, text.replace("  ", " ").strip(), "?" if asks else "."), _TALK[kind][0]
