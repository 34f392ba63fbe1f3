----------------------------- MODULE ClaimInbox -----------------------------
(***************************************************************************)
(* The inbox for reads that may be out of date:                            *)
(* Sources/Pawl/Deduplication/ClaimInbox.swift.                            *)
(*                                                                         *)
(* A claim is saved in the entity first; then the message is stamped with  *)
(* it, which only the first claim succeeds in.  A message whose stamp is   *)
(* not the entity's claim was processed: a claim leaves the entity only    *)
(* when its message is finished, or when it has lost:                      *)
(*                                                                         *)
(*   1. load the entity; if it has the id as processed, go to 6            *)
(*   2. unless it has a claim to the message, save one                     *)
(*   3. stamp the message with the claim; if there is a stamp already,     *)
(*      read it; if it is another one, remove a claim that has lost, and   *)
(*      go to 8                                                            *)
(*   4. handle the message                                                 *)
(*   5. save state and outgoing messages as one, in place of the claim     *)
(*   6. send what is pending                                               *)
(*   7. forget the id and the messages                                     *)
(*   8. acknowledge the message                                            *)
(*                                                                         *)
(* Reads may be answered with what was there before.  Writes may not: each *)
(* is made under the condition that the document is as it was read.        *)
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
    StaleReads,     \* how many reads are out of date
    Mutant          \* "none", or the mistake that is made

VARIABLES
    document,       \* the entity: [version, effects, ledger]; there is none at version 0
    before,         \* what it was before it was written last, if that may still be read
    stamps,         \* of each message: the attempt whose claim it is stamped with, or <<>>
    queue,          \* of each copy: [state, holder, isOver, deliveries]
    published,      \* the different messages that were sent
    committed,      \* the attempts whose effect was saved at some time
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries, staleReads]

vars == <<document, before, stamps, queue, published, committed, process, budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

Range(list) == {list[i] : i \in DOMAIN list}

\* An entry of a ledger is [id, state, claim, outputs], its state "claimed", with the attempt whose
\* claim it is, or "pending", with messages. An id has at most one.
Entries(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id = id)
State(ledger, id) == IF Entries(ledger, id) = <<>> THEN "none" ELSE Entries(ledger, id)[1].state
Claim(ledger, id) == Entries(ledger, id)[1].claim
Pending(ledger, id) == Entries(ledger, id)[1].outputs
Forgotten(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id # id)
Record(ledger, id, state, claim, outputs) ==
    Append(Forgotten(ledger, id),
           [id |-> id, state |-> state, claim |-> claim, outputs |-> outputs])

NoDocument == [version |-> 0, effects |-> <<>>, ledger |-> <<>>]

\* Where a process waits ("at", named as the steps are) and what it has in hand:
\* - the copy that it handles, and the number of its delivery
\* - the document: that it is about to write, with the version that this is to replace, at "claim",
\*   "save", "forget" and "yield"; that it has read or saved, at "stamp", "look" and "send"
\* - the messages that it is about to send
\* - the stamp that it has found in place of its own, at "yield" and "reyield"
\* - whether it has called anything that may change something, since it received the message
Idle == [at |-> "receive", copy |-> <<>>, delivery |-> 0, document |-> NoDocument,
         outputs |-> <<>>, stamp |-> <<>>, touched |-> FALSE]

Id(p) == process[p].copy[1]

\* An attempt is named by the delivery that it is made for; so is its claim.
Attempt(p) == Append(process[p].copy, process[p].delivery)
Made(p) == [i \in 1..Outputs |-> [of |-> Id(p), number |-> i, by |-> Attempt(p)]]

\* The claim in hand.
Own(p) == IF Mutant = "c1 claim-not-saved" THEN Attempt(p)
          ELSE Claim(process[p].document.ledger, Id(p))

-----------------------------------------------------------------------------
(* What calls do, however they end *)

\* A write replaces the version that it names, or nothing.
Fits(p) ==
    \/ process[p].document.version = document.version
    \/ Mutant = "2 blind-commit" /\ process[p].at = "save"

\* What the call does that a process waits in: of the messages that it is to send, with the first n.
Does(p, n) ==
    LET at == process[p].at
        isWriting == at \in {"claim", "save", "forget", "yield"} /\ Fits(p)
    IN  /\ document' = IF isWriting
                       THEN [process[p].document EXCEPT !.version = document.version + 1]
                       ELSE document
        /\ before' = IF isWriting /\ StaleReads > 0 THEN document ELSE before
        /\ committed' = committed \cup Range(document'.effects)
        /\ stamps' = IF at = "stamp" /\ stamps[Id(p)] = <<>>
                     THEN [stamps EXCEPT ![Id(p)] = Own(p)] ELSE stamps
        /\ published' = IF at = "send"
                        THEN published \cup {process[p].outputs[i] : i \in 1..n} ELSE published

IsHolder(p) ==
    /\ process[p].copy \in Copy
    /\ queue[process[p].copy].state = "held"
    /\ queue[process[p].copy].holder = p
Gone == [state |-> "gone", holder |-> "", isOver |-> FALSE, deliveries |-> 0]
Acknowledges(p) ==
    queue' = IF IsHolder(p) THEN [queue EXCEPT ![process[p].copy] = Gone] ELSE queue

\* A process that failed lets go of its message at once. If it has changed nothing, it is as if it
\* had never had it, so the number of that delivery is used again.
GivesBack(p, touched) ==
    /\ queue' =
        IF IsHolder(p)
        THEN [queue EXCEPT ![process[p].copy] =
                [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                 deliveries |-> IF touched THEN @.deliveries ELSE @.deliveries - 1]]
        ELSE queue
    /\ process' = [process EXCEPT ![p] = Idle]

\* A call of a process that waits there is answered; what the process has in hand then.
Answered(p, step) ==
    process[p].at = step /\ Does(p, Len(process[p].outputs)) /\ UNCHANGED budget
Continues(p, hand) == process' = [process EXCEPT ![p] = hand] /\ UNCHANGED queue

-----------------------------------------------------------------------------
(* What follows what *)

\* What is in hand where nothing is but the message.
Bare(hand, step) ==
    [hand EXCEPT !.at = step, !.document = NoDocument, !.outputs = <<>>, !.stamp = <<>>]

Forgetting(hand, seen) ==
    IF Entries(seen.ledger, hand.copy[1]) = <<>> THEN Bare(hand, "acknowledge")
    ELSE [Bare(hand, "forget") EXCEPT
            !.document = [seen EXCEPT !.ledger = Forgotten(@, hand.copy[1])]]

\* From step 6 on, at a document that holds what is pending.
Finishing(hand, seen) ==
    LET outputs == Pending(seen.ledger, hand.copy[1])
    IN  IF outputs = <<>> \/ Mutant = "11 clean-before-publish" THEN Forgetting(hand, seen)
        ELSE [Bare(hand, "send") EXCEPT !.document = seen, !.outputs = outputs]

\* The stamp is another one. If its claim is not here any more, it is finished; one that is not its
\* claim has lost.
Yielding(hand, seen, stamp) ==
    IF /\ State(seen.ledger, hand.copy[1]) = "claimed"
       /\ Claim(seen.ledger, hand.copy[1]) # stamp
       /\ Mutant # "13 no-late-cleanup"
    THEN [Bare(hand, "yield") EXCEPT
            !.document = [seen EXCEPT !.ledger = Forgotten(@, hand.copy[1])], !.stamp = stamp]
    ELSE Bare(hand, "acknowledge")

\* What an attempt saves: its effect, and, in place of the claim, what it has to send.
Saving(p, seen) ==
    [Bare(process[p], "save") EXCEPT !.document =
        [version |-> seen.version,
         effects |-> Append(seen.effects, Attempt(p)),
         ledger |-> Record(seen.ledger, Id(p), "pending", <<>>, Made(p))]]

-----------------------------------------------------------------------------
(* The steps *)

IsVisible(k) == queue[k].state = "waiting" \/ queue[k].isOver

\* The message is delivered, under a lease.
Receive(c, k) ==
    /\ process[c].at = "receive"
    /\ IsVisible(k)
    /\ queue' = [queue EXCEPT ![k] = [state |-> "held", holder |-> c, isOver |-> FALSE,
                                      deliveries |-> @.deliveries + 1]]
    /\ process' = [process EXCEPT ![c] =
                    [Idle EXCEPT !.at = "load", !.copy = k, !.delivery = queue'[k].deliveries]]
    /\ UNCHANGED <<document, before, stamps, published, committed, budget>>

\* What a process goes on with that reads the entity like this, or the stamp.
Reads(c, seen, stamp) ==
    CASE process[c].at = "load" ->
            LET state == State(seen.ledger, Id(c))
            IN  Continues(c,
                 CASE state = "pending" ->
                        IF Mutant = "5 duplicate-drops-outbox" THEN Bare(process[c], "acknowledge")
                        ELSE Finishing(process[c], seen)
                   [] state = "claimed" \/ Mutant = "c1 claim-not-saved" ->
                        [process[c] EXCEPT !.at = "stamp", !.document = seen]
                   [] OTHER ->
                        [process[c] EXCEPT !.at = "claim", !.document =
                            [seen EXCEPT !.ledger =
                                Record(@, Id(c), "claimed", Attempt(c), <<>>)]])
      \* It is there, but can't be seen yet.
      [] process[c].at = "look" /\ stamp = <<>> -> GivesBack(c, process[c].touched)
      [] process[c].at = "look" /\ stamp # <<>> ->
            Continues(c, IF stamp = Own(c) \/ Mutant = "c2 foreign-stamp-handled"
                         THEN Saving(c, process[c].document)
                         ELSE Yielding(process[c], process[c].document, stamp))
      [] process[c].at = "reload" -> Continues(c, Forgetting(process[c], seen))
      [] process[c].at = "reyield" ->
            Continues(c, Yielding(process[c], seen, process[c].stamp))
Read(c, step) == Answered(c, step) /\ Reads(c, document, stamps[Id(c)])

\* 1. Load the entity.
Load(c) == Read(c, "load")

\* 2. Claim the message for this entity.
Claiming(c) ==
    /\ Answered(c, "claim")
    /\ IF ~Fits(c) THEN GivesBack(c, TRUE)
       ELSE Continues(c, [process[c] EXCEPT !.at = "stamp", !.document = document',
                                            !.touched = TRUE])

\* 3. Stamp it. The first stamp stands.
Stamp(c) ==
    LET hand == [process[c] EXCEPT !.touched = TRUE]
    IN  /\ Answered(c, "stamp")
        /\ Continues(c, IF stamps[Id(c)] # <<>> THEN [hand EXCEPT !.at = "look"]
                        ELSE [Saving(c, hand.document) EXCEPT !.touched = TRUE])
Look(c) == Read(c, "look")
Yield(c) ==
    /\ Answered(c, "yield")
    /\ Continues(c, IF Fits(c) THEN [Bare(process[c], "acknowledge") EXCEPT !.touched = TRUE]
                    ELSE [process[c] EXCEPT !.at = "reyield", !.document = NoDocument,
                                            !.touched = TRUE])
Reyield(c) == Read(c, "reyield")

\* 5. Save state and outgoing messages as one.
Save(c) ==
    /\ Answered(c, "save")
    /\ IF Fits(c) THEN Continues(c, Finishing([process[c] EXCEPT !.touched = TRUE], document'))
       ELSE GivesBack(c, TRUE)

\* 6. Send what is pending.
Send(c) ==
    LET hand == [process[c] EXCEPT !.touched = TRUE]
    IN  /\ Answered(c, "send")
        /\ Continues(c, IF Mutant = "11 clean-before-publish" THEN Bare(hand, "acknowledge")
                        ELSE Forgetting(hand, hand.document))

\* 7. Only now forget the id and the messages, in a fresh copy where others have changed the entity.
Forget(c) ==
    LET hand == [process[c] EXCEPT !.touched = TRUE]
    IN  /\ Answered(c, "forget")
        /\ Continues(c,
            CASE ~Fits(c) -> Bare(hand, "reload")
              [] Mutant = "11 clean-before-publish" ->
                    [Bare(hand, "send") EXCEPT !.outputs = Pending(document.ledger, Id(c))]
              [] OTHER -> Bare(hand, "acknowledge"))
Reload(c) == Read(c, "reload")

\* 8. Only now may the message go.
Acknowledge(c) ==
    /\ Answered(c, "acknowledge")
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] = Idle]

-----------------------------------------------------------------------------
(* What goes wrong *)

Uses(kind) == budget[kind] > 0 /\ budget' = [budget EXCEPT ![kind] = @ - 1]

\* A read is answered with what was there before: of a stamp, nothing.
Stale(c) ==
    /\ \/ process[c].at \in {"load", "reload", "reyield"} /\ document.version > 0
       \/ process[c].at = "look" /\ stamps[Id(c)] # <<>>
    /\ Uses("staleReads")
    /\ Reads(c, before, <<>>)
    /\ UNCHANGED <<document, before, stamps, published, committed>>

\* A call fails without having had an effect. Either the caller is told so, or it can't tell.
Lost(c) ==
    /\ process[c].at # "receive"
    /\ Uses("failures")
    /\ GivesBack(c, process[c].touched)
    /\ UNCHANGED <<document, before, stamps, published, committed>>

\* A call takes effect, and fails. Of several messages some may have been sent.
Changes == {"claim", "stamp", "save", "yield", "send", "forget", "acknowledge"}
After(c) ==
    /\ process[c].at \in Changes
    /\ Uses("failures")
    /\ \E n \in IF process[c].at = "send" THEN DOMAIN process[c].outputs ELSE {0} : Does(c, n)
    /\ IF process[c].at # "acknowledge" THEN GivesBack(c, TRUE)
       ELSE Acknowledges(c) /\ process' = [process EXCEPT ![c] = Idle]

\* A process dies, perhaps while it sends. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c, process[c].touched)
    /\ \/ UNCHANGED <<document, before, stamps, published, committed>>
       \/ process[c].at = "send" /\ \E n \in 1..Len(process[c].outputs) - 1 : Does(c, n)

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, before, stamps, published, committed, process>>

-----------------------------------------------------------------------------
(* All of it *)

Init ==
    /\ document = NoDocument
    /\ before = NoDocument
    /\ stamps = [m \in Messages |-> <<>>]
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                                deliveries |-> 0]]
    /\ published = {}
    /\ committed = {}
    /\ process = [c \in Consumers |-> Idle]
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries,
                 staleReads |-> StaleReads]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Load(c) \/ Claiming(c) \/ Stamp(c) \/ Look(c) \/ Yield(c) \/ Reyield(c) \/ Save(c)
    \/ Send(c) \/ Forget(c) \/ Reload(c) \/ Acknowledge(c)

Next ==
    \/ \E c \in Consumers : Step(c) \/ Stale(c) \/ Lost(c) \/ After(c) \/ Crash(c)
    \/ \E k \in Copy : LeaseEnds(k)

\* Whoever can go on does so in the end. Nothing has to go wrong.
Spec == Init /\ [][Next]_vars /\ \A c \in Consumers : WF_vars(Step(c))

-----------------------------------------------------------------------------
(* What must hold; the numbers are those of the invariants that all algorithms share *)

\* I1: no message is applied twice.
AppliedOnce == \A a, b \in committed : a[1] = b[1] => a = b

\* No saved effect is lost again.
NothingOverwritten == committed \subseteq Range(document.effects)

\* I2: all copies of an output are alike, from one attempt.
OutputsAgree == \A o, q \in published : o.of = q.of /\ o.number = q.number => o = q

\* I3: no ghosts: nothing is sent by an attempt whose effect is not saved.
NoGhosts == \A o \in published : o.by \in committed

\* I4: when a message is gone, its effect is saved and all its outputs are sent.
IsSent(a) == \A i \in 1..Outputs : \E o \in published : o.number = i /\ o.by = a
GoneIsDone ==
    \A k \in Copy : queue[k].state = "gone" => \E a \in committed : a[1] = k[1] /\ IsSent(a)

\* I5: outputs belong to the state as it is saved.
OutputsFitState == \A o \in published : o.by \in Range(document.effects)

\* Why it is right: what was processed is stamped ...
NoGap == \A a \in committed : stamps[a[1]] # <<>>

\* ... and the claim that a message is stamped with stays until it is.
StampedIsClaimed ==
    \A m \in Messages : stamps[m] # <<>> /\ (\A a \in committed : a[1] # m) =>
        State(document.ledger, m) = "claimed" /\ Claim(document.ledger, m) = stamps[m]

AtRest ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : queue[k].state = "gone"

\* At rest nothing is lost ...
NothingLost == AtRest => \A m \in Messages : \E a \in committed : a[1] = m /\ IsSent(a)

\* ... and nothing is left behind (I6) in the entity. It is if a lease ends, and an attempt that comes
\* late dies, fails or can't see the stamp after it has saved its claim: nobody comes after it. Such a
\* claim goes when twice the retention has passed, which is not in here.
NothingLeftBehind == AtRest => document.ledger = <<>>

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
