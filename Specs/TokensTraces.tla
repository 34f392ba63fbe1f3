---------------------------- MODULE TokensTraces ----------------------------
(***************************************************************************)
(* Whether what the code was seen doing is what the spec says.             *)
(*                                                                         *)
(* Module Recorded, which is generated, holds traces: sequences of events, *)
(* each with the action that it is, whose it is, and what the variables    *)
(* are afterwards, those that change.                                      *)
(*                                                                         *)
(* The trace is chosen in the beginning, and each step has to be its next  *)
(* event.  A trace that can't go on would merely end, so that it must be   *)
(* able to, up to its end, is an invariant: IsAccepted.                    *)
(***************************************************************************)
EXTENDS Tokens, Recorded

VARIABLES trace, line

Event == Traces[trace][line]

Act(action, p) ==
    CASE action = "receive" -> \E k \in Copy : Receive(p, k)
      [] action = "load" -> Load(p)
      [] action = "check" -> Check(p)
      [] action = "late" -> Late(p)
      [] action = "register" -> Register(p)
      [] action = "make" -> Make(p)
      [] action = "save" -> Save(p)
      [] action = "reread" -> Reread(p)
      [] action = "undo" -> Undo(p)
      [] action = "send" -> Send(p)
      [] action = "consume" -> Consume(p)
      [] action = "revoke" -> Revoke(p)
      [] action = "clear" -> Clear(p)
      [] action = "reload" -> Reload(p)
      [] action = "acknowledge" -> Acknowledge(p)
      [] action = "lost" -> Lost(p)
      [] action = "after" -> After(p)
      [] action = "crash" -> Crash(p)
      [] action = "lease ends" -> \E k \in Copy : LeaseEnds(k)

\* All variables.
State_ == [document |-> document, queue |-> queue, published |-> published,
           committed |-> committed, unprocessed |-> unprocessed, made |-> made, shut |-> shut,
           received |-> received, process |-> process, budget |-> budget]

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
    /\ Init
    /\ trace \in DOMAIN Traces
    /\ line = 1
    /\ [][Follow]_<<vars, trace, line>>

IsAccepted == line <= Len(Traces[trace]) => ENABLED Follow
=============================================================================
