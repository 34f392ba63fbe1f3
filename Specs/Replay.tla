------------------------------- MODULE Replay -------------------------------
(***************************************************************************)
(* Replay: Sources/Pawl/Deduplication/Replay.swift.                        *)
(*                                                                         *)
(* What a handler was given, the state and the time, is recorded for each  *)
(* message: its premise.  Handlers are deterministic, so a copy makes the  *)
(* same messages again from the premise, and nothing else is remembered of *)
(* what is still to be sent:                                               *)
(*                                                                         *)
(*   1. look for the message's premise                                     *)
(*   2. if there is one, run the handler on it, and go to 4                *)
(*   3. otherwise load the entity and handle the message; save state and   *)
(*      premise as one, also if the state is what it was                   *)
(*   4. send                                                               *)
(*   5. acknowledge the message                                            *)
(*                                                                         *)
(* One action is one call of the algorithm, answered.  Between two answers *)
(* a process only computes.  Calls fail, processes die, leases end.        *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Consumers,      \* the processes that consume, for example {"c1", "c2"}
    Messages,       \* the messages, for example {"m1", "m2"}
    Readers,        \* those that leave the state as it is; what they cause depends on it
    Copies,         \* how many copies of "m1" are in the queue; of all others, one
    Outputs,        \* how many messages each message causes
    Crashes,        \* how many processes die
    Failures,       \* how many calls fail
    Redeliveries,   \* how many leases end although their holder is at work
    Expiry,         \* whether premises expire
    Mutant          \* "none", or the mistake that is made

VARIABLES
    document,       \* the entity: [version, effects]; there is none at version 0
    premises,       \* of each message that was processed: [id, given, at]
    queue,          \* of each copy: [state, holder, isOver, deliveries]
    published,      \* the different messages that were sent
    committed,      \* the attempts that were saved at some time; readers by their premise
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries]

vars == <<document, premises, queue, published, committed, process, budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

Range(list) == {list[i] : i \in DOMAIN list}

NoDocument == [version |-> 0, effects |-> <<>>]

\* Where a process waits ("at", named as the steps are) and what it has in hand:
\* - the copy that it handles, and the number of its delivery
\* - the document that it is about to write, with the version that this is to replace
\* - the premise that it is about to add, and the messages that it is about to send
\* - whether it has called anything that may change something, since it received the message
Idle == [at |-> "receive", copy |-> <<>>, delivery |-> 0, document |-> NoDocument,
         premise |-> {}, outputs |-> <<>>, touched |-> FALSE]

Id(p) == process[p].copy[1]
IsReader(p) == Id(p) \in Readers

\* An attempt is named by the delivery that it is made for. No two have the same time, so the name
\* stands for the time as well.
Attempt(p) == Append(process[p].copy, process[p].delivery)

\* What the handler makes is a function of the message, of the state that it is given and of the
\* time that it is told. All that shows in its messages.
Derived(id, given, time) == [i \in 1..Outputs |->
    [of |-> id, number |-> i, given |-> given, by |-> time, id |-> <<id, i>>]]

\* 44: each time that it is sent, a message has another id.
Named(p, output) ==
    IF Mutant = "44 random-ids" THEN [output EXCEPT !.id = Append(@, Attempt(p))] ELSE output

-----------------------------------------------------------------------------
(* What calls do, however they end *)

\* The entity is as it was read. One that was not there, and that is not made, is not looked at.
IsBlind == Mutant \in {"46 append-any", "46b blind-state"}
IsWriting(p) == process[p].document.version > 0 \/ ~IsReader(p)
Fits(p) ==
    \/ process[p].document.version = document.version
    \/ ~IsWriting(p)
    \/ IsBlind

\* Two premises can't both be added.
IsNew(p) == Mutant = "46 append-any" \/ \A premise \in premises : premise.id # Id(p)

\* State and premise are saved as one, or nothing. r4 and r5: in two calls.
CanSave(p) ==
    CASE process[p].at = "save" -> Fits(p) /\ IsNew(p)
      [] process[p].at = "save state" -> Fits(p)
      [] process[p].at = "add premise" -> IsNew(p)
      [] OTHER -> FALSE

\* What the call does that a process waits in: of the messages that it is to send, with the first n.
Does(p, n) ==
    /\ document' =
        IF CanSave(p) /\ IsWriting(p) /\ process[p].at # "add premise"
        THEN [process[p].document EXCEPT !.version = document.version + 1] ELSE document
    /\ premises' =
        IF CanSave(p) /\ process[p].at # "save state"
        THEN {premise \in premises : premise.id # Id(p)} \cup process[p].premise ELSE premises
    /\ committed' = committed \cup Range(document'.effects)
                    \cup {premise.at : premise \in {q \in premises' : q.id \in Readers}}
    /\ published' =
        IF process[p].at = "send"
        THEN published \cup {Named(p, process[p].outputs[i]) : i \in 1..n} ELSE published

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
(* The steps *)

\* r1 and r2: the message goes before everything is done.
IsHasty == Mutant \in {"r1 early-ack", "r2 ack-before-send"}

\* What is left when everything is sent, or nothing is to be.
Sent(hand) ==
    IF IsHasty THEN Idle
    ELSE [hand EXCEPT !.at = "acknowledge", !.outputs = <<>>, !.document = NoDocument,
                      !.premise = {}]
Sending(hand, outputs) ==
    IF Mutant = "r2 ack-before-send"
    THEN [hand EXCEPT !.at = "early acknowledge", !.outputs = outputs, !.document = NoDocument,
                      !.premise = {}]
    ELSE IF outputs = <<>> THEN Sent(hand)
    ELSE [hand EXCEPT !.at = "send", !.outputs = outputs, !.document = NoDocument, !.premise = {}]

IsVisible(k) == queue[k].state = "waiting" \/ queue[k].isOver

\* The message is delivered, under a lease.
Receive(c, k) ==
    /\ process[c].at = "receive"
    /\ IsVisible(k)
    /\ queue' = [queue EXCEPT ![k] = [state |-> "held", holder |-> c, isOver |-> FALSE,
                                      deliveries |-> @.deliveries + 1]]
    /\ process' = [process EXCEPT ![c] =
        [Idle EXCEPT !.at = IF Mutant = "r1 early-ack" THEN "early acknowledge" ELSE "look",
                     !.copy = k, !.delivery = queue'[k].deliveries]]
    /\ UNCHANGED <<document, premises, published, committed, budget>>

\* What a copy makes of the premise.
Repeated(p, premise) ==
    CASE Mutant = "43 replay-on-latest" -> Derived(Id(p), document.effects, premise.at)
      [] Mutant = "47 duplicate-skips-publish" -> <<>>
      [] Mutant = "r6 forgotten-clock" -> Derived(Id(p), premise.given, Attempt(p))
      [] OTHER -> Derived(Id(p), premise.given, premise.at)

\* 1. Look for the premise. 2. If there is one, the message was processed before.
Look(c) ==
    /\ Answered(c, "look")
    /\ LET found == {premise \in premises : premise.id = Id(c)}
       IN  Continues(c,
            IF found = {} THEN [process[c] EXCEPT !.at = "load"]
            ELSE Sending(process[c], Repeated(c, CHOOSE premise \in found : TRUE)))

\* 3. Load the entity, and handle the message.
Load(c) ==
    /\ Answered(c, "load")
    /\ Continues(c,
        IF IsReader(c) /\ Mutant = "r3 unchanged-not-recorded"
        THEN Sending(process[c], Derived(Id(c), document.effects, Attempt(c)))
        ELSE [process[c] EXCEPT
            !.at = CASE Mutant = "r4 premise-first" -> "add premise"
                     [] Mutant = "r5 premise-last" -> "save state"
                     [] OTHER -> "save",
            !.document = IF IsReader(c) THEN document
                         ELSE [document EXCEPT !.effects = Append(@, Attempt(c))],
            !.premise = {[id |-> Id(c), given |-> document.effects, at |-> Attempt(c)]}])

\* Save state and premise as one: whoever else has read the state, or found no premise, can't.
Save(c) ==
    /\ \E step \in {"save", "save state", "add premise"} :
        /\ Answered(c, step)
        /\ IF ~CanSave(c) THEN GivesBack(c, TRUE)
           ELSE Continues(c,
            CASE step = "save state" -> [process[c] EXCEPT !.at = "add premise", !.touched = TRUE]
              [] step = "add premise" /\ Mutant = "r4 premise-first" ->
                    [process[c] EXCEPT !.at = "save state", !.touched = TRUE]
              [] OTHER ->
                    LET premise == CHOOSE premise \in process[c].premise : TRUE
                    IN  Sending([process[c] EXCEPT !.touched = TRUE],
                                Derived(Id(c), premise.given, premise.at)))

\* 4. Send, whoever has sent it before.
Send(c) ==
    /\ Answered(c, "send")
    /\ Continues(c, Sent([process[c] EXCEPT !.touched = TRUE]))

\* 5. Only now may the message go.
Acknowledge(c) ==
    /\ Answered(c, "acknowledge")
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] = Idle]

-----------------------------------------------------------------------------
(* What goes wrong *)

Uses(kind) == budget[kind] > 0 /\ budget' = [budget EXCEPT ![kind] = @ - 1]

\* A call fails without having had an effect. Either the caller is told so, or it can't tell.
Lost(c) ==
    /\ process[c].at # "receive"
    /\ Uses("failures")
    /\ GivesBack(c, process[c].touched)
    /\ UNCHANGED <<document, premises, published, committed>>

\* A call takes effect, and fails. Of several messages some may have been sent.
Changes == {"save", "save state", "add premise", "send", "acknowledge", "early acknowledge"}
After(c) ==
    /\ process[c].at \in Changes
    /\ Uses("failures")
    /\ \E n \in IF process[c].at = "send" THEN DOMAIN process[c].outputs ELSE {0} : Does(c, n)
    /\ IF process[c].at \notin {"acknowledge", "early acknowledge"} THEN GivesBack(c, TRUE)
       ELSE Acknowledges(c) /\ process' = [process EXCEPT ![c] = Idle]

\* A process dies, perhaps while it sends. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c, process[c].touched)
    /\ \/ UNCHANGED <<document, premises, published, committed>>
       \/ process[c].at = "send" /\ \E n \in 1..Len(process[c].outputs) - 1 : Does(c, n)

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, premises, published, committed, process>>

\* A premise expires. For how long they are kept has to be chosen so that by then no copy of the
\* message is left, and nobody is at work on one.
Expires(m) ==
    /\ Expiry
    /\ m \in {premise.id : premise \in premises}
    /\ \/ /\ \A k \in Copy : k[1] = m => queue[k].state = "gone"
          /\ \A c \in Consumers : process[c].at # "receive" => Id(c) # m
       \/ Mutant = "r7 ttl-too-short"
    /\ premises' = {premise \in premises : premise.id # m}
    /\ UNCHANGED <<document, queue, published, committed, process, budget>>

-----------------------------------------------------------------------------
(* A mistake *)

AcknowledgeEarly(c) ==
    /\ Answered(c, "early acknowledge")
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] =
        CASE Mutant = "r1 early-ack" -> [@ EXCEPT !.at = "look"]
          [] @.outputs = <<>> -> Idle
          [] OTHER -> [@ EXCEPT !.at = "send"]]

-----------------------------------------------------------------------------
(* All of it *)

Init ==
    /\ document = NoDocument
    /\ premises = {}
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                                deliveries |-> 0]]
    /\ published = {}
    /\ committed = {}
    /\ process = [c \in Consumers |-> Idle]
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Look(c) \/ Load(c) \/ Save(c) \/ Send(c) \/ Acknowledge(c) \/ AcknowledgeEarly(c)

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
NothingOverwritten == {a \in committed : a[1] \notin Readers} \subseteq Range(document.effects)

\* I2: all copies of an output are alike: from one state, at one time, under one id.
OutputsAgree == \A o, q \in published : o.of = q.of /\ o.number = q.number => o = q

\* I3: no ghosts: nothing is sent by an attempt whose effect is not saved, if it has any.
NoGhosts == \A o \in published : o.by \in committed \/ o.of \in Readers

\* I4: when a message is gone, its effect is saved and all its outputs are sent.
IsDone(m) ==
    /\ m \in Readers \/ \E a \in committed : a[1] = m
    /\ \A i \in 1..Outputs : \E o \in published : o.of = m /\ o.number = i
GoneIsDone == \A k \in Copy : queue[k].state = "gone" => IsDone(k[1])

\* I5: outputs belong to the state as it is saved: to what it was when their message was applied.
OutputsFitState ==
    \A o \in published :
        LET length == Len(o.given)
        IN  /\ length <= Len(document.effects)
            /\ o.given = SubSeq(document.effects, 1, length)
            /\ \/ o.of \in Readers
               \/ length < Len(document.effects) /\ o.by = document.effects[length + 1]

\* Why it is right: as long as a copy is left, there is a premise of what was saved, and of all that
\* was sent, from which the same follows again.
IsLeft(m) == \E k \in Copy : k[1] = m /\ queue[k].state # "gone"
NoGap == \A a \in committed : IsLeft(a[1]) => a[1] \in {premise.id : premise \in premises}
SentFollows ==
    \A o \in published : IsLeft(o.of) =>
        \E premise \in premises : o = Derived(premise.id, premise.given, premise.at)[o.number]

AtRest ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : queue[k].state = "gone"

\* At rest nothing is lost ...
NothingLost == AtRest => \A m \in Messages : IsDone(m)

\* ... and nothing is left behind (I6) but one premise of each message, until that expires.
NothingLeftBehind == AtRest => Cardinality(premises) <= Cardinality(Messages)

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
