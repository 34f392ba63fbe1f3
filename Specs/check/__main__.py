"""Checks the specs, and compares the code with them: python3 -B Specs/check PAWL [PART...]

PAWL is the program `pawl`, which writes down what the code does. The parts are states, larger,
mutants and traces; without one, all. `make specs` gets all that is needed and calls this."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import comparing
import scopes
import tlc
import tracing


def main(pawl, *chosen):
    start = time.time()
    tlc.get()
    parts = {
        "states": ("The same states: the code and its spec, in the same scope", compared),
        "larger": ("Larger scopes, the specs alone", larger),
        "mutants": ("Mistakes in the specs, and what rejects each", mutants),
        "traces": ("Traces of the code, followed by the specs", traces)}
    results = []
    for name in chosen or parts:
        title, part = parts[name]
        print(f"\n{title}\n", flush=True)
        for line, is_good in part(pawl):
            results.append(is_good)
            print(("  ok    " if is_good else "  WRONG ") + line, flush=True)
    wrong = results.count(False)
    print(f"\n{len(results)} checks, {wrong} wrong, {time.time() - start:.0f} s")
    return 1 if wrong else 0


def at_once(work, items):
    """Two at a time, in order."""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(work, items)


def compared(pawl):
    """The specs in the scopes in which the code is compared with them."""
    yield from at_once(
        lambda item: comparing.compare(pawl, f"compared-{item[0]}", item[1]),
        enumerate(scopes.COMPARED))
    yield from at_once(
        lambda item: comparing.compare(pawl, f"within-{item[0]}", item[1], is_within=True),
        enumerate(scopes.WITHIN))
    for mutant, scope in scopes.DIFFERENT:
        name = f"different-{scope.spec}-{mutant.split()[0]}"
        line, is_same = comparing.compare(pawl, name, scope, mutant)
        lines = line.split("\n")
        is_told = not is_same and len(lines) > 1
        yield (f"{lines[0]}, with the mistake {mutant}, which has to show: "
               + (lines[1].strip() if is_told else "it does not")), is_told


def larger(_):
    """The specs in scopes that the code can't exhaust so fast."""
    for number, scope in enumerate(scopes.LARGER):
        run = tlc.Run(f"larger-{number}", scope.spec, scope.constants(),
                      scopes.SPECIFICATION[scope.spec], *scope.properties())
        if run.is_good:
            yield f"{scope}: {run.states:,}", True
        else:
            yield f"{scope}: {run.violated or 'an error'}; see {run.log}", False


def mutants(_):
    """The specs with mistakes in them."""
    def check(mutant):
        name, scope, expected = mutant
        # Two specs may each have a mistake of that name.
        folder = f"mutant-{scope.spec}-{name.split()[0]}".lower()
        run = tlc.Run(folder, scope.spec, scope.constants(name),
                      scopes.SPECIFICATION[scope.spec], *scope.properties(name), workers=1)
        found = run.violated or f"nothing; see {run.log}"
        steps = f", {len(run.actions) - 1} steps" if len(run.actions) > 1 else ""
        expectation = "" if found == expected else f" (expected: {expected})"
        return f"{name}: {found}{expectation}{steps}. {scope}", found == expected
    return at_once(check, scopes.MUTANTS)


def traces(pawl):
    """Traces of the checker and of real runs; and that a corrupted one is rejected."""
    for lines in at_once(lambda item: tracing.check(pawl, *item), scopes.TRACED):
        yield from lines


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
