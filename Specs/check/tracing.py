"""Whether recorded traces of the code are behaviours of the spec."""

import re

import tlc


def follow(name, scope, traces):
    """Has TLC follow traces. Returns the run."""
    folder = tlc.BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Recorded.tla").write_text(
        "---- MODULE Recorded ----\nEXTENDS Naturals, TLC\nTraces == <<\n"
        + ",\n".join(traces) + "\n>>\n====\n")
    return tlc.Run(name, f"{scope.spec}Traces", scope.constants(), "Follows", ["IsAccepted"],
                   workers=1)


def events(traces):
    return sum(trace.count("action |->") for trace in traces)


def corrupted(traces):
    """The traces, one of them with a number changed that says the version of a document: the last
    such number of the longest trace."""
    chosen = max(range(len(traces)), key=lambda index: len(traces[index]))
    trace = traces[chosen]
    last = list(re.finditer(r"(version|written) \|-> (\d+)", trace))[-1]
    changed = f"{trace[:last.start(2)]}{int(last[2]) + 1}{trace[last.end(2):]}"
    return traces[:chosen] + [changed] + traces[chosen + 1:], chosen + 1


def rejected(run):
    """The number of the trace that was rejected, and its event."""
    if run.violated != "IsAccepted":
        return None, None
    trace = re.findall(r"/\\ trace = (\d+)", run.text)
    line = re.findall(r"/\\ line = (\d+)", run.text)
    return int(trace[-1]), int(line[-1])
