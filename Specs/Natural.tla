------------------------------ MODULE Natural ------------------------------
(***************************************************************************)
(* Natural: Sources/Pawl/Deduplication/Natural.swift.                      *)
(*                                                                         *)
(* Nothing is remembered of a message.  Copies are handled like the first  *)
(* one.  To apply a message twice is to apply it once, and what it causes  *)
(* follows from the message alone: that is up to the handlers.  Then it    *)
(* all ends as if there were no copies:                                    *)
(*                                                                         *)
(*   1. load the entity                                                    *)
(*   2. handle the message; save the state, unless it is what it was       *)
(*   3. send, whether it was saved just now or before                      *)
(*   4. acknowledge the message                                            *)
(*                                                                         *)
(* One action is one call of the algorithm, answered.  Between two answers *)
(* a process only computes.  Calls fail, processes die, leases end.        *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Consumers,      \* the processes that consume, for example {"c1", "c2"}
    Messages,       \* the messages, for example {"m1", "m2"}
    Copies,         \* how many copies of "m1" are in the queue; of all others, one
    Outputs,        \* how many messages each message causes
    Crashes,        \* how many processes die
    Failures,       \* how many calls fail
    Redeliveries,   \* how many leases end although their holder is at work
    Mutant          \* "none", or the mistake that is made

VARIABLES
    document,       \* the entity: [version, facts]; there is none at version 0
    queue,          \* of each copy: [state, holder, isOver]
    published,      \* the different messages that were sent
    committed,      \* the facts that were saved at some time
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries]

vars == <<document, queue, published, committed, process, budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

NoDocument == [version |-> 0, facts |-> {}]

\* Where a process waits ("at", named as the steps are) and what it has in hand: the copy that it
\* handles, the document that it is about to write, with the version that this is to replace, and
\* the messages that it is about to send. (Those follow from the message, so there is no need to have
\* them in hand before.)
Idle == [at |-> "receive", copy |-> <<>>, document |-> NoDocument, outputs |-> <<>>]

Id(p) == process[p].copy[1]

\* The handler adds a fact: a message, and that it has happened once. h1: how often it has.
Fact(p, seen) ==
    <<Id(p), IF Mutant = "h1 counted" THEN Cardinality({f \in seen : f[1] = Id(p)}) + 1 ELSE 1>>

\* What it sends, it says of the message. h2: it says how much has happened so far.
Made(p, seen) == [i \in 1..Outputs |->
    [of |-> Id(p), number |-> i,
     says |-> IF Mutant = "h2 output-of-the-state" THEN Cardinality(seen) ELSE 0]]

-----------------------------------------------------------------------------
(* What calls do, however they end *)

\* A write replaces the version that it names, or nothing.
Fits(p) == process[p].document.version = document.version \/ Mutant = "n2 blind-commit"

\* What the call does that a process waits in: of the messages that it is to send, with the first n.
Does(p, n) ==
    /\ document' = IF process[p].at = "save" /\ Fits(p)
                   THEN [process[p].document EXCEPT !.version = document.version + 1]
                   ELSE document
    /\ committed' = committed \cup document'.facts
    /\ published' = IF process[p].at = "send"
                    THEN published \cup {process[p].outputs[i] : i \in 1..n} ELSE published

IsHolder(p) ==
    /\ process[p].copy \in Copy
    /\ queue[process[p].copy].state = "held"
    /\ queue[process[p].copy].holder = p
Acknowledges(p) ==
    queue' = IF IsHolder(p)
             THEN [queue EXCEPT ![process[p].copy] =
                    [state |-> "gone", holder |-> "", isOver |-> FALSE]]
             ELSE queue

\* A process that failed lets go of its message at once.
GivesBack(p) ==
    /\ queue' = IF IsHolder(p)
                THEN [queue EXCEPT ![process[p].copy] =
                        [state |-> "waiting", holder |-> "", isOver |-> FALSE]]
                ELSE queue
    /\ process' = [process EXCEPT ![p] = Idle]

\* A call of a process that waits there is answered; what the process has in hand then.
Answered(p, step) ==
    process[p].at = step /\ Does(p, Len(process[p].outputs)) /\ UNCHANGED budget
Continues(p, hand) == process' = [process EXCEPT ![p] = hand] /\ UNCHANGED queue

-----------------------------------------------------------------------------
(* The steps *)

IsVisible(k) == queue[k].state = "waiting" \/ queue[k].isOver

\* The message is delivered, under a lease.
Receive(c, k) ==
    /\ process[c].at = "receive"
    /\ IsVisible(k)
    /\ queue' = [queue EXCEPT ![k] = [state |-> "held", holder |-> c, isOver |-> FALSE]]
    /\ process' = [process EXCEPT ![c] =
        [Idle EXCEPT !.at = IF Mutant = "n4 early-ack" THEN "early acknowledge" ELSE "load",
                     !.copy = k]]
    /\ UNCHANGED <<document, published, committed, budget>>

\* What follows the sending. n1: the saving. n4: nothing, since the message is gone already.
IsReverse == Mutant = "n1 send-before-commit"
Sent(hand) ==
    CASE IsReverse /\ hand.document # NoDocument -> [hand EXCEPT !.at = "save", !.outputs = <<>>]
      [] Mutant = "n4 early-ack" -> Idle
      [] OTHER -> [hand EXCEPT !.at = "acknowledge", !.outputs = <<>>]
Sending(hand, outputs) ==
    IF outputs = <<>> THEN Sent(hand) ELSE [hand EXCEPT !.at = "send", !.outputs = outputs]

\* 1. Load the entity. 2. Handle the message, whether it was handled before or not.
Load(c) ==
    /\ Answered(c, "load")
    /\ LET facts == document.facts \cup {Fact(c, document.facts)}
           writing == [process[c] EXCEPT !.document = [document EXCEPT !.facts = facts]]
       IN  Continues(c,
            CASE facts = document.facts ->
                    IF Mutant = "n3 unchanged-is-duplicate" THEN Sent(process[c])
                    ELSE Sending(process[c], Made(c, facts))
              [] IsReverse -> Sending(writing, Made(c, facts))
              [] OTHER -> [writing EXCEPT !.at = "save"])

\* Save the state.
Save(c) ==
    /\ Answered(c, "save")
    /\ IF ~Fits(c) THEN GivesBack(c)
       ELSE LET saved == [process[c] EXCEPT !.document = NoDocument]
            IN  Continues(c, IF IsReverse THEN Sent(saved)
                             ELSE Sending(saved, Made(c, process[c].document.facts)))

\* 3. Send. Also if nothing has changed: whoever has changed it may have died before this.
Send(c) == Answered(c, "send") /\ Continues(c, Sent(process[c]))

\* 4. Only now may the message go. n4: before all else.
Acknowledge(c) ==
    \/ /\ Answered(c, "acknowledge")
       /\ Acknowledges(c)
       /\ process' = [process EXCEPT ![c] = Idle]
    \/ /\ Answered(c, "early acknowledge")
       /\ Acknowledges(c)
       /\ process' = [process EXCEPT ![c].at = "load"]

-----------------------------------------------------------------------------
(* What goes wrong *)

Uses(kind) == budget[kind] > 0 /\ budget' = [budget EXCEPT ![kind] = @ - 1]

\* A call fails without having had an effect. Either the caller is told so, or it can't tell.
Lost(c) ==
    /\ process[c].at # "receive"
    /\ Uses("failures")
    /\ GivesBack(c)
    /\ UNCHANGED <<document, published, committed>>

\* A call takes effect, and fails. Of several messages some may have been sent.
After(c) ==
    /\ process[c].at \in {"save", "send", "acknowledge", "early acknowledge"}
    /\ Uses("failures")
    /\ \E n \in IF process[c].at = "send" THEN DOMAIN process[c].outputs ELSE {0} : Does(c, n)
    /\ IF process[c].at \in {"save", "send"} THEN GivesBack(c)
       ELSE Acknowledges(c) /\ process' = [process EXCEPT ![c] = Idle]

\* A process dies, perhaps while it sends. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c)
    /\ \/ UNCHANGED <<document, published, committed>>
       \/ process[c].at = "send" /\ \E n \in 1..Len(process[c].outputs) - 1 : Does(c, n)

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, published, committed, process>>

-----------------------------------------------------------------------------
(* All of it *)

Init ==
    /\ document = NoDocument
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE]]
    /\ published = {}
    /\ committed = {}
    /\ process = [c \in Consumers |-> Idle]
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Load(c) \/ Save(c) \/ Send(c) \/ Acknowledge(c)

Next ==
    \/ \E c \in Consumers : Step(c) \/ Lost(c) \/ After(c) \/ Crash(c)
    \/ \E k \in Copy : LeaseEnds(k)

\* Whoever can go on does so in the end. Nothing has to go wrong.
Spec == Init /\ [][Next]_vars /\ \A c \in Consumers : WF_vars(Step(c))

-----------------------------------------------------------------------------
(* What must hold; the numbers are those of the invariants that all algorithms share. That a       *)
(* message is applied once (I1) nobody asks for, only that in the end it is as if it were.         *)

\* No saved fact is lost again.
NothingOverwritten == committed \subseteq document.facts

\* I2: all copies of an output are alike.
OutputsAgree == \A o, q \in published : o.of = q.of /\ o.number = q.number => o = q

\* I3: no ghosts: nothing is sent for a message whose effect is not saved.
IsSaved(m) == \E fact \in document.facts : fact[1] = m
NoGhosts == \A o \in published : IsSaved(o.of)

\* I4: when a message is gone, its effect is saved and all its outputs are sent.
IsSent(m) == \A i \in 1..Outputs : \E o \in published : o.of = m /\ o.number = i
GoneIsDone == \A k \in Copy : queue[k].state = "gone" => IsSaved(k[1]) /\ IsSent(k[1])

AtRest ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : queue[k].state = "gone"

\* At rest all is as if each message had come once: nothing is lost, nothing is there twice, and
\* nothing is left behind (I6).
AsWithoutCopies == AtRest =>
    /\ document.facts = {<<m, 1>> : m \in Messages}
    /\ {<<o.of, o.number>> : o \in published} = Messages \X (1..Outputs)
    /\ Cardinality(published) = Cardinality(Messages) * Outputs

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
