------------------------- MODULE OutboxStagedTraces -------------------------
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
EXTENDS OutboxStaged, Recorded

VARIABLES trace, line

Event == Traces[trace][line]

Act(action, p) ==
    CASE action = "receive" -> \E k \in Copy : Receive(p, k)
      [] action = "load" -> Load(p)
      [] action = "fence" -> Fence(p)
      [] action = "look" -> Look(p)
      [] action = "lay" -> Lay(p)
      [] action = "save" -> Save(p)
      [] action = "withdraw" -> Withdraw(p)
      [] action = "unlook" -> Unlook(p)
      [] action = "unlist" -> Unlist(p)
      [] action = "gather" -> Gather(p)
      [] action = "recheck" -> Recheck(p)
      [] action = "send" -> Send(p)
      [] action = "mark" -> Mark(p)
      [] action = "reload" -> Reload(p)
      [] action = "peek" -> Peek(p)
      [] action = "clear" -> Clear(p)
      [] action = "close" -> Close(p)
      [] action = "acknowledge" -> Acknowledge(p)
      [] action = "lost" -> Lost(p)
      [] action = "after" -> After(p)
      [] action = "crash" -> Crash(p)
      [] action = "lease ends" -> \E k \in Copy : LeaseEnds(k)
      [] action = "rest" -> AtRest /\ UNCHANGED vars

\* All variables.
State_ == [document |-> document, pages |-> pages, fences |-> fences, queue |-> queue,
           published |-> published, committed |-> committed, process |-> process,
           budget |-> budget]

\* What a process that reads a document sees of it, who applied what apart. Attempts have other
\* names there, but it is known at which copy each was made.
Outline(seen) ==
    [version |-> seen.version,
     effects |-> [i \in DOMAIN seen.effects |-> seen.effects[i][1]],
     ledger |-> [i \in DOMAIN seen.ledger |->
        [id |-> seen.ledger[i].id, state |-> seen.ledger[i].state,
         outputs |-> IF seen.ledger[i].state = "staged" THEN Pages ELSE 0]]]
At(name) == <<name[1], name[2]>>
Listed(fence) ==
    [state |-> fence.state,
     listed |-> [i \in DOMAIN fence.listed |->
        [of |-> At(fence.listed[i].name), base |-> fence.listed[i].base]]]

\* Whose page it is that a process reads or removes.
Whose(p) ==
    CASE process[p].at = "gather" -> Stage(process[p].document.ledger, Id(p))
      [] process[p].at = "clear" -> Head(process[p].fence.listed).name
      [] OTHER -> Name(p)
IsThere(p) == \E page \in pages : IsPage(page, Whose(p), process[p].page)

Agrees(e, p) ==
    /\ "changed" \in DOMAIN e =>
        \A name \in DOMAIN State_ :
            State_'[name] = IF name \in DOMAIN e.changed THEN e.changed[name] ELSE State_[name]
    /\ "copy" \in DOMAIN e => process'[p].copy = e.copy
    /\ "ended" \in DOMAIN e => queue'[e.ended].isOver # queue[e.ended].isOver
    /\ "read" \in DOMAIN e => Outline(document) = e.read
    /\ "fence" \in DOMAIN e => Listed(fences[Id(p)]) = e.fence
    /\ "fits" \in DOMAIN e => e.fits = FenceFits(p)
    /\ "page" \in DOMAIN e => e.page = process[p].page /\ e.whose = At(Whose(p))
    /\ "found" \in DOMAIN e => e.found = IsThere(p)
    /\ "written" \in DOMAIN e => e.written = IF Fits(p) THEN document'.version ELSE 0
    /\ "sent" \in DOMAIN e =>
        e.sent = [i \in DOMAIN process[p].outputs |-> process[p].outputs[i].of]
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
