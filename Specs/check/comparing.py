"""Whether code and spec reach the same states, and what is told of a difference."""

import subprocess

import tlc
import values
from scopes import SPECIFICATION


def compare(pawl, name, scope, mutant="none", is_within=False):
    """Checks the spec in a scope, and compares its states with the code's. Returns the line that
    is to be printed, and whether they are the same, or at least the code's are states of the spec.
    A spec with a mistake is only compared."""
    properties = scope.properties() if mutant == "none" else ()
    run = tlc.Run(name, scope.spec, scope.constants(mutant), SPECIFICATION[scope.spec],
                  *properties, dump=True, workers=1)
    if not run.is_good:
        return f"{scope}: {run.violated or 'an error'}; see {run.log}", False
    file = tlc.BUILD / name / "code.txt"
    told = subprocess.run([pawl, "specs", "states", *scope.options, "--to", file], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    if told.returncode:
        return f"{scope}: {told.stdout.strip()}", False
    spec, code = values.dumped(run.dump), values.written(file)
    checker = int(told.stdout.split("of ")[1].split()[0])
    line = f"{scope}: code {len(code):,}, spec {len(spec):,} (the checker tells {checker:,} apart)"
    only_code, only_spec = code.keys() - spec.keys(), spec.keys() - code.keys()
    if not only_code and not only_spec:
        return line, True
    if is_within and not only_code:
        return line + ", which has all of the code's", True
    return line + difference(scope, mutant, code, spec, only_code, only_spec), False


def difference(scope, mutant, code, spec, only_code, only_spec):
    """Some states that only one side has, with the shortest way there."""
    lines = ["", f"  Only the code has {len(only_code):,}, only the spec {len(only_spec):,}."]
    for state in sorted(only_code, key=lambda state: len(code[state]))[:3]:
        lines += ["  Only the code, after " + ", ".join(code[state][1:]), indented(state)]
    for state in sorted(only_spec)[:3]:
        lines += ["  Only the spec, after " + ", ".join(way(scope, mutant, spec[state])),
                  indented(state)]
    return "\n".join(lines)


def indented(state):
    return "\n".join("    " + line for line in state.split("\n"))


def way(scope, mutant, state):
    """The actions that lead to a state on a shortest path: TLC shows that it is not unreachable."""
    folder = tlc.BUILD / "way"
    folder.mkdir(parents=True, exist_ok=True)
    module = folder / "Way.tla"
    conjuncts = "\n    ".join(state.split("\n"))
    module.write_text(
        f"---- MODULE Way ----\nEXTENDS {scope.spec}{', TLC' if scope.spec != 'Session' else ''}\n"
        f"IsElsewhere == ~(\n    {conjuncts})\n====\n")
    run = tlc.Run("way", module, scope.constants(mutant), SPECIFICATION[scope.spec],
                  ["IsElsewhere"])
    return run.actions[1:] or [f"?; see {run.log}"]
