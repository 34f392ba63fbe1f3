----------------------------- MODULE OutboxStaged -----------------------------
(***************************************************************************)
(* The outbox where messages don't fit into the entity:                    *)
(* Sources/Pawl/Deduplication/Outbox.swift and StagedMessages.swift.       *)
(*                                                                         *)
(* Each attempt lays down its messages beside the entity, on pages under a *)
(* name of its own, before it saves the entity with that name in the       *)
(* ledger.  All that attempts at one message lay down is behind a fence: a *)
(* document that is written together with each page and lists the          *)
(* attempts, each with the version of the entity that it has loaded.       *)
(* Whoever finds the messages sent removes the pages of all that are       *)
(* listed, and closes the fence, so that an attempt that has lost can't    *)
(* lay down anything any more:                                             *)
(*                                                                         *)
(*   1. load the entity                                                    *)
(*   2. not in the ledger: handle the message; read the fence, look at the *)
(*      entity again, and if that is closed or this has changed, lay down  *)
(*      nothing more; write page after page, with the fence under the      *)
(*      version that it was read or written with last; save state, id and  *)
(*      the attempt's name as one; if that can't be, remove what was laid  *)
(*      down                                                               *)
(*   3. in the ledger: nothing is to be handled                            *)
(*   4. read the pages, send what is in them, note that it is sent; then   *)
(*      remove all pages, and close the fence                              *)
(*   5. acknowledge the message                                            *)
(*                                                                         *)
(* One action is one call of the algorithm, answered.  Between two answers *)
(* a process only computes.  Calls fail, processes die, leases end.        *)
(*                                                                         *)
(* There are no submissions here, which are given up, so a fence is never  *)
(* rewritten, and nobody asks for the versions that it lists.  That is     *)
(* what the look at the entity is for; without it nothing that is said     *)
(* below would be untrue.                                                  *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Consumers,      \* the processes that consume, for example {"c1", "c2"}
    Messages,       \* the messages, for example {"m1", "m2"}
    Copies,         \* how many copies of "m1" are in the queue; of all others, one
    Outputs,        \* how many messages each message causes
    PerPage,        \* how many of those fit on a page
    Crashes,        \* how many processes die
    Failures,       \* how many calls fail
    Redeliveries,   \* how many leases end although their holder is at work
    Mutant          \* "none", or the mistake that is made

VARIABLES
    document,       \* the entity: [version, effects, ledger]; there is none at version 0
    pages,          \* what lies beside it: <<name, number of the page, attempt, messages>>
    fences,         \* of each message: [state, writes, listed], which lists [name, base]
    queue,          \* of each copy: [state, holder, isOver, deliveries]
    published,      \* the different messages that were sent
    committed,      \* the attempts whose effect was saved at some time
    process,        \* of each process: where it waits, and what it has in hand
    budget          \* what may still go wrong: [crashes, failures, redeliveries]

vars == <<document, pages, fences, queue, published, committed, process, budget>>

-----------------------------------------------------------------------------
(* Values *)

\* A copy is named by its message and a number.
Copy == {k \in Messages \X (1..Copies) : k[1] = "m1" \/ k[2] = 1}

Range(list) == {list[i] : i \in DOMAIN list}
Without(list, element) == SelectSeq(list, LAMBDA other : other # element)

\* What a fence lists without an attempt, by its name.
Unlisted(listed, name) == SelectSeq(listed, LAMBDA laid : laid.name # name)

\* An entry of a ledger is [id, state, stage], its state "staged", with the name under which the
\* messages lie, or "unstaged" when they are sent. An id has at most one.
Entries(ledger, id) == SelectSeq(ledger, LAMBDA entry : entry.id = id)
State(ledger, id) == IF Entries(ledger, id) = <<>> THEN "none" ELSE Entries(ledger, id)[1].state
Stage(ledger, id) == Entries(ledger, id)[1].stage
\* Notes that everything of an id was sent. The id stays.
Unstaged(ledger, id) ==
    IF Mutant = "3 forget-id" THEN SelectSeq(ledger, LAMBDA entry : entry.id # id)
    ELSE [i \in DOMAIN ledger |->
            IF ledger[i].id = id THEN [id |-> id, state |-> "unstaged", stage |-> <<>>]
            ELSE ledger[i]]

NoDocument == [version |-> 0, effects |-> <<>>, ledger |-> <<>>]
NoFence == [version |-> 0, listed |-> <<>>]

\* Where a process waits ("at", named as the steps are) and what it has in hand:
\* - the copy that it handles, and the number of its delivery
\* - the document: that it is about to write, with the version that this is to replace, at "save"
\*   and "mark"; that it has read or saved, at "fence", "look", "lay", "gather", "recheck" and
\*   "send"
\* - the messages that it has read, and is about to send
\* - the page that it is about to write, to read or to remove; 0 where it is about none
\* - the fence: that it is about to write, with the version that this is to replace, at "lay",
\*   "unlist" and "close"; as it has read it, at "look"; at "clear", the version that it has read,
\*   and of whom it still has to remove pages
\* - whether it has called anything that may change something, since it received the message
Idle == [at |-> "receive", copy |-> <<>>, delivery |-> 0, document |-> NoDocument,
         outputs |-> <<>>, page |-> 0, fence |-> NoFence, touched |-> FALSE]

Id(p) == process[p].copy[1]

\* An attempt is named by the delivery that it is made for; under that name it lays down messages.
Attempt(p) == Append(process[p].copy, process[p].delivery)
Name(p) == IF Mutant = "17 staged-by-message-id" THEN <<Id(p), 0, 0>> ELSE Attempt(p)

\* Messages are distributed in their order.
Pages == (Outputs + PerPage - 1) \div PerPage
Page(name, number, attempt) ==
    LET before == (number - 1) * PerPage
        count == IF number = Pages THEN Outputs - before ELSE PerPage
    IN  <<name, number, attempt, [i \in 1..count |-> before + i]>>
On(page) == [i \in DOMAIN page[4] |-> [of |-> page[3][1], number |-> page[4][i], by |-> page[3]]]

-----------------------------------------------------------------------------
(* What calls do, however they end *)

\* A write replaces the version that it names, or nothing.
Fits(p) ==
    \/ process[p].document.version = document.version
    \/ Mutant = "2 blind-commit" /\ process[p].at = "save"
    \/ Mutant = "20 upsert-first-write" /\ process[p].at = "save"
        /\ process[p].document.version = 0
FenceVersion(id) == IF fences[id].state = "none" THEN 0 ELSE fences[id].writes
FenceFits(p) == process[p].fence.version = FenceVersion(Id(p))

IsPage(page, name, number) == page[1] = name /\ page[2] = number
Removed(name, number) == {page \in pages : ~IsPage(page, name, number)}

\* What a fence is after it was written.
FenceState(p) ==
    CASE process[p].at = "close" -> IF Mutant = "17b no-fence" THEN "none" ELSE "closed"
      [] process[p].at = "unlist" /\ process[p].fence.listed = <<>> -> "none"
      [] OTHER -> "open"

\* What the call does that a process waits in: of the messages that it is to send, with the first n.
Does(p, n) ==
    LET at == process[p].at
        page == process[p].page
    IN  /\ document' = IF at \in {"save", "mark"} /\ Fits(p)
                       THEN [process[p].document EXCEPT !.version = document.version + 1]
                       ELSE document
        /\ committed' = committed \cup Range(document'.effects)
        /\ published' = IF at = "send"
                        THEN published \cup {process[p].outputs[i] : i \in 1..n} ELSE published
        /\ pages' = CASE at = "lay" /\ FenceFits(p) ->
                            Removed(Name(p), page) \cup {Page(Name(p), page, Attempt(p))}
                      [] at = "withdraw" -> Removed(Name(p), page)
                      [] at = "clear" -> Removed(Head(process[p].fence.listed).name, page)
                      [] OTHER -> pages
        /\ fences' = IF at \in {"lay", "unlist", "close"} /\ FenceFits(p)
                     THEN [fences EXCEPT ![Id(p)] =
                            [state |-> FenceState(p), writes |-> @.writes + 1,
                             listed |-> process[p].fence.listed]]
                     ELSE fences

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

IsVisible(k) == queue[k].state = "waiting" \/ queue[k].isOver

\* The message is delivered, under a lease.
Receive(c, k) ==
    /\ process[c].at = "receive"
    /\ IsVisible(k)
    /\ queue' = [queue EXCEPT ![k] = [state |-> "held", holder |-> c, isOver |-> FALSE,
                                      deliveries |-> @.deliveries + 1]]
    /\ process' = [process EXCEPT ![c] =
                    [Idle EXCEPT !.at = "load", !.copy = k, !.delivery = queue'[k].deliveries]]
    /\ UNCHANGED <<document, pages, fences, published, committed, budget>>

\* What is in hand where nothing is but the message.
Bare(hand, step) ==
    [hand EXCEPT !.at = step, !.document = NoDocument, !.outputs = <<>>, !.page = 0,
                 !.fence = NoFence]
Laying(hand, seen, page) ==
    [Bare(hand, "fence") EXCEPT !.document = seen, !.page = page]
Gathering(hand, seen) == [Bare(hand, "gather") EXCEPT !.document = seen, !.page = 1]
Marking(hand, seen) ==
    [Bare(hand, "mark") EXCEPT !.document = [seen EXCEPT !.ledger = Unstaged(@, hand.copy[1])]]

\* What an attempt saves: its effect, the id, and under which name its messages lie.
Prepared(p, seen) ==
    [version |-> seen.version,
     effects |-> Append(seen.effects, Attempt(p)),
     ledger |-> Append(SelectSeq(seen.ledger, LAMBDA entry : entry.id # Id(p)),
                       [id |-> Id(p), state |-> "staged", stage |-> Name(p)])]
Saving(p, seen) == [Bare(process[p], "save") EXCEPT !.document = Prepared(p, seen)]

\* 1. Load the entity; what has not been processed yet is handled.
Load(c) ==
    LET state == State(document.ledger, Id(c))
    IN  /\ Answered(c, "load")
        /\ Continues(c,
            CASE state = "none" /\ Mutant = "18 stage-after-commit" -> Saving(c, document)
              [] state = "none" -> Laying(process[c], document, 1)
              [] state = "staged" ->
                    IF Mutant = "5 duplicate-drops-outbox" THEN Bare(process[c], "acknowledge")
                    ELSE Gathering(process[c], document)
              [] state = "unstaged" ->
                    Bare(process[c],
                         IF Mutant = "13d no-late-cleanup" THEN "acknowledge" ELSE "peek"))

\* What was laid down by who has lost has to go.
Loses(c) ==
    IF process[c].page = 1 THEN GivesBack(c, process[c].touched)
    ELSE Continues(c, [Bare(process[c], "withdraw") EXCEPT !.page = 1])

\* 2. Read the fence. If it is closed, somebody has processed the message.
Fence(c) ==
    /\ Answered(c, "fence")
    /\ IF fences[Id(c)].state = "closed" THEN Loses(c)
       ELSE Continues(c, [process[c] EXCEPT !.at = "look", !.fence =
                [version |-> FenceVersion(Id(c)), listed |-> fences[Id(c)].listed]])

\* Look at the entity again. If it has changed, what is handled can't be saved.
Look(c) ==
    LET base == process[c].document.version
        laid == [name |-> Name(c), base |-> base]
    IN  /\ Answered(c, "look")
        /\ IF document.version # base /\ Mutant # "17c unlooked" THEN Loses(c)
           ELSE Continues(c, [process[c] EXCEPT !.at = "lay", !.fence.listed =
                    IF Mutant = "o1 unlisted" THEN @ ELSE Append(Without(@, laid), laid)])

\* Lay down a page and list the attempt, as one; if somebody else has written the fence, read it
\* again. The next page replaces what was written with this one.
Lay(c) ==
    LET hand == [process[c] EXCEPT !.touched = TRUE]
        seen == process[c].document
    IN  /\ Answered(c, "lay")
        /\ Continues(c,
            CASE ~FenceFits(c) -> Laying(hand, seen, hand.page)
              [] hand.page < Pages ->
                    [hand EXCEPT !.page = @ + 1, !.fence.version = fences'[Id(c)].writes]
              [] Mutant = "18 stage-after-commit" -> Gathering(hand, seen)
              [] OTHER -> [Saving(c, seen) EXCEPT !.touched = TRUE])

\* Save state, id and name as one. If that can't be, what was laid down has to go.
Save(c) ==
    LET hand == [process[c] EXCEPT !.touched = TRUE]
    IN  /\ Answered(c, "save")
        /\ IF Fits(c)
           THEN Continues(c, IF Mutant = "18 stage-after-commit" THEN Laying(hand, document', 1)
                             ELSE Gathering(hand, document'))
           ELSE IF Mutant = "18 stage-after-commit" THEN GivesBack(c, TRUE)
           ELSE Continues(c, [Bare(hand, "withdraw") EXCEPT !.page = 1])

\* Remove the attempt's own pages, one after the other ...
Withdraw(c) ==
    /\ Answered(c, "withdraw")
    /\ Continues(c, IF process[c].page < Pages
                    THEN [process[c] EXCEPT !.page = @ + 1, !.touched = TRUE]
                    ELSE [Bare(process[c], "unlook") EXCEPT !.touched = TRUE])

\* ... and take it from the list, unless somebody has done so.
Unlook(c) ==
    LET rest == Unlisted(fences[Id(c)].listed, Name(c))
    IN  /\ Answered(c, "unlook")
        /\ IF rest = fences[Id(c)].listed THEN GivesBack(c, TRUE)
           ELSE Continues(c, [process[c] EXCEPT !.at = "unlist", !.fence =
                    [version |-> FenceVersion(Id(c)), listed |-> rest]])
Unlist(c) ==
    /\ Answered(c, "unlist")
    /\ IF FenceFits(c) THEN GivesBack(c, TRUE)
       ELSE Continues(c, Bare(process[c], "unlook"))

\* 4. Read what is to be sent, page after page.
Gather(c) ==
    LET hand == process[c]
        name == Stage(hand.document.ledger, Id(c))
        found == {page \in pages : IsPage(page, name, hand.page)}
    IN  /\ Answered(c, "gather")
        /\ Continues(c,
            IF found = {}
            THEN IF Mutant \in {"18 stage-after-commit", "19 delete-staged-on-error"}
                 THEN Marking(hand, hand.document)
                 ELSE [Bare(hand, "recheck") EXCEPT !.document = hand.document]
            ELSE LET read == hand.outputs \o On(CHOOSE page \in found : TRUE)
                 IN  IF hand.page < Pages
                     THEN [hand EXCEPT !.page = @ + 1, !.outputs = read]
                     ELSE [hand EXCEPT !.at = "send", !.page = 0, !.outputs = read])

\* A page is gone. Whoever has removed it has noted first that all is sent.
Recheck(c) ==
    /\ Answered(c, "recheck")
    /\ IF State(document.ledger, Id(c)) = "staged" THEN GivesBack(c, process[c].touched)
       ELSE Continues(c, Marking(process[c], process[c].document))

\* Send, ...
Send(c) ==
    /\ Answered(c, "send")
    /\ Continues(c, Marking([process[c] EXCEPT !.touched = TRUE], process[c].document))

\* ... and only then note that it is sent, in a fresh copy where others have changed the entity.
Mark(c) ==
    /\ Answered(c, "mark")
    /\ Continues(c, Bare([process[c] EXCEPT !.touched = TRUE],
                         IF Fits(c) THEN "peek" ELSE "reload"))
Reload(c) ==
    /\ Answered(c, "reload")
    /\ Continues(c, IF State(document.ledger, Id(c)) = "staged" THEN Marking(process[c], document)
                    ELSE Bare(process[c], "peek"))

\* Last of all, and by everybody who comes after: remove the pages of all who are listed ...
Clearing(hand, fence) ==
    IF fence.listed = <<>> THEN [Bare(hand, "close") EXCEPT !.fence = fence]
    ELSE [Bare(hand, "clear") EXCEPT !.fence = fence, !.page = 1]
Peek(c) ==
    /\ Answered(c, "peek")
    /\ Continues(c,
        IF fences[Id(c)].state = "closed" THEN Bare(process[c], "acknowledge")
        ELSE Clearing(process[c],
                      [version |-> FenceVersion(Id(c)), listed |-> fences[Id(c)].listed]))
Clear(c) ==
    LET hand == [process[c] EXCEPT !.touched = TRUE]
    IN  /\ Answered(c, "clear")
        /\ Continues(c, IF hand.page < Pages THEN [hand EXCEPT !.page = @ + 1]
                        ELSE Clearing(hand, [hand.fence EXCEPT !.listed = Tail(@)]))

\* ... and close the fence. If somebody has written it meanwhile, once more.
Close(c) ==
    /\ Answered(c, "close")
    /\ Continues(c, Bare([process[c] EXCEPT !.touched = TRUE],
                         IF FenceFits(c) THEN "acknowledge" ELSE "peek"))

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
    /\ UNCHANGED <<document, pages, fences, published, committed>>

\* A call takes effect, and fails. Of several messages some may have been sent. 19: who is told so
\* takes it for a conflict.
Changes == {"lay", "save", "withdraw", "unlist", "send", "mark", "clear", "close", "acknowledge"}
After(c) ==
    /\ process[c].at \in Changes
    /\ Uses("failures")
    /\ \E n \in IF process[c].at = "send" THEN DOMAIN process[c].outputs ELSE {0} : Does(c, n)
    /\ CASE process[c].at = "acknowledge" ->
                Acknowledges(c) /\ process' = [process EXCEPT ![c] = Idle]
         [] process[c].at = "save" /\ Mutant = "19 delete-staged-on-error" ->
                Continues(c, [Bare(process[c], "withdraw") EXCEPT !.page = 1, !.touched = TRUE])
         [] OTHER -> GivesBack(c, TRUE)

\* A process dies, perhaps while it sends. It comes back with nothing in memory.
Crash(c) ==
    /\ process[c].at # "receive"
    /\ Uses("crashes")
    /\ GivesBack(c, process[c].touched)
    /\ \/ UNCHANGED <<document, pages, fences, published, committed>>
       \/ process[c].at = "send" /\ \E n \in 1..Len(process[c].outputs) - 1 : Does(c, n)

\* A lease ends although its holder is at work.
LeaseEnds(k) ==
    /\ queue[k].state = "held" /\ ~queue[k].isOver
    /\ Uses("redeliveries")
    /\ queue' = [queue EXCEPT ![k].isOver = TRUE]
    /\ UNCHANGED <<document, pages, fences, published, committed, process>>

-----------------------------------------------------------------------------
(* All of it *)

Init ==
    /\ document = NoDocument
    /\ pages = {}
    /\ fences = [m \in Messages |-> [state |-> "none", writes |-> 0, listed |-> <<>>]]
    /\ queue = [k \in Copy |-> [state |-> "waiting", holder |-> "", isOver |-> FALSE,
                                deliveries |-> 0]]
    /\ published = {}
    /\ committed = {}
    /\ process = [c \in Consumers |-> Idle]
    /\ budget = [crashes |-> Crashes, failures |-> Failures, redeliveries |-> Redeliveries]

\* What a consumer does by itself.
Step(c) ==
    \/ \E k \in Copy : Receive(c, k)
    \/ Load(c) \/ Fence(c) \/ Look(c) \/ Lay(c) \/ Save(c) \/ Withdraw(c) \/ Unlook(c) \/ Unlist(c)
    \/ Gather(c) \/ Recheck(c) \/ Send(c) \/ Mark(c) \/ Reload(c)
    \/ Peek(c) \/ Clear(c) \/ Close(c) \/ Acknowledge(c)

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
IsSent(a) == \A i \in 1..Outputs : \E o \in published : o.number = i /\ o.by = a
GoneIsDone ==
    \A k \in Copy : queue[k].state = "gone" => \E a \in committed : a[1] = k[1] /\ IsSent(a)

\* I5: outputs belong to the state as it is saved.
OutputsFitState == \A o \in published : o.by \in Range(document.effects)

\* Why it is right: what the entity names is there, until it is sent ...
NamedIsThere ==
    \A entry \in Range(document.ledger) : entry.state = "staged" =>
        \A i \in 1..Pages : Page(entry.stage, i, entry.stage) \in pages

\* ... and the fence lists everything that lies there, so that it will be found.
AllAreListed ==
    \A page \in pages : \E laid \in Range(fences[page[3][1]].listed) : laid.name = page[1]

\* So that what has lost can be told from what has not, whoever can still save the entity is listed
\* with the version that there is.
BasesAreLoaded ==
    \A c \in Consumers : process[c].at = "save" /\ process[c].document.version = document.version =>
        \E laid \in Range(fences[Id(c)].listed) :
            laid = [name |-> Name(c), base |-> process[c].document.version]

AtRest ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : queue[k].state = "gone"

\* At rest nothing is lost ...
NothingLost == AtRest => \A m \in Messages : \E a \in committed : a[1] = m /\ IsSent(a)

\* ... and nothing is left behind (I6). (That a fence is closed is remembered for some days.)
NothingLeftBehind == AtRest =>
    /\ pages = {}
    /\ \A m \in Messages : fences[m].state # "open"
    /\ \A entry \in Range(document.ledger) : entry.state = "unstaged"

\* In the end everything is at rest.
ComesToRest == <>[]AtRest
=============================================================================
