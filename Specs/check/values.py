"""TLA+ values as text, brought into one form: records and functions sorted by their arguments, sets
by their elements. A record is a function of strings, and is written as one or the other."""

import re
from functools import lru_cache

TOKEN = re.compile(r'"[^"]*"|<<|>>|\|->|:>|@@|[\[\](){},]|-?\w+')


@lru_cache(maxsize=200_000)
def canonical(text):
    """The one form of a value."""
    tokens = TOKEN.findall(text)
    value, end = _value(tokens, 0)
    if end != len(tokens):
        raise ValueError(f"{text!r} is more than one value")
    return value


def _value(tokens, at):
    token = tokens[at]
    if token == "[":
        return _pairs(tokens, at + 1, "]", "|->", ",", lambda name: f'"{name}"')
    if token == "(":
        return _pairs(tokens, at + 1, ")", ":>", "@@", None)
    if token == "{":
        values, at = _values(tokens, at + 1, "}")
        return "{" + ", ".join(sorted(values)) + "}", at
    if token == "<<":
        values, at = _values(tokens, at + 1, ">>")
        return "<<" + ", ".join(values) + ">>", at
    return token, at + 1


def _values(tokens, at, end):
    values = []
    while tokens[at] != end:
        value, at = _value(tokens, at)
        values.append(value)
        if tokens[at] == ",":
            at += 1
    return values, at + 1


def _pairs(tokens, at, end, arrow, separator, quoted):
    pairs = []
    while tokens[at] != end:
        argument, at = _value(tokens, at)
        if tokens[at] != arrow:
            raise ValueError(f"{arrow} expected, found {tokens[at]}")
        value, at = _value(tokens, at + 1)
        pairs.append(f"{quoted(argument) if quoted else argument} :> {value}")
        if tokens[at] == separator:
            at += 1
    return "(" + " @@ ".join(sorted(pairs)) + ")", at + 1


def state(variables):
    """The one form of a state, from pairs of names and values."""
    return "\n".join(sorted(f"/\\ {name} = {canonical(value)}" for name, value in variables))


def dumped(path):
    """The states in a file that TLC's -dump has written, each with its text there."""
    states = {}
    with open(path) as file:
        for block in file.read().split("State ")[1:]:
            text = block[block.index(":") + 1 :].strip()
            variables = [line.split(" = ", 1) for line in re.split(r"(?:^|\n)/\\ ", text)[1:]]
            states[state((name, " ".join(value.split())) for name, value in variables)] = text
    return states


def written(path):
    """The states in a file that `pawl specs states` has written, each with the way to it."""
    states, ways = {}, {}
    with open(path) as file:
        for line in file:
            number, before, step, *variables = line.rstrip("\n").split("\t")
            ways[number] = [step] if number == before else ways[before] + [step]
            states[state(variable.split(" = ", 1) for variable in variables)] = ways[number]
    return states
