---------------------------- MODULE SessionTraces ----------------------------
(***************************************************************************)
(* Whether what the code was seen doing is what the spec says; as module   *)
(* OutboxTraces, with traces of the checker only.                          *)
(***************************************************************************)
EXTENDS Session, Recorded

VARIABLES trace, line

Event == Traces[trace][line]

Act(action, p) ==
    CASE action = "time" -> Tick
      [] action = "lease ends" -> \E k \in Copy : LeaseEnds(k) /\ UNCHANGED others
      [] action = "lost" ->
            IF p \in Sessions THEN SubmitLost(p)
            ELSE IF IsMessage(p) THEN Lost(p) /\ UNCHANGED others ELSE CompleteLost(p)
      [] action = "after" ->
            IF p \in Sessions THEN SubmitAfter(p)
            ELSE IF IsMessage(p) THEN After(p) /\ UNCHANGED others ELSE CompleteAfter(p)
      [] action = "crash" ->
            IF p \in Sessions THEN SubmitCrash(p)
            ELSE IF IsMessage(p) THEN Crash(p) /\ UNCHANGED others ELSE CompleteCrash(p)
      \* Which of its steps it is follows from where it waits.
      [] OTHER -> /\ process[p].at = action
                  /\ IF p \in Sessions THEN SessionStep(p) ELSE ConsumerStep(p)

\* All variables.
State_ == [document |-> document, queue |-> queue, published |-> published,
           committed |-> committed, process |-> process, budget |-> budget,
           announcements |-> announcements, carried |-> carried, now |-> now, delays |-> delays]

Agrees(e) ==
    \A name \in DOMAIN State_ :
        State_'[name] = IF name \in DOMAIN e.changed THEN e.changed[name] ELSE State_[name]

Follow ==
    /\ line <= Len(Traces[trace])
    /\ Act(Event.action, Event.process)
    /\ Agrees(Event)
    /\ line' = line + 1
    /\ UNCHANGED trace

Follows ==
    /\ SessionInit
    /\ trace \in DOMAIN Traces
    /\ line = 1
    /\ [][Follow]_<<all, trace, line>>

IsAccepted == line <= Len(Traces[trace]) => ENABLED Follow
=============================================================================
