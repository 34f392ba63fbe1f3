--------------------------- MODULE Transactional ---------------------------
(***************************************************************************)
(* Store and queues in one database:                                       *)
(* Sources/Pawl/Deduplication/Transactional.swift.                         *)
(*                                                                         *)
(*   1. the message is claimed under a lease                               *)
(*   2. load the document; handle the message                              *)
(*   3. one transaction: the message goes, where the lease is still ours;  *)
(*      its id is remembered, and if it was before, the message goes and   *)
(*      that is all; the document is written, if it is as it was read; the *)
(*      outgoing messages are sent                                         *)
(*                                                                         *)
(* Of a message that a commit of the same database has sent nothing is     *)
(* remembered: its row in the queue is the token, and there is one copy.   *)
(*                                                                         *)
(* One action is one call of the algorithm, answered.  Between two answers *)
(* a process only computes.  Calls fail, processes die, leases end.        *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Consumers,      \* the processes that consume, for example {"c1", "c2"}
    Messages,       \* the messages, for example {"m1", "m2"}
    Copies,         \* how many copies of "m1" are in the queue; of all others, one
    IsLocal,        \* whether a commit of the same database has sent the messages
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
    processed,      \* the ids that are remembered
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries]

vars == <<document, queue, published, committed, processed, process, budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

Range(list) == {list[i] : i \in DOMAIN list}

\* The ledger of a document stays empty: the database remembers the ids.
NoDocument == [version |-> 0, effects |-> <<>>, ledger |-> <<>>]

\* Where a process waits ("at") and what it has in hand:
\* - the copy that it handles, and the number of its delivery
\* - the document that it is about to write, with the version that this is to replace
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

\* Which mistakes leave the message alone, send nothing, or remember nothing in the commit.
LeavesMessage == Mutant \in {"t1 ack-apart", "t1b ack-apart-after"}
SendsNothing == Mutant \in {"t3 send-apart", "t3b send-apart-before"}
RemembersNothing ==
    IsLocal \/ Mutant \in {"t1b ack-apart-after", "t4 no-processed-row", "t5 processed-elsewhere",
                           "t5b processed-elsewhere-after"}

\* What a commit comes to, decided in this order.
Result(p) ==
    CASE ~IsHolder(p) /\ ~LeavesMessage /\ Mutant # "t2 no-fence" -> "lease lost"
      [] ~RemembersNothing /\ Id(p) \in processed -> "duplicate"
      [] process[p].document.version # document.version /\ Mutant # "t6 blind-commit" -> "conflict"
      [] OTHER -> "committed"

\* And what it does then: all of it, or only that a duplicate goes, or nothing.
Commits(p) ==
    IF Result(p) = "committed"
    THEN /\ document' = [process[p].document EXCEPT !.version = document.version + 1]
         /\ committed' = committed \cup Range(document'.effects)
         /\ processed' = IF RemembersNothing THEN processed ELSE processed \cup {Id(p)}
         /\ published' = IF SendsNothing THEN published ELSE published \cup Range(process[p].outputs)
    ELSE UNCHANGED <<document, committed, processed, published>>
CommitsMessage(p) == Result(p) \in {"committed", "duplicate"} /\ ~LeavesMessage

-----------------------------------------------------------------------------
(* The steps *)

IsVisible(k) == queue[k].state = "waiting" \/ queue[k].isOver

\* 1. The message is claimed under a lease.
Receive(c, k) ==
    /\ process[c].at = "receive"
    /\ IsVisible(k)
    /\ queue' = [queue EXCEPT ![k] = [state |-> "held", holder |-> c, isOver |-> FALSE,
                                      deliveries |-> @.deliveries + 1]]
    /\ process' = [process EXCEPT ![c] =
                    [Idle EXCEPT !.at = "load", !.copy = k, !.delivery = queue'[k].deliveries]]
    /\ UNCHANGED <<document, published, committed, processed, budget>>

\* 2. Load and handle.
Load(c) ==
    LET first ==
            CASE Mutant = "t1 ack-apart" -> "acknowledge"
              [] Mutant = "t3b send-apart-before" -> "send"
              [] Mutant = "t5 processed-elsewhere" -> "remember"
              [] OTHER -> "commit"
    IN  /\ process[c].at = "load"
        /\ process' = [process EXCEPT ![c] =
            [@ EXCEPT !.at = IF Mutant = "t5b processed-elsewhere-after" /\ Id(c) \in processed
                             THEN "acknowledge" ELSE first,
                      !.document = [document EXCEPT !.effects = Append(@, Attempt(c))],
                      !.outputs = Made(c)]]
        /\ UNCHANGED <<document, queue, published, committed, processed, budget>>

\* 3. Commit everything at once, which also removes the message.
Commit(c) ==
    LET after ==
            CASE Mutant = "t1b ack-apart-after" -> "acknowledge"
              [] Mutant = "t3 send-apart" -> "send"
              [] Mutant = "t5b processed-elsewhere-after" -> "remember"
              [] OTHER -> "receive"
    IN  /\ process[c].at = "commit"
        /\ Commits(c)
        /\ CASE Result(c) = "committed" /\ after # "receive" ->
                    /\ process' = [process EXCEPT ![c].at = after, ![c].touched = TRUE]
                    /\ IF CommitsMessage(c) THEN Acknowledges(c) ELSE UNCHANGED queue
             [] Result(c) = "conflict" -> GivesBack(c, TRUE)
             [] OTHER ->
                    /\ process' = [process EXCEPT ![c] = Idle]
                    /\ IF CommitsMessage(c) THEN Acknowledges(c) ELSE UNCHANGED queue
        /\ UNCHANGED budget

-----------------------------------------------------------------------------
(* What goes wrong *)

Uses(kind) == budget[kind] > 0 /\ budget' = [budget EXCEPT ![kind] = @ - 1]

\* A call fails without having had an effect. Either the caller is told so, or it can't tell.
Lost(c) ==
    /\ process[c].at \in {"load", "commit"}
    /\ Uses("failures")
    /\ GivesBack(c, process[c].touched)
    /\ UNCHANGED <<document, published, committed, processed>>

\* The commit takes effect, and fails.
After(c) ==
    /\ process[c].at = "commit"
    /\ Uses("failures")
    /\ Commits(c)
    /\ IF CommitsMessage(c)
       THEN Acknowledges(c) /\ process' = [process EXCEPT ![c] = Idle]
       ELSE GivesBack(c, TRUE)

\* A process dies. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c, process[c].touched)
    /\ UNCHANGED <<document, published, committed, processed>>

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, published, committed, processed, process>>

-----------------------------------------------------------------------------
(* Mistakes: what belongs into the one transaction, and is taken out of it *)

\* t1, t1b, t5b: the message goes by itself.
AcknowledgeApart(c) ==
    /\ process[c].at = "acknowledge"
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] =
                    IF Mutant = "t1 ack-apart" THEN [@ EXCEPT !.at = "commit"] ELSE Idle]
    /\ UNCHANGED <<document, published, committed, processed, budget>>

\* t3, t3b: the messages are sent by themselves.
SendApart(c) ==
    /\ process[c].at = "send"
    /\ published' = published \cup Range(process[c].outputs)
    /\ process' = [process EXCEPT ![c] =
                    IF Mutant = "t3b send-apart-before" THEN [@ EXCEPT !.at = "commit"] ELSE Idle]
    /\ UNCHANGED <<document, queue, committed, processed, budget>>

\* t5, t5b: the id is remembered by itself.
RememberApart(c) ==
    /\ process[c].at = "remember"
    /\ processed' = processed \cup {Id(c)}
    /\ process' = [process EXCEPT ![c] =
                    CASE Mutant = "t5b processed-elsewhere-after" -> Idle
                      [] Id(c) \in processed -> [@ EXCEPT !.at = "acknowledge"]
                      [] OTHER -> [@ EXCEPT !.at = "commit"]]
    /\ UNCHANGED <<document, queue, published, committed, budget>>

-----------------------------------------------------------------------------
(* All of it *)

Init ==
    /\ document = NoDocument
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                                deliveries |-> 0]]
    /\ published = {}
    /\ committed = {}
    /\ processed = {}
    /\ process = [c \in Consumers |-> Idle]
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Load(c) \/ Commit(c)
    \/ AcknowledgeApart(c) \/ SendApart(c) \/ RememberApart(c)

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

\* ... and nothing is left behind (I6): what is remembered are the ids of what was applied.
NothingLeftBehind ==
    AtRest => processed = IF IsLocal THEN {} ELSE {a[1] : a \in committed}

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
