---------------------------- MODULE TokensTraces ----------------------------
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
      [] action = "rest" -> AtRest /\ UNCHANGED vars

\* All variables.
State_ == [document |-> document, queue |-> queue, published |-> published,
           committed |-> committed, unprocessed |-> unprocessed, made |-> made, shut |-> shut,
           received |-> received, process |-> process, budget |-> budget]

\* What a process that reads a document sees of it, who applied what apart. Attempts have other
\* names there, but it is known at which copy each was made.
Listed(names) == [count |-> Cardinality(names), copies |-> {<<n[1], n[2]>> : n \in names}]
Outline(seen) ==
    [version |-> seen.version,
     effects |-> [i \in DOMAIN seen.effects |-> seen.effects[i][1]],
     ledger |-> [i \in DOMAIN seen.ledger |->
        [id |-> seen.ledger[i].id, state |-> seen.ledger[i].state,
         outputs |-> Len(seen.ledger[i].outputs)]],
     registered |-> Listed(seen.registered),
     doomed |-> Listed(seen.doomed)]

\* Whether an attempt is one at a copy.
IsOf(k, name) == <<name[1], name[2]>> = k

Agrees(e, p) ==
    /\ "changed" \in DOMAIN e =>
        \A name \in DOMAIN State_ :
            State_'[name] = IF name \in DOMAIN e.changed THEN e.changed[name] ELSE State_[name]
    /\ "copy" \in DOMAIN e => process'[p].copy = e.copy
    /\ "ended" \in DOMAIN e => queue'[e.ended].isOver # queue[e.ended].isOver
    /\ "read" \in DOMAIN e => Outline(document) = e.read
    /\ "found" \in DOMAIN e => e.found = (Id(p) \in unprocessed)
    /\ "written" \in DOMAIN e => e.written = IF Fits(p) THEN document'.version ELSE 0
    /\ "made" \in DOMAIN e => e.made = CanMake(p)
    /\ "whose" \in DOMAIN e =>
        IF e.action = "undo" THEN IsOf(e.whose, Name(p))
        ELSE \E name \in process[p].left \ process'[p].left : IsOf(e.whose, name)
    /\ "sent" \in DOMAIN e =>
        e.sent = [i \in DOMAIN process[p].outputs |-> process[p].outputs[i].of]
    /\ "tokens" \in DOMAIN e =>
        IF e.action = "rest" THEN e.tokens = Cardinality(unprocessed) + Cardinality(made)
        ELSE /\ Len(e.tokens) = Len(process[p].outputs)
             /\ \A i \in DOMAIN e.tokens :
                    /\ IsOf(e.tokens[i].whose, process[p].outputs[i].token)
                    /\ e.tokens[i].number = process[p].outputs[i].number
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
