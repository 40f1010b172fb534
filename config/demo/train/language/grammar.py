"""Phrases written as patterns, and the way people type them.

A pattern is text with alternatives, "what [colour|hue] is <it>", where <it> names another pattern. Patterns are taken
apart once, when a module is imported; saying one only walks the tree and draws a branch at every alternative.
A node is a text, a list (alternatives, equally likely) or a tuple (one after the other)."""


def parse(text, names=None):
    """The tree of a pattern; `names` says what <name> stands for."""
    node, rest = _alternatives(text, 0, names or {})
    if rest != len(text):
        raise ValueError(f"unbalanced bracket: {text}")
    return node


def parse_lines(text, names=None):
    """One tree per line of a block of patterns."""
    return [parse(line.strip(), names) for line in text.strip().splitlines() if line.strip()]


def _alternatives(text, at, names):
    options, parts = [], []
    while at < len(text) and text[at] != "]":
        sign = text[at]
        if sign == "|":
            options.append(_sequence(parts))
            parts, at = [], at + 1
        elif sign == "[":
            node, at = _alternatives(text, at + 1, names)
            parts.append(node)
            at += 1
        elif sign == "<":
            end = text.index(">", at)
            parts.append(parse(names[text[at + 1:end]], names))
            at = end + 1
        else:
            end = at
            while end < len(text) and text[end] not in "[]|<":
                end += 1
            parts.append(text[at:end])
            at = end
    options.append(_sequence(parts))
    return (options[0] if len(options) == 1 else options), at


def _sequence(parts):
    return parts[0] if len(parts) == 1 else tuple(parts) if parts else ""


def pick(rng, options):
    return options[int(rng.random() * len(options))]


def say(rng, node):
    """Draws one text from a tree."""
    while type(node) is list:
        node = node[int(rng.random() * len(node))]
    if type(node) is str:
        return node
    return "".join([say(rng, part) for part in node])


def capital(text):
    return text[:1].upper() + text[1:]


def join(words, last):
    """"a, b or c" for last = " or "."""
    return ", ".join(words[:-1]) + last + words[-1] if len(words) > 1 else words[0]


def _typo(rng, text):
    """One letter of one longer word is swapped, lost or doubled."""
    words = text.split(" ")
    at = int(rng.random() * len(words))
    word = words[at]
    if len(word) < 6 or not word.isalpha():
        return text
    i = 1 + int(rng.random() * (len(word) - 3))
    change = rng.random()
    if change < 0.4:
        word = word[:i] + word[i + 1] + word[i] + word[i + 2:]
    elif change < 0.7:
        word = word[:i] + word[i + 1:]
    else:
        word = word[:i] + word[i] + word[i:]
    words[at] = word
    return " ".join(words)


def spell(rng, text):
    """British or American, mostly one of the two throughout."""
    if rng.random() < 0.45:
        text = text.replace("colour", "color").replace("centre", "center")
    if rng.random() < 0.45:
        text = text.replace("grey", "gray")
    return text


def typed(rng, text, mark):
    """A phrase as somebody types it: spelling, capitals, mark at the end or none, rarely a slip."""
    text = spell(rng, text.strip())
    if "  " in text:
        text = " ".join(text.split())
    if rng.random() < 0.03:
        text = _typo(rng, text)
    case = rng.random()
    if case < 0.66:
        text = capital(text)
    elif case < 0.96:
        text = text.lower() if case < 0.85 else text
    elif case < 0.98:
        text = text.upper()
    end = rng.random()
    if text[-1] in ".?!":
        return text[:-1] if end > 0.85 else text
    if mark == "?":
        return text + "?" if end < 0.78 else text + " ?" if end < 0.79 else text + "." if end < 0.82 else text
    return text + "." if end < 0.6 else text + "!" if end < 0.63 else text
