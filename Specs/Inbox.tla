------------------------------- MODULE Inbox -------------------------------
(***************************************************************************)
(* The inbox: Sources/Pawl/Deduplication/Inbox.swift.                      *)
(*                                                                         *)
(* As in the outbox, an entity's document holds the id of a message and    *)
(* what is to be sent for it; but only until that is sent.  From then on   *)
(* a record of its own remembers the id, which expires some day.  So an id *)
(* is in the document or among the records, without a gap, and among the   *)
(* records only when everything is sent:                                   *)
(*                                                                         *)
(*   1. load the document                                                  *)
(*   2. look among the records; if it is there, see to it that the id is   *)
(*      gone from the document, and go to 7                                *)
(*   3. not in the ledger: handle the message; save state, id and outgoing *)
(*      messages as one                                                    *)
(*   4. send what is pending                                               *)
(*   5. add the record                                                     *)
(*   6. forget the id in the document                                      *)
(*   7. acknowledge the message                                            *)
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
    Expiry,         \* whether records expire
    Mutant          \* "none", or the mistake that is made

VARIABLES
    document,       \* the entity: [version, effects, ledger]; there is none at version 0
    queue,          \* of each copy: [state, holder, isOver, deliveries]
    published,      \* the different messages that were sent
    committed,      \* the attempts whose effect was saved at some time
    records,        \* the ids that have a record
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries]

vars == <<document, queue, published, committed, records, process, budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

Range(list) == {list[i] : i \in DOMAIN list}

\* An entry of a ledger is [id, state, outputs], and its state is always "pending". An id has at most
\* one.
Entries(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id = id)
IsIn(ledger, id) == Entries(ledger, id) # <<>>
Pending(ledger, id) == Entries(ledger, id)[1].outputs
Forgotten(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id # id)

NoDocument == [version |-> 0, effects |-> <<>>, ledger |-> <<>>]

\* Where a process waits ("at", named as the steps are) and what it has in hand:
\* - the copy that it handles, and the number of its delivery
\* - the document: that it is about to write, with the version that this is to replace, at "save"
\*   and "forget"; that it has read or saved, at "check", "send" and "add"; otherwise it has no need
\*   of one
\* - the messages that it is about to send
\* - whether it has called anything that may change something, since it received the message
Idle == [at |-> "receive", copy |-> <<>>, delivery |-> 0, document |-> NoDocument,
         outputs |-> <<>>, touched |-> FALSE]

Id(p) == process[p].copy[1]

\* An attempt is named by the delivery that it is made for. What it makes carries the name.
Attempt(p) == Append(process[p].copy, process[p].delivery)
Made(p) == [i \in 1..Outputs |-> [of |-> Id(p), number |-> i, by |-> Attempt(p)]]

-----------------------------------------------------------------------------
(* What calls do, however they end *)

\* A write replaces the version that it names, or nothing.
Fits(p) == process[p].document.version = document.version
Writes(p) ==
    /\ document' = IF Fits(p) THEN [process[p].document EXCEPT !.version = document.version + 1]
                   ELSE document
    /\ committed' = committed \cup Range(document'.effects)

Sends(p, n) == published' = published \cup {process[p].outputs[i] : i \in 1..n}

\* There may be a record already.
Adds(p) == records' = records \cup {Id(p)}

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

-----------------------------------------------------------------------------
(* The end of an attempt: steps 4 to 7 *)

\* In this order: a record says that all is sent, and the id must be in one of both places always.
Order ==
    CASE Mutant = "9 clean-before-add" -> <<"send", "forget", "add">>
      [] Mutant = "10 add-before-publish" -> <<"add", "send", "forget">>
      [] Mutant = "11 clean-before-publish" -> <<"add", "forget", "send">>
      [] OTHER -> <<"send", "add", "forget">>
Following(step) ==
    LET place == CHOOSE i \in 1..3 : Order[i] = step
    IN  IF place = 3 THEN "acknowledge" ELSE Order[place + 1]

\* What a process has in hand when it waits at a step. Where nothing is to be sent, none is sent.
RECURSIVE At(_, _)
At(hand, step) ==
    CASE step = "send" /\ hand.outputs = <<>> -> At(hand, Following("send"))
      [] step = "forget" ->
            [hand EXCEPT !.at = step, !.document.ledger = Forgotten(@, hand.copy[1])]
      [] step = "acknowledge" ->
            [hand EXCEPT !.at = step, !.document = NoDocument, !.outputs = <<>>]
      [] OTHER -> [hand EXCEPT !.at = step]

\* From the first of these steps on, at a document that holds what is pending.
Finishing(p, seen) ==
    At([process[p] EXCEPT !.document = seen, !.outputs = Pending(seen.ledger, Id(p))], Order[1])

\* From the forgetting on; if the id is not in the document, only the message has to go.
Forgetting(p, seen) ==
    At([process[p] EXCEPT !.document = seen],
       IF IsIn(seen.ledger, Id(p)) THEN "forget" ELSE "acknowledge")

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
        [Idle EXCEPT !.at = IF Mutant = "8 check-before-load" THEN "early check" ELSE "load",
                     !.copy = k, !.delivery = queue'[k].deliveries]]
    /\ UNCHANGED <<document, published, committed, records, budget>>

\* What an attempt saves: its effect, the id, and what it has to send.
Prepared(p, seen) ==
    [version |-> seen.version,
     effects |-> Append(seen.effects, Attempt(p)),
     ledger |-> Append(seen.ledger, [id |-> Id(p), state |-> "pending", outputs |-> Made(p)])]

\* What is to be done with a message, by what is known of it.
Decided(p, seen, isRecorded) ==
    CASE isRecorded /\ Mutant = "13 no-late-cleanup" -> At(process[p], "acknowledge")
      \* It may have been saved, recorded and not yet forgotten since the document was loaded.
      [] isRecorded /\ ~IsIn(seen.ledger, Id(p)) /\ Mutant # "13b cleanup-of-the-loaded" ->
            [process[p] EXCEPT !.at = "reload", !.document = NoDocument]
      [] isRecorded -> Forgetting(p, seen)
      [] ~isRecorded /\ IsIn(seen.ledger, Id(p)) -> Finishing(p, seen)
      [] OTHER -> [process[p] EXCEPT !.at = "save", !.document = Prepared(p, seen)]

\* 1. Load the entity.
Load(c) ==
    /\ process[c].at = "load"
    /\ process' = [process EXCEPT ![c] =
        IF Mutant = "8 check-before-load" THEN Decided(c, document, FALSE)
        ELSE [@ EXCEPT !.at = "check", !.document = document]]
    /\ UNCHANGED <<document, queue, published, committed, records, budget>>

\* 2. Look among the records only now: if the answer is outdated by the time that the document is
\* saved, so is the document, and that will show.
Check(c) ==
    /\ process[c].at = "check"
    /\ \E seen \in IF Mutant = "12 stale-dedup-read" THEN {records, {}} ELSE {records} :
        process' = [process EXCEPT ![c] = Decided(c, @.document, Id(c) \in seen)]
    /\ UNCHANGED <<document, queue, published, committed, records, budget>>

\* 3. Save state, id and outgoing messages as one.
Save(c) ==
    /\ process[c].at = "save"
    /\ Writes(c)
    /\ IF Fits(c)
       THEN process' = [process EXCEPT ![c] = [Finishing(c, document') EXCEPT !.touched = TRUE]]
            /\ UNCHANGED queue
       ELSE GivesBack(c, TRUE)
    /\ UNCHANGED <<published, records, budget>>

Done(c, step) ==
    process' = [process EXCEPT ![c] = At([@ EXCEPT !.touched = TRUE], Following(step))]

\* 4. Send what is pending.
Send(c) ==
    /\ process[c].at = "send"
    /\ Sends(c, Len(process[c].outputs))
    /\ process' = [process EXCEPT ![c] =
                    At([@ EXCEPT !.touched = TRUE, !.outputs = <<>>], Following("send"))]
    /\ UNCHANGED <<document, queue, committed, records, budget>>

\* 5. Add the record.
Add(c) ==
    /\ process[c].at = "add"
    /\ Adds(c)
    /\ Done(c, "add")
    /\ UNCHANGED <<document, queue, published, committed, budget>>

\* 6. Only now forget the id and the messages.
Forget(c) ==
    /\ process[c].at = "forget"
    /\ Writes(c)
    /\ IF Fits(c) THEN Done(c, "forget")
       ELSE process' = [process EXCEPT ![c] =
                [@ EXCEPT !.at = "reload", !.document = NoDocument, !.touched = TRUE]]
    /\ UNCHANGED <<queue, published, records, budget>>

\* Others have changed the entity meanwhile: the id is forgotten in a fresh copy, if it is there.
Reload(c) ==
    /\ process[c].at = "reload"
    /\ process' = [process EXCEPT ![c] = Forgetting(c, document)]
    /\ UNCHANGED <<document, queue, published, committed, records, budget>>

\* 7. Only now may the message go.
Acknowledge(c) ==
    /\ process[c].at = "acknowledge"
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] = Idle]
    /\ UNCHANGED <<document, published, committed, records, budget>>

-----------------------------------------------------------------------------
(* What goes wrong *)

Uses(kind) == budget[kind] > 0 /\ budget' = [budget EXCEPT ![kind] = @ - 1]

\* A call fails without having had an effect. Either the caller is told so, or it can't tell.
Lost(c) ==
    /\ process[c].at # "receive"
    /\ Uses("failures")
    /\ GivesBack(c, process[c].touched)
    /\ UNCHANGED <<document, published, committed, records>>

\* A call takes effect, and fails. Of several messages some may have been sent.
After(c) ==
    /\ Uses("failures")
    /\ \/ /\ process[c].at \in {"save", "forget"}
          /\ Writes(c)
          /\ GivesBack(c, TRUE)
          /\ UNCHANGED <<published, records>>
       \/ /\ process[c].at = "send"
          /\ \E n \in DOMAIN process[c].outputs : Sends(c, n)
          /\ GivesBack(c, TRUE)
          /\ UNCHANGED <<document, committed, records>>
       \/ /\ process[c].at = "add"
          /\ Adds(c)
          /\ GivesBack(c, TRUE)
          /\ UNCHANGED <<document, published, committed>>
       \/ /\ process[c].at = "acknowledge"
          /\ Acknowledges(c)
          /\ process' = [process EXCEPT ![c] = Idle]
          /\ UNCHANGED <<document, published, committed, records>>

\* A process dies, perhaps while it sends. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c, process[c].touched)
    /\ \/ UNCHANGED published
       \/ process[c].at = "send" /\ \E n \in 1..Len(process[c].outputs) - 1 : Sends(c, n)
    /\ UNCHANGED <<document, committed, records>>

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, published, committed, records, process>>

\* A record expires. For how long records are kept has to be chosen so that by then no copy of the
\* message is left, and nobody is at work on one.
Expires(m) ==
    /\ Expiry
    /\ m \in records
    /\ \/ /\ \A k \in Copy : k[1] = m => queue[k].state = "gone"
          /\ \A c \in Consumers : process[c].at # "receive" => Id(c) # m
       \/ Mutant = "14 ttl-too-short"
    /\ records' = records \ {m}
    /\ UNCHANGED <<document, queue, published, committed, process, budget>>

-----------------------------------------------------------------------------
(* A mistake *)

\* 8: what was not recorded then may be by the time that the document is loaded.
CheckEarly(c) ==
    /\ process[c].at = "early check"
    /\ process' = [process EXCEPT ![c] =
        IF Id(c) \in records THEN [@ EXCEPT !.at = "reload"] ELSE [@ EXCEPT !.at = "load"]]
    /\ UNCHANGED <<document, queue, published, committed, records, budget>>

-----------------------------------------------------------------------------
(* All of it *)

Init ==
    /\ document = NoDocument
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                                deliveries |-> 0]]
    /\ published = {}
    /\ committed = {}
    /\ records = {}
    /\ process = [c \in Consumers |-> Idle]
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Load(c) \/ Check(c) \/ Save(c) \/ Send(c) \/ Add(c) \/ Forget(c) \/ Reload(c)
    \/ Acknowledge(c) \/ CheckEarly(c)

Next ==
    \/ \E c \in Consumers : Step(c) \/ Lost(c) \/ After(c) \/ Crash(c)
    \/ \E k \in Copy : LeaseEnds(k)
    \/ \E m \in Messages : Expires(m)

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

\* Why it is right: as long as a copy is left, the id is in one of both places ...
IsLeft(m) == \E k \in Copy : k[1] = m /\ queue[k].state # "gone"
NoGap ==
    \A a \in committed : IsLeft(a[1]) => a[1] \in records \/ IsIn(document.ledger, a[1])

\* ... and whoever finds the record need not send.
RecordedIsSent == \A a \in committed : a[1] \in records => Sent(a)

AtRest ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : queue[k].state = "gone"

\* At rest nothing is lost ...
NothingLost ==
    AtRest => \A m \in Messages : \E a \in committed : a[1] = m /\ Sent(a)

\* ... and nothing is left behind (I6): the entity holds no id at all.
NothingLeftBehind == AtRest => document.ledger = <<>>

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
