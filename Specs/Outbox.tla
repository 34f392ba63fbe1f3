------------------------------- MODULE Outbox -------------------------------
(***************************************************************************)
(* The classic outbox: Sources/Pawl/Deduplication/Outbox.swift.            *)
(*                                                                         *)
(* Some consumers take messages about one entity from a queue.  The        *)
(* entity's document also holds a ledger: which messages it has processed, *)
(* and which messages still have to be sent for them.  A store can replace *)
(* one document under the condition that nobody else has; a queue delivers *)
(* at least once.  Nothing else is needed:                                 *)
(*                                                                         *)
(*   1. load the document                                                  *)
(*   2. not in the ledger: handle the message; save state, id and outgoing *)
(*      messages as one                                                    *)
(*   3. in the ledger: nothing is to be handled                            *)
(*   4. send what is pending, and note then that it is sent                *)
(*   5. acknowledge the message                                            *)
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
    document,       \* the entity: [version, effects, ledger]; there is none at version 0
    queue,          \* of each copy: [state, holder, isOver, deliveries]
    published,      \* the different messages that were sent
    committed,      \* the attempts whose effect was saved at some time
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries]

vars == <<document, queue, published, committed, process, budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

Range(list) == {list[i] : i \in DOMAIN list}

\* An entry of a ledger is [id, state, outputs], its state "pending", "dispatched", or "tombstone"
\* (of a submission that was given up; only module Session has them). An id has at most one.
Entries(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id = id)
State(ledger, id) == IF Entries(ledger, id) = <<>> THEN "none" ELSE Entries(ledger, id)[1].state
Pending(ledger, id) == Entries(ledger, id)[1].outputs
Record(ledger, id, state, outputs) ==
    Append(SelectSeq(ledger, LAMBDA entry : entry.id # id),
           [id |-> id, state |-> state, outputs |-> outputs])
\* Notes that everything of an id was sent. The id stays.
Dispatched(ledger, id) ==
    IF Mutant = "3 forget-id"
    THEN SelectSeq(ledger, LAMBDA entry : entry.id # id)
    ELSE [i \in DOMAIN ledger |->
            IF ledger[i].id = id THEN [id |-> id, state |-> "dispatched", outputs |-> <<>>]
            ELSE ledger[i]]

NoDocument == [version |-> 0, effects |-> <<>>, ledger |-> <<>>]

\* Where a process waits ("at", named as the steps are) and what it has in hand:
\* - the copy that it handles, and the number of its delivery
\* - the document: that it is about to write, with the version that this is to replace, at "save"
\*   and "mark"; that it has read or saved, at "send"; otherwise it has no need of one
\* - the messages that it is about to send
\* - whether it has called anything that may change something, since it received the message
Idle == [at |-> "receive", copy |-> <<>>, delivery |-> 0, document |-> NoDocument,
         outputs |-> <<>>, touched |-> FALSE]

\* The id under which the message in hand is remembered.
Id(p) == IF Mutant = "62 store-assigned-id" THEN process[p].copy ELSE process[p].copy[1]

\* An attempt is named by the delivery that it is made for. What it makes carries the name.
Attempt(p) == Append(process[p].copy, process[p].delivery)
Made(p) == [i \in 1..Outputs |-> [of |-> process[p].copy[1], number |-> i, by |-> Attempt(p)]]

-----------------------------------------------------------------------------
(* What calls do, however they end *)

\* A write replaces the version that it names, or nothing.
Fits(p) ==
    \/ process[p].document.version = document.version
    \/ Mutant = "2 blind-commit" /\ process[p].at = "save"
    \/ Mutant = "20 upsert-first-write" /\ process[p].at = "save"
        /\ process[p].document.version = 0
    \/ Mutant = "7 stale-whole-doc-mark" /\ process[p].at = "mark"
    \/ Mutant = "s3 blind-tombstone" /\ process[p].at = "tombstone"
Written(p) == [process[p].document EXCEPT !.version = document.version + 1]
Writes(p) ==
    /\ document' = IF Fits(p) THEN Written(p) ELSE document
    /\ committed' = committed \cup Range(document'.effects)

Sends(p, n) == published' = published \cup {process[p].outputs[i] : i \in 1..n}

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
        IF IsHolder(p) /\ Mutant # "r1 never-given-back"
        THEN [queue EXCEPT ![process[p].copy] =
                [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                 deliveries |-> IF touched THEN @.deliveries ELSE @.deliveries - 1]]
        ELSE queue
    /\ process' = [process EXCEPT ![p] = Idle]

\* What is in hand from the first sending on, at a document that holds what is pending.
Sending(p, seen) ==
    [process[p] EXCEPT !.at = "send", !.document = seen, !.outputs = Pending(seen.ledger, Id(p))]
Marking(p, seen) ==
    [process[p] EXCEPT !.at = "mark", !.touched = TRUE,
                       !.document = [seen EXCEPT !.ledger = Dispatched(@, Id(p))]]
\* All is sent: only the message has to go. A session (module Session) has none.
Finished(p) ==
    IF p \in Consumers
    THEN [process[p] EXCEPT !.at = "acknowledge", !.document = NoDocument, !.outputs = <<>>]
    ELSE [Idle EXCEPT !.at = "answered"]

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
    /\ UNCHANGED <<document, published, committed, budget>>

\* What an attempt saves: its effect, the id, and what it has to send.
Prepared(p, seen) ==
    [version |-> seen.version,
     effects |-> Append(seen.effects, Attempt(p)),
     ledger |->
        IF Outputs = 0 \/ Mutant \in {"1 publish-first", "4 dispatched-at-commit"}
        THEN Record(seen.ledger, Id(p), "dispatched", <<>>)
        ELSE Record(seen.ledger, Id(p), "pending", Made(p))]

\* 1. Load the entity; what has not been processed yet is handled.
Load(c) ==
    LET state == State(document.ledger, Id(c))
        handled == [process[c] EXCEPT !.at = "save", !.document = Prepared(c, document)]
    IN  /\ process[c].at = "load"
        /\ process' = [process EXCEPT ![c] =
            CASE state = "none" /\ Mutant \in {"1 publish-first", "41 publish-in-handler"} ->
                    [handled EXCEPT !.at = "publish", !.outputs = Made(c)]
              [] state = "none" /\ Mutant = "60 early-ack" -> [handled EXCEPT !.at = "early"]
              [] state \in {"none", "tombstone"} -> handled
              [] state = "pending" /\ Mutant = "5 duplicate-drops-outbox" -> Finished(c)
              [] state = "pending" /\ Mutant = "6 recompute" ->
                    [Sending(c, document) EXCEPT !.outputs = Made(c)]
              [] state = "pending" -> Sending(c, document)
              [] state = "dispatched" -> Finished(c)]
        /\ UNCHANGED <<document, queue, published, committed, budget>>

\* 2. Save state, id and outgoing messages as one.
Save(c) ==
    LET saved == [process[c] EXCEPT !.touched = TRUE]
        next ==
            CASE Mutant = "60b ack-before-send" -> [Sending(c, document') EXCEPT !.at = "early"]
              [] Mutant = "4 dispatched-at-commit" ->
                    [Sending(c, document') EXCEPT !.outputs = Made(c)]
              [] State(document'.ledger, Id(c)) = "pending" -> Sending(c, document')
              [] OTHER -> Finished(c)
    IN  /\ process[c].at = "save"
        /\ Writes(c)
        /\ IF Fits(c)
           THEN process' = [process EXCEPT ![c] = [next EXCEPT !.touched = TRUE]]
                /\ UNCHANGED queue
           ELSE GivesBack(c, TRUE)
        /\ UNCHANGED <<published, budget>>

\* 4. Send what is pending ...
Send(p) ==
    LET all == Len(process[p].outputs)
        sent == IF Mutant = "63 partial-publish" THEN 1 ELSE all
        rest == SubSeq(process[p].outputs, sent + 1, all)
    IN  /\ process[p].at = "send"
        /\ Sends(p, sent)
        /\ process' = [process EXCEPT ![p] =
            IF State(process[p].document.ledger, Id(p)) = "pending"
            THEN [Marking(p, process[p].document) EXCEPT !.outputs = rest]
            ELSE [Finished(p) EXCEPT !.touched = p \in Consumers]]
        /\ UNCHANGED <<document, queue, committed, budget>>

\* ... and only then note that it is sent.
Mark(p) ==
    /\ process[p].at = "mark"
    /\ Writes(p)
    /\ process' = [process EXCEPT ![p] =
        IF ~Fits(p) THEN [@ EXCEPT !.at = "reload", !.document = NoDocument]
        ELSE IF @.outputs # <<>>  \* Only mutant 63 has some left.
        THEN [@ EXCEPT !.at = "send", !.document = document']
        ELSE Finished(p)]
    /\ UNCHANGED <<queue, published, budget>>

\* Others have changed the entity meanwhile: mark a fresh copy, never overwrite theirs.
Reload(p) ==
    /\ process[p].at = "reload"
    /\ process' = [process EXCEPT ![p] =
        IF State(document.ledger, Id(p)) = "pending" THEN Marking(p, document)
        ELSE Finished(p)]
    /\ UNCHANGED <<document, queue, published, committed, budget>>

\* 5. Only now may the message go.
Acknowledge(c) ==
    /\ process[c].at = "acknowledge"
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] = Idle]
    /\ UNCHANGED <<document, published, committed, budget>>

-----------------------------------------------------------------------------
(* What goes wrong *)

Uses(kind) == budget[kind] > 0 /\ budget' = [budget EXCEPT ![kind] = @ - 1]

\* A call fails without having had an effect. Either the caller is told so, or it can't tell.
Lost(c) ==
    /\ process[c].at \notin {"receive", "publish", "early"}
    /\ Uses("failures")
    /\ GivesBack(c, process[c].touched)
    /\ UNCHANGED <<document, published, committed>>

\* A call takes effect, and fails. Of several messages some may have been sent.
After(c) ==
    /\ Uses("failures")
    /\ \/ /\ process[c].at \in {"save", "mark"}
          /\ Writes(c)
          /\ GivesBack(c, TRUE)
          /\ UNCHANGED published
       \/ /\ process[c].at = "send"
          /\ \E n \in DOMAIN process[c].outputs : Sends(c, n)
          /\ GivesBack(c, TRUE)
          /\ UNCHANGED <<document, committed>>
       \/ /\ process[c].at = "acknowledge"
          /\ Acknowledges(c)
          /\ process' = [process EXCEPT ![c] = Idle]
          /\ UNCHANGED <<document, published, committed>>

\* A process dies, perhaps while it sends. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c, process[c].touched)
    /\ \/ UNCHANGED published
       \/ process[c].at = "send" /\ \E n \in 1..Len(process[c].outputs) - 1 : Sends(c, n)
    /\ UNCHANGED <<document, committed>>

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, published, committed, process>>

-----------------------------------------------------------------------------
(* Mistakes *)

\* 1, 41: the messages are sent before the state is saved.
Publish(c) ==
    /\ process[c].at = "publish"
    /\ Sends(c, Outputs)
    /\ process' = [process EXCEPT ![c] = [@ EXCEPT !.at = "save", !.outputs = <<>>]]
    /\ UNCHANGED <<document, queue, committed, budget>>

\* 60, 60b: the message goes before all is saved, or sent.
AcknowledgeEarly(c) ==
    /\ process[c].at = "early"
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] =
                    [@ EXCEPT !.at = IF process[c].outputs = <<>> THEN "save" ELSE "send"]]
    /\ UNCHANGED <<document, published, committed, budget>>

-----------------------------------------------------------------------------
(* All of it *)

World ==
    /\ document = NoDocument
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                                deliveries |-> 0]]
    /\ published = {}
    /\ committed = {}
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries]
Init == World /\ process = [c \in Consumers |-> Idle]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Load(c) \/ Save(c) \/ Send(c) \/ Mark(c) \/ Reload(c) \/ Acknowledge(c)
    \/ Publish(c) \/ AcknowledgeEarly(c)

Next ==
    \/ \E c \in Consumers : Step(c) \/ Lost(c) \/ After(c) \/ Crash(c)
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
Sent(a) == \A i \in 1..Outputs : [of |-> a[1], number |-> i, by |-> a] \in published
GoneIsDone ==
    \A k \in Copy : queue[k].state = "gone" => \E a \in committed : a[1] = k[1] /\ Sent(a)

\* I5: outputs belong to the state as it is saved.
OutputsFitState == \A o \in published : o.by \in Range(document.effects)

AtRest ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : queue[k].state = "gone"

\* At rest nothing is lost ...
NothingLost ==
    AtRest => \A m \in Messages : \E a \in committed : a[1] = m /\ Sent(a)

\* ... and nothing is left behind (I6): nothing is held as still to be sent.
NothingLeftBehind ==
    AtRest => \A entry \in Range(document.ledger) : entry.state # "pending"

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
