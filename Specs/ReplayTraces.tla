---------------------------- MODULE ReplayTraces ----------------------------
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
EXTENDS Replay, Recorded

VARIABLES
    trace, line,
    clock       \* in a real run: what time it was for which attempt, as far as it was seen

Event == Traces[trace][line]

Act(action, p) ==
    CASE action = "receive" -> \E k \in Copy : Receive(p, k)
      [] action = "look" -> Look(p)
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
State_ == [document |-> document, premises |-> premises, queue |-> queue, published |-> published,
           committed |-> committed, process |-> process, budget |-> budget]

\* What a process sees of effects: of which messages they are, who applied them apart.
Outline(effects) == [i \in DOMAIN effects |-> effects[i][1]]

\* What is saved, as the store says it: whether, and as which version of the entity.
Saved(p) == [version |-> IF CanSave(p) /\ IsWriting(p) THEN document'.version ELSE 0,
             isSaved |-> CanSave(p)]

\* What a message says of its cause, the state that was given, and its own id.
Said(output) == [of |-> output.of, given |-> Outline(output.given), id |-> output.id]

\* All that an attempt makes has the attempt's time, whoever makes it again.
Times(e, p) ==
    CASE "time" \in DOMAIN e -> {<<Attempt(p), e.time>>}
      [] "times" \in DOMAIN e ->
            {<<process[p].outputs[i].by, e.times[i]>> : i \in DOMAIN process[p].outputs}
      [] OTHER -> {}

Agrees(e, p) ==
    /\ "changed" \in DOMAIN e =>
        \A name \in DOMAIN State_ :
            State_'[name] = IF name \in DOMAIN e.changed THEN e.changed[name] ELSE State_[name]
    /\ "copy" \in DOMAIN e => process'[p].copy = e.copy
    /\ "ended" \in DOMAIN e => queue'[e.ended].isOver # queue[e.ended].isOver
    /\ "found" \in DOMAIN e => e.found = \E premise \in premises : premise.id = Id(p)
    /\ "read" \in DOMAIN e =>
        e.read = [version |-> document.version, effects |-> Outline(document.effects)]
    /\ "saved" \in DOMAIN e => e.saved = Saved(p)
    /\ "given" \in DOMAIN e => \A premise \in process[p].premise : Outline(premise.given) = e.given
    /\ "sent" \in DOMAIN e =>
        e.sent = [i \in DOMAIN process[p].outputs |-> Said(process[p].outputs[i])]
    /\ "removed" \in DOMAIN e => e.removed = IsHolder(p)

Follow ==
    /\ line <= Len(Traces[trace])
    /\ Act(Event.action, Event.process)
    /\ Agrees(Event, Event.process)
    /\ clock' = clock \cup Times(Event, Event.process)
    /\ \A one, other \in clock' : one[1] = other[1] => one = other
    /\ line' = line + 1
    /\ UNCHANGED trace

Follows ==
    /\ Init
    /\ trace \in DOMAIN Traces
    /\ line = 1
    /\ clock = {}
    /\ [][Follow]_<<vars, trace, line, clock>>

IsAccepted == line <= Len(Traces[trace]) => ENABLED Follow
=============================================================================
