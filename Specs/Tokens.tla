------------------------------- MODULE Tokens -------------------------------
(***************************************************************************)
(* Tokens: Sources/Pawl/Deduplication/Tokens/Tokens.swift.                 *)
(*                                                                         *)
(* A message can be processed only while its token exists.  Whoever sends  *)
(* a message makes the token first; whoever has processed it removes the   *)
(* token, so that a copy that comes later is seen to be one, however late. *)
(*                                                                         *)
(* Tokens are made before the state that speaks of their messages is       *)
(* saved.  So attempts that lose have made some as well.  That nothing is  *)
(* left of those, an attempt registers itself in the entity before it      *)
(* makes any.  The one that is saved strikes out all others that are       *)
(* registered, so that they can't be saved any more, and what they have    *)
(* made can be removed.                                                    *)
(*                                                                         *)
(*   1. load the entity                                                    *)
(*   2. if it has the id, go to 7; otherwise look for the token; if that   *)
(*      is gone, see to it that the id is gone as well, and go to 11       *)
(*   3. handle the message                                                 *)
(*   4. register the attempt                                               *)
(*   5. make the tokens, unless the attempt was shut out                   *)
(*   6. save state, id and outgoing messages as one, and strike out all    *)
(*      others; if others have only registered themselves since, again     *)
(*   7. send what is pending                                               *)
(*   8. remove the message's token                                         *)
(*   9. shut out who was struck out, and remove what they have made; then  *)
(*      forget them, and the id                                            *)
(*  11. acknowledge the message                                            *)
(*                                                                         *)
(* Not in here: bodies in blobs (step 10), messages without a token or     *)
(* without an entity, the limit to how many attempts may be registered.    *)
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
    Downstream,     \* whether somebody receives what is sent
    Mutant          \* "none", or the mistake that is made

VARIABLES
    document,       \* the entity: [version, effects, ledger, registered, doomed]
    queue,          \* of each copy: [state, holder, isOver, deliveries]
    published,      \* the different messages that were sent
    committed,      \* the attempts whose effect was saved at some time
    unprocessed,    \* the messages whose token exists
    made,           \* the tokens that attempts have made, as far as they exist
    shut,           \* the attempts that are shut out
    received,       \* what was processed by those who receive it: [output, time]
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries]

vars == <<document, queue, published, committed, unprocessed, made, shut, received, process,
          budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

Range(list) == {list[i] : i \in DOMAIN list}

\* An entry of a ledger is [id, state, outputs], its state always "pending"; an id has at most one.
\* Beside it are two sets of attempts: the registered ones, and those that were struck out (doomed).
Entries(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id = id)
IsIn(ledger, id) == Entries(ledger, id) # <<>>
Pending(ledger, id) == Entries(ledger, id)[1].outputs
Forgotten(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id # id)

NoDocument ==
    [version |-> 0, effects |-> <<>>, ledger |-> <<>>, registered |-> {}, doomed |-> {}]

\* Where a process waits ("at", named as the steps are) and what it has in hand:
\* - the copy that it handles, and the number of its delivery
\* - the document: that it is about to write, with the version that this is to replace, at
\*   "register", "save" and "clear"; that it could not write, at "reread"; that it has read or
\*   saved, at "check", "make", "send", "consume" and "revoke"; otherwise it has no need of one
\* - the messages that it is about to send
\* - the attempts that it knows to be struck out, and those whose tokens it has still to remove
\* - whether it has called anything that may change something, since it received the message
Idle == [at |-> "receive", copy |-> <<>>, delivery |-> 0, document |-> NoDocument,
         outputs |-> <<>>, doomed |-> {}, left |-> {}, touched |-> FALSE]

Id(p) == process[p].copy[1]

\* An attempt is named by the delivery that it is made for; so is what it registers and makes.
Attempt(p) == Append(process[p].copy, process[p].delivery)
Name(p) == IF Mutant \in {"25 deterministic-token", "26 deterministic-token+checkpoint"}
           THEN <<Id(p), 0, 0>> ELSE Attempt(p)

\* A message travels with its token: the name of an attempt, and a number.
Made(p) == [i \in 1..Outputs |->
    [of |-> Id(p), number |-> i, by |-> Attempt(p), token |-> Name(p)]]
Token(output) == <<output.token, output.number>>
TokensOf(name) == {name} \X (1..Outputs)

-----------------------------------------------------------------------------
(* What calls do, however they end *)

\* A write replaces the version that it names, or nothing.
Fits(p) == process[p].document.version = document.version

\* Tokens are made all or none, and not in the name of one who was shut out.
CanMake(p) ==
    \/ Name(p) \notin shut /\ TokensOf(Name(p)) \cap made = {}
    \/ Mutant \in {"26 deterministic-token+checkpoint", "k2 not-shut-out"}

\* 24 and 25: tokens are made when messages are sent, whoever may have made some before.
MakesLate == Mutant \in {"24 regenerate-tokens", "25 deterministic-token"}
Sent(p, n) == {IF MakesLate THEN [process[p].outputs[i] EXCEPT !.token = Name(p)]
               ELSE process[p].outputs[i] : i \in 1..n}

\* What the call does that a process waits in: of the messages that it is to send, with the first n;
\* of the attempts that it is to shut out, with this one.
Does(p, n, name) ==
    LET at == process[p].at
    IN  /\ document' = IF at \in {"register", "save", "clear"} /\ Fits(p)
                       THEN [process[p].document EXCEPT !.version = @ + 1] ELSE document
        /\ committed' = committed \cup Range(document'.effects)
        /\ unprocessed' = IF at \in {"consume", "early consume"} THEN unprocessed \ {Id(p)}
                          ELSE unprocessed
        /\ published' = IF at = "send" THEN published \cup Sent(p, n) ELSE published
        /\ made' = CASE at \in {"make", "early make", "make late"} /\ CanMake(p) ->
                           made \cup TokensOf(Name(p))
                     [] at = "send" /\ MakesLate -> made \cup {Token(o) : o \in Sent(p, n)}
                     [] at \in {"undo", "revoke"} -> made \ TokensOf(name)
                     [] OTHER -> made
        /\ shut' = IF at \in {"undo", "revoke"} THEN shut \cup {name} ELSE shut
        /\ UNCHANGED received

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
    process[p].at = step /\ Does(p, Len(process[p].outputs), Name(p)) /\ UNCHANGED budget
Continues(p, hand) == process' = [process EXCEPT ![p] = hand] /\ UNCHANGED queue

-----------------------------------------------------------------------------
(* The end of an attempt: steps 7 to 11 *)

\* In this order: a token that is gone says that all is sent, and while it is there, the entity has
\* the id of a message that was processed.
Order ==
    CASE Mutant = "27 publish-before-token" -> <<"send", "make late", "consume", "revoke", "clear">>
      [] Mutant = "28 token-delete-before-publish" -> <<"consume", "send", "revoke", "clear">>
      [] Mutant = "29 token-delete-before-commit" -> <<"send", "revoke", "clear">>
      [] Mutant = "36 clear-before-token" -> <<"send", "revoke", "clear", "consume">>
      [] OTHER -> <<"send", "consume", "revoke", "clear">>
Following(step) ==
    LET place == CHOOSE i \in DOMAIN Order : Order[i] = step
    IN  IF place = Len(Order) THEN "acknowledge" ELSE Order[place + 1]

\* A document without the id, and without those whose tokens are removed.
Cleared(hand, seen) ==
    [seen EXCEPT !.ledger = Forgotten(@, hand.copy[1]), !.doomed = @ \ hand.doomed]

\* What a process has in hand when it waits at a step. It doesn't where there is nothing to be done.
RECURSIVE At(_, _)
At(hand, step) ==
    CASE \/ step = "send" /\ hand.outputs = <<>>
         \/ step = "revoke" /\ hand.left = {}
         \/ step = "clear" /\ Cleared(hand, hand.document) = hand.document ->
            At(hand, Following(step))
      [] step = "clear" -> [hand EXCEPT !.at = step, !.document = Cleared(hand, @)]
      [] step = "acknowledge" ->
            [hand EXCEPT !.at = step, !.document = NoDocument, !.outputs = <<>>, !.doomed = {}]
      [] OTHER -> [hand EXCEPT !.at = step]

\* From the first of these steps on, at a document that holds what is pending.
Finishing(p, seen, doomed) ==
    At([process[p] EXCEPT !.document = seen, !.outputs = Pending(seen.ledger, Id(p)),
                          !.doomed = doomed, !.left = doomed], Order[1])

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
        [Idle EXCEPT !.at = IF Mutant = "23 token-check-before-load" THEN "early check" ELSE "load",
                     !.copy = k, !.delivery = queue'[k].deliveries]]
    /\ UNCHANGED <<document, published, committed, unprocessed, made, shut, received, budget>>

\* What an attempt saves first: its name.
Registered(p, seen) ==
    [process[p] EXCEPT !.at = "register",
                       !.document = [seen EXCEPT !.registered = @ \cup {Name(p)}]]

\* What it saves then: its effect, the id, and what it has to send; and no other attempt that is
\* registered by now can be saved any more.
Prepared(p, seen) ==
    [process[p] EXCEPT !.at = "save", !.document =
        [version |-> seen.version,
         effects |-> Append(seen.effects, Attempt(p)),
         ledger |-> Append(seen.ledger, [id |-> Id(p), state |-> "pending", outputs |-> Made(p)]),
         registered |-> IF Mutant = "k1 none-struck-out" THEN seen.registered \ {Name(p)} ELSE {},
         doomed |-> IF Mutant = "k1 none-struck-out" THEN seen.doomed
                    ELSE seen.doomed \cup (seen.registered \ {Name(p)})]]

\* Who has nothing to make need not register.
IsMaking == Outputs > 0 /\ ~MakesLate

\* What an attempt does first.
Begun(p, seen) ==
    CASE Mutant = "29 token-delete-before-commit" ->
            [process[p] EXCEPT !.at = "early consume", !.document = seen]
      [] Mutant = "34 create-before-register" ->
            [process[p] EXCEPT !.at = "early make", !.document = seen]
      [] OTHER -> IF IsMaking THEN Registered(p, seen) ELSE Prepared(p, seen)

\* 1. Load the entity.
Load(c) ==
    /\ Answered(c, "load")
    /\ Continues(c,
        \* Whoever has processed it may not have come to the end.
        IF IsIn(document.ledger, Id(c)) /\ Mutant # "28 token-delete-before-publish"
        THEN Finishing(c, document, document.doomed)
        ELSE IF Mutant = "23 token-check-before-load" THEN Begun(c, document)
        ELSE [process[c] EXCEPT !.at = "check", !.document = document])

\* 2. Look for the token only now: if it is gone by the time that the entity is saved, so is the
\* version that was loaded.
Check(c) ==
    /\ Answered(c, "check")
    /\ LET seen == process[c].document
       IN  Continues(c,
            IF Id(c) \in unprocessed
            THEN IF IsIn(seen.ledger, Id(c)) THEN Finishing(c, seen, seen.doomed)
                 ELSE Begun(c, seen)
            ELSE IF Mutant = "13c no-late-cleanup" THEN At(process[c], "acknowledge")
            ELSE [process[c] EXCEPT !.at = "late", !.document = NoDocument])

\* The message was processed; whoever has done that may not have come as far as step 9. The entity
\* may have been loaded before it was saved with the id, and then nothing of that was seen in it.
Late(c) ==
    /\ Answered(c, "late")
    /\ Continues(c, At([process[c] EXCEPT !.document = document, !.doomed = document.doomed,
                                         !.left = document.doomed], "revoke"))

\* 4. Register.
Register(c) ==
    /\ Answered(c, "register")
    /\ IF ~Fits(c) THEN GivesBack(c, TRUE)
       ELSE Continues(c,
        IF Mutant \in {"27 publish-before-token", "34 create-before-register"}
        THEN [Prepared(c, document') EXCEPT !.touched = TRUE]
        ELSE [process[c] EXCEPT !.at = "make", !.document = document', !.touched = TRUE])

\* 5. Make the tokens.
Make(c) ==
    /\ Answered(c, "make")
    /\ IF ~CanMake(c) THEN GivesBack(c, TRUE)
       ELSE Continues(c, Prepared(c, process[c].document))

\* 6. Save state, id and outgoing messages as one.
Save(c) ==
    /\ Answered(c, "save")
    /\ IF ~Fits(c) /\ ~IsMaking THEN GivesBack(c, TRUE)
       ELSE Continues(c,
        IF ~Fits(c) THEN [process[c] EXCEPT !.at = "reread"]
        ELSE [Finishing(c, document',
                document'.doomed \cup IF Mutant = "35 cleanup-all" THEN {Name(c)} ELSE {})
              EXCEPT !.touched = TRUE])

\* The effects that an attempt has handled its message on.
Given(p) == SubSeq(process[p].document.effects, 1, Len(process[p].document.effects) - 1)

\* If others have done no more than to register themselves, nothing is lost: so of attempts that
\* come in one another's way one is saved. Otherwise this one has lost, for certain.
Reread(c) ==
    /\ Answered(c, "reread")
    /\ IF document.effects = Given(c) /\ Name(c) \in document.registered
       THEN Continues(c, Prepared(c, document))
       ELSE IF Mutant = "k2 not-shut-out" THEN GivesBack(c, TRUE)
       ELSE Continues(c, [process[c] EXCEPT !.at = "undo", !.document = NoDocument])

Undo(c) == Answered(c, "undo") /\ GivesBack(c, TRUE)

Done(c, step) == Continues(c, At([process[c] EXCEPT !.touched = TRUE], Following(step)))

\* 7. Send what is pending.
Send(c) ==
    /\ Answered(c, "send")
    /\ Continues(c, At([process[c] EXCEPT !.touched = TRUE, !.outputs = <<>>], Following("send")))

\* 8. Remove the token: from now on the message counts as processed.
Consume(c) == Answered(c, "consume") /\ Done(c, "consume")

\* 9. Remove what attempts that were struck out have made, one after the other, in any order.
Revoke(c) ==
    /\ process[c].at = "revoke"
    /\ \E name \in process[c].left :
        /\ Does(c, 0, name)
        /\ Continues(c, At([process[c] EXCEPT !.touched = TRUE, !.left = @ \ {name}], "revoke"))
    /\ UNCHANGED budget

\* Only now forget the id and the messages, and those attempts.
Clear(c) ==
    /\ Answered(c, "clear")
    /\ IF Fits(c) THEN Done(c, "clear")
       ELSE Continues(c, [process[c] EXCEPT !.at = "reload", !.document = NoDocument,
                                            !.touched = TRUE])

\* Others have changed the entity meanwhile: it is cleared in a fresh copy, as far as it has to be.
Reload(c) ==
    /\ Answered(c, "reload")
    /\ Continues(c, At([process[c] EXCEPT !.document = document], "clear"))

\* 11. Only now may the message go.
Acknowledge(c) ==
    /\ Answered(c, "acknowledge")
    /\ Acknowledges(c)
    /\ process' = [process EXCEPT ![c] = Idle]

\* What was sent is received, now or later, once or again: if its token is there, it is processed;
\* if not, nothing happens.
Arrives(output) ==
    /\ Downstream
    /\ Token(output) \in made
    /\ made' = made \ {Token(output)}
    /\ LET before == {r \in received : r.output = output}
       IN  received' = received \cup {[output |-> output, time |-> Cardinality(before) + 1]}
    /\ UNCHANGED <<document, queue, published, committed, unprocessed, shut, process, budget>>

-----------------------------------------------------------------------------
(* What goes wrong *)

Uses(kind) == budget[kind] > 0 /\ budget' = [budget EXCEPT ![kind] = @ - 1]

\* A call fails without having had an effect. Either the caller is told so, or it can't tell.
Lost(c) ==
    /\ process[c].at # "receive"
    /\ Uses("failures")
    /\ GivesBack(c, process[c].touched)
    /\ UNCHANGED <<document, published, committed, unprocessed, made, shut, received>>

\* A call takes effect, and fails. Of several messages some may have been sent.
Changes == {"register", "make", "early make", "save", "undo", "send", "consume", "revoke", "clear",
            "acknowledge"}
After(c) ==
    /\ process[c].at \in Changes
    /\ Uses("failures")
    /\ \E n \in IF process[c].at = "send" THEN DOMAIN process[c].outputs ELSE {0} :
        \E name \in IF process[c].at = "revoke" THEN process[c].left ELSE {Name(c)} :
            Does(c, n, name)
    /\ IF process[c].at # "acknowledge" THEN GivesBack(c, TRUE)
       ELSE Acknowledges(c) /\ process' = [process EXCEPT ![c] = Idle]

\* A process dies, perhaps while it sends. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c, process[c].touched)
    /\ \/ UNCHANGED <<document, published, committed, unprocessed, made, shut, received>>
       \/ /\ process[c].at = "send"
          /\ \E n \in 1..Len(process[c].outputs) - 1 : Does(c, n, Name(c))

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, published, committed, unprocessed, made, shut, received, process>>

-----------------------------------------------------------------------------
(* Mistakes that are a step in the wrong place *)

Early(c) ==
    \* 23: what is not processed then may be by the time that the entity is loaded.
    \/ /\ Answered(c, "early check")
       /\ Continues(c, [process[c] EXCEPT !.at = IF Id(c) \in unprocessed THEN "load" ELSE "late"])
    \* 29: whoever gets the message next finds it processed; and 34: if the process dies now, nobody
    \* knows of what it has made.
    \/ /\ Answered(c, "early consume") \/ Answered(c, "early make")
       /\ Continues(c, [Registered(c, process[c].document) EXCEPT !.touched = TRUE])
    \* 27: who receives the message may have looked for its token already.
    \/ Answered(c, "make late") /\ Done(c, "make late")

-----------------------------------------------------------------------------
(* All of it *)

Init ==
    /\ document = NoDocument
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                                deliveries |-> 0]]
    /\ published = {} /\ committed = {} /\ made = {} /\ shut = {} /\ received = {}
    /\ unprocessed = Messages
    /\ process = [c \in Consumers |-> Idle]
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Load(c) \/ Check(c) \/ Late(c) \/ Register(c) \/ Make(c) \/ Save(c) \/ Reread(c) \/ Undo(c)
    \/ Send(c) \/ Consume(c) \/ Revoke(c) \/ Clear(c) \/ Reload(c) \/ Acknowledge(c)
    \/ Early(c)

Next ==
    \/ \E c \in Consumers : Step(c) \/ Lost(c) \/ After(c) \/ Crash(c)
    \/ \E k \in Copy : LeaseEnds(k)
    \/ \E output \in published : Arrives(output)

\* Whoever can go on does so in the end. Nothing has to go wrong.
Spec == /\ Init /\ [][Next]_vars
        /\ \A c \in Consumers : WF_vars(Step(c))
        /\ WF_vars(\E output \in published : Arrives(output))

-----------------------------------------------------------------------------
(* What must hold; the numbers are those of the invariants that all algorithms share *)

\* I1: no message is applied twice.
AppliedOnce == \A a, b \in committed : a[1] = b[1] => a = b

\* No saved effect is lost again.
NothingOverwritten == committed \subseteq Range(document.effects)

\* I2: all copies of an output are alike, from one attempt.
OutputsAgree == \A o, q \in published : o.of = q.of /\ o.number = q.number => o.by = q.by

\* I3: no ghosts: nothing is sent by an attempt whose effect is not saved.
NoGhosts == \A o \in published : o.by \in committed

\* I4: when a message is gone, its effect is saved and all its outputs are sent.
IsSent(a) == \A i \in 1..Outputs : \E o \in published : o.number = i /\ o.by = a
GoneIsDone ==
    \A k \in Copy : queue[k].state = "gone" => \E a \in committed : a[1] = k[1] /\ IsSent(a)

\* I5: outputs belong to the state as it is saved.
OutputsFitState == \A o \in published : o.by \in Range(document.effects)

\* What is sent has its token, until it is processed; or it would be taken for a copy.
IsReceived(o) == \E r \in received : r.output = o
SentHasToken == \A o \in published : Token(o) \in made \/ IsReceived(o)

\* And it is processed once.
ReceivedOnce == \A r, s \in received :
    r.output.of = s.output.of /\ r.output.number = s.output.number => r = s

\* Why it is right: the entity has the id of a message that was processed, or its token is gone ...
NoGap == \A a \in committed : IsIn(document.ledger, a[1]) \/ a[1] \notin unprocessed

\* ... and whoever finds it gone need not send ...
ConsumedIsSent == \A a \in committed : a[1] \notin unprocessed => IsSent(a)

\* ... and the entity knows of all attempts that have made something which nobody is to receive.
LosersAreKnown ==
    \A token \in made : token[1] \in committed \cup document.registered \cup document.doomed

AtRest ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : queue[k].state = "gone"
    /\ Downstream => \A o \in published : Token(o) \notin made

\* At rest nothing is lost ...
NothingLost == AtRest =>
    \A m \in Messages : \E a \in committed :
        a[1] = m /\ IsSent(a) /\ (Downstream => \A o \in published : o.by = a => IsReceived(o))

\* ... and nothing is left behind (I6): neither in the entity, nor a token of what was processed or
\* is never sent. (Who is shut out is remembered for some days.)
NothingLeftBehind == AtRest =>
    /\ document.ledger = <<>> /\ document.registered = {} /\ document.doomed = {}
    /\ unprocessed = {}
    /\ made \subseteq {Token(o) : o \in published}

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
