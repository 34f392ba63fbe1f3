"""Whether recorded traces of the code are behaviours of the spec."""

import re
import subprocess

import tlc


def follow(name, scope, traces):
    """Has TLC follow traces. Returns the run."""
    folder = tlc.BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    # In short lines: the time that TLC's parser takes grows with the square of their length.
    (folder / "Recorded.tla").write_text(
        "---- MODULE Recorded ----\nEXTENDS Naturals, TLC\nTraces == <<\n"
        + ",\n".join(traces).replace(", ", ",\n") + "\n>>\n====\n")
    return tlc.Run(name, f"{scope.spec}Traces", scope.constants(), "Follows", ["IsAccepted"],
                   workers=1)


def check(pawl, kind, scope, command):
    """Has the code write traces, and the spec follow them; then once more with a corrupted one.
    Returns the lines that are to be printed, each with whether all is well."""
    name = f"traces-{kind}-{scope.spec}".lower()
    file = tlc.BUILD / f"{name}.txt"
    told = subprocess.run([pawl, "specs", *command, "--to", file], text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if told.returncode:
        return [(f"{kind}, {scope}: {told.stdout.strip()}", False)]
    traces = file.read_text().splitlines()
    run = follow(name, scope, traces)
    what = f"{kind}, {scope}: {len(traces)} traces, {count(traces):,} events"
    faults, missing = befallen(scope, traces)
    what += f", with {faults}"
    if missing:
        return [(f"{what}: of {missing} there has to be one, or nothing is tried", False)]
    if run.is_good:
        what += ", accepted whole"
    else:
        what += "; trace {} can't go on at event {}; see {}".format(*rejected(run), run.log)
    wrong, *place = corrupted(traces)
    found = rejected(follow(name + "-corrupted", scope, wrong))
    return [(what, run.is_good),
            ("{}, {}, with trace {} corrupted in event {}: rejected is trace {}, event {}".format(
                kind, scope.spec, *place, *found), list(found) == place)]


FAULTS = {"crashes": ("crash",), "failures": ("lost", "after"), "redeliveries": ("lease ends",),
          "stale_reads": ("stale",)}


def befallen(scope, traces):
    """How much went wrong, in words; and the kinds of faults that could and did not."""
    numbers = {kind: sum(trace.count(f'action |-> "{action}"') for trace in traces
                         for action in actions)
               for kind, actions in FAULTS.items() if getattr(scope, kind)}
    words = ", ".join(
        f"{number:,} {kind.replace('_', ' ')}" for kind, number in numbers.items())
    return words, " and ".join(kind for kind, number in numbers.items() if not number)


def count(traces):
    return sum(trace.count("action |->") for trace in traces)


def corrupted(traces):
    """The traces, one of them with a number changed that says the version of a document: the last
    such number of the longest trace. And which trace and which event that is."""
    chosen = max(range(len(traces)), key=lambda index: len(traces[index]))
    trace = traces[chosen]
    last = list(re.finditer(r"(version|written) \|-> (\d+)", trace))[-1]
    changed = f"{trace[:last.start(2)]}{int(last[2]) + 1}{trace[last.end(2):]}"
    event = count([trace[:last.start()]])
    return traces[:chosen] + [changed] + traces[chosen + 1:], chosen + 1, event


def rejected(run):
    """The number of the trace that was rejected, and of its event."""
    if run.violated != "IsAccepted":
        return None, None
    trace = re.findall(r"/\\ trace = (\d+)", run.text)
    line = re.findall(r"/\\ line = (\d+)", run.text)
    return int(trace[-1]), int(line[-1])
