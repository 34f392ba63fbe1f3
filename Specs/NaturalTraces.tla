--------------------------- MODULE NaturalTraces ----------------------------
(***************************************************************************)
(* Whether what the code was seen doing is what the spec says.             *)
(*                                                                         *)
(* Module Recorded, which is generated, holds traces: sequences of events, *)
(* each with the action that it is and whose it is.  An event of the       *)
(* checker says what the variables are afterwards, those that change; an   *)
(* event of a real run says what the process saw.                          *)
(*                                                                         *)
(* The trace is chosen in the beginning, and each step has to be its next  *)
(* event.  A trace that can't go on would merely end, so that it must be   *)
(* able to, up to its end, is an invariant: IsAccepted.                    *)
(***************************************************************************)
EXTENDS Natural, Recorded

VARIABLES trace, line

Event == Traces[trace][line]

Act(action, p) ==
    CASE action = "receive" -> \E k \in Copy : Receive(p, k)
      [] action = "load" -> Load(p)
      [] action = "save" -> Save(p)
      [] action = "send" -> Send(p)
      [] action = "acknowledge" -> Acknowledge(p)
      [] action = "lost" -> Lost(p)
      [] action = "after" -> After(p)
      [] action = "crash" -> Crash(p)
      [] action = "lease ends" -> \E k \in Copy : LeaseEnds(k)
      [] action = "rest" -> AtRest /\ UNCHANGED vars

\* All variables.
State_ == [document |-> document, queue |-> queue, published |-> published,
           committed |-> committed, process |-> process, budget |-> budget]

Agrees(e, p) ==
    /\ "changed" \in DOMAIN e =>
        \A name \in DOMAIN State_ :
            State_'[name] = IF name \in DOMAIN e.changed THEN e.changed[name] ELSE State_[name]
    /\ "copy" \in DOMAIN e => process'[p].copy = e.copy
    /\ "ended" \in DOMAIN e => queue'[e.ended].isOver # queue[e.ended].isOver
    /\ "read" \in DOMAIN e => e.read = document
    /\ "written" \in DOMAIN e => e.written = IF Fits(p) THEN document'.version ELSE 0
    /\ "sent" \in DOMAIN e => e.sent = process[p].outputs
    /\ "removed" \in DOMAIN e => e.removed = IsHolder(p)

Follow ==
    /\ line <= Len(Traces[trace])
    /\ Act(Event.action, Event.process)
    /\ Agrees(Event, Event.process)
    /\ line' = line + 1
    /\ UNCHANGED trace

Follows ==
    /\ Init
    /\ trace \in DOMAIN Traces
    /\ line = 1
    /\ [][Follow]_<<vars, trace, line>>

IsAccepted == line <= Len(Traces[trace]) => ENABLED Follow
=============================================================================
