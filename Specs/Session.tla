------------------------------ MODULE Session ------------------------------
(***************************************************************************)
(* Sessions over the outbox ("8 over 1"): submit and complete in           *)
(* Sources/Pawl/Deduplication/Outbox.swift, and                            *)
(* Sources/Pawl/Boundary/SubmissionMessage.swift.                          *)
(*                                                                         *)
(* A session changes the entity and sends messages without having received *)
(* one.  If it dies, nobody delivers anything again, so it announces first *)
(* that somebody is to look after its submission x:                        *)
(*                                                                         *)
(*   1. load the document; if x is in the ledger, it is saved already      *)
(*   2. handle it; send the announcement, to be looked at after a while    *)
(*   3. save state, x and outgoing messages as one; after a conflict or a  *)
(*      failure all begins anew                                            *)
(*   4. send what is pending, and note then that it is sent; if that       *)
(*      fails, it is saved all the same                                    *)
(*                                                                         *)
(* Whoever gets the announcement looks whether x is in the ledger.         *)
(* Pending: he sends, as in step 4 of the outbox.  Not there: he announces *)
(* it again, and the last time he writes a tombstone, so that a commit     *)
(* that comes late fails.                                                  *)
(*                                                                         *)
(* All else is module Outbox: the consumers, the document, the steps that  *)
(* send and note that it is sent.                                          *)
(***************************************************************************)
EXTENDS Outbox, TLC

CONSTANTS
    Sessions,       \* the sessions, each with one submission, named like it: {"x1"}
    Delays          \* how often time goes by although a session is at work

VARIABLES
    announcements,  \* those that wait in the queue, and how many there are of each
    carried,        \* of each consumer: the announcement that it handles, or Nothing
    now,            \* the time, in intervals between two looks
    delays          \* how often time may still go by although a session is at work

others == <<announcements, carried, now, delays>>
all == <<vars, others>>

LastTry == 6

\* Whose submission it announces, how often that was looked for, and when it is to be looked at.
Nothing == [of |-> "", tries |-> 0, due |-> 0]
Announcement(s, tries) == [of |-> s, tries |-> tries, due |-> now + 1]

With(bag, a) == IF a \in DOMAIN bag THEN [bag EXCEPT ![a] = @ + 1] ELSE bag @@ (a :> 1)
Without(bag, a) ==
    IF bag[a] > 1 THEN [bag EXCEPT ![a] = @ - 1]
    ELSE [b \in DOMAIN bag \ {a} |-> bag[b]]

-----------------------------------------------------------------------------
(* Submit. A session has its submission in hand as if that were a copy of a message; the number of *)
(* the delivery is that of the attempt.                                                             *)

Begin(s) == [Idle EXCEPT !.at = "load", !.copy = <<s>>]
Again(s, touched) ==
    process' = [process EXCEPT ![s] =
        [Begin(s) EXCEPT !.delivery = process[s].delivery, !.touched = touched]]
HasEnded(s) == process[s].at \in {"answered", "dead"}
Ends(s, how) == process' = [process EXCEPT ![s] = [Idle EXCEPT !.at = how]]

\* 1. Load, and handle it.
SubmitLoad(s) ==
    LET state == State(document.ledger, s)
        handled == [process EXCEPT ![s] =
            [@ EXCEPT !.at = "announce", !.delivery = @ + 1, !.document = document]]
    IN  /\ process[s].at = "load"
        /\ CASE state \in {"pending", "dispatched"} -> Ends(s, "answered")
             [] state = "tombstone" /\ Mutant = "s5 tombstone-is-commit" -> Ends(s, "answered")
             \* What was given up may be saved after all.
             [] OTHER -> process' = handled
        /\ UNCHANGED <<document, queue, published, committed, budget, others>>

\* 2. Before anything is saved, see to it that somebody will finish.
Announce(s) ==
    /\ process[s].at = "announce"
    /\ Mutant \notin {"48 complete-after-commit", "s1 unannounced"}
    /\ announcements' = With(announcements, Announcement(s, 0))
    /\ process' = [process EXCEPT ![s] =
        [@ EXCEPT !.at = "save", !.document = Prepared(s, @), !.touched = TRUE]]
    /\ UNCHANGED <<document, queue, published, committed, budget, carried, now, delays>>

\* 3. Save state, id and outgoing messages as one.
SubmitSave(s) ==
    /\ process[s].at = "save"
    /\ Writes(s)
    /\ IF Fits(s)
       THEN process' = [process EXCEPT ![s] =
            IF Mutant = "48 complete-after-commit"
            THEN [Sending(s, document') EXCEPT !.at = "announce late"]
            ELSE IF Outputs = 0 THEN Finished(s) ELSE Sending(s, document')]
       ELSE Again(s, TRUE)
    /\ UNCHANGED <<queue, published, budget, others>>

\* 4. Send, and note that it is sent: Send, Mark and Reload of module Outbox.

SubmitLost(s) ==
    /\ ~HasEnded(s)
    /\ Uses("failures")
    /\ IF process[s].at \in {"send", "mark", "reload"} THEN Ends(s, "answered")
       ELSE Again(s, process[s].touched)
    /\ UNCHANGED <<document, queue, published, committed, others>>

SubmitAfter(s) ==
    /\ Uses("failures")
    /\ \/ /\ process[s].at = "announce"
          /\ announcements' = With(announcements, Announcement(s, 0))
          /\ Again(s, TRUE)
          /\ UNCHANGED <<document, published, committed>>
       \/ /\ process[s].at = "save"
          /\ Writes(s)
          /\ Again(s, TRUE)
          /\ UNCHANGED <<published, announcements>>
       \/ /\ process[s].at = "send"
          /\ \E n \in DOMAIN process[s].outputs : Sends(s, n)
          /\ Ends(s, "answered")
          /\ UNCHANGED <<document, committed, announcements>>
       \/ /\ process[s].at = "mark"
          /\ Writes(s)
          /\ Ends(s, "answered")
          /\ UNCHANGED <<published, announcements>>
    /\ UNCHANGED <<queue, carried, now, delays>>

\* A session that dies is not started again.
SubmitCrash(s) ==
    /\ ~HasEnded(s)
    /\ Uses("crashes")
    /\ Ends(s, "dead")
    /\ \/ UNCHANGED published
       \/ process[s].at = "send" /\ \E n \in 1..Len(process[s].outputs) - 1 : Sends(s, n)
    /\ UNCHANGED <<document, queue, committed, others>>

\* 48: saved first, announced then. s1: not announced at all.
AnnounceWrongly(s) ==
    /\ \/ /\ process[s].at = "announce"
          /\ Mutant \in {"48 complete-after-commit", "s1 unannounced"}
          /\ process' = [process EXCEPT ![s] =
                [@ EXCEPT !.at = "save", !.document = Prepared(s, @)]]
          /\ UNCHANGED announcements
       \/ /\ process[s].at = "announce late"
          /\ announcements' = With(announcements, Announcement(s, 0))
          /\ process' = [process EXCEPT ![s].at = "send"]
    /\ UNCHANGED <<document, queue, published, committed, budget, carried, now, delays>>

-----------------------------------------------------------------------------
(* Complete *)

ReceiveAnnouncement(c) ==
    /\ process[c].at = "receive"
    /\ \E a \in DOMAIN announcements :
        /\ a.due <= now
        /\ announcements' = Without(announcements, a)
        /\ carried' = [carried EXCEPT ![c] = a]
        /\ process' = [process EXCEPT ![c] = [Idle EXCEPT !.at = "look", !.copy = <<a.of>>]]
    /\ UNCHANGED <<document, queue, published, committed, budget, now, delays>>

\* Whether the submission is saved.
Look(c) ==
    LET state == State(document.ledger, Id(c))
        isLast == carried[c].tries + 1 = LastTry
        giveUp == [process[c] EXCEPT !.at = "gather", !.document = document]
    IN  /\ process[c].at = "look"
        /\ process' = [process EXCEPT ![c] =
            CASE state = "dispatched" -> Finished(c)
              [] state = "pending" /\ Mutant = "s4 complete-drops-outbox" -> Finished(c)
              [] state = "pending" -> Sending(c, document)
              [] state \in {"none", "tombstone"} /\ ~isLast -> [@ EXCEPT !.at = "announce again"]
              [] state \in {"none", "tombstone"} /\ Mutant = "s2 no-tombstone" -> Finished(c)
              [] state \in {"none", "tombstone"} -> giveUp]
        /\ UNCHANGED <<document, queue, published, committed, budget, others>>

\* It is not; look again later.
AnnounceAgain(c) ==
    /\ process[c].at = "announce again"
    /\ announcements' = With(announcements, Announcement(Id(c), carried[c].tries + 1))
    /\ process' = [process EXCEPT ![c] = [Finished(c) EXCEPT !.touched = TRUE]]
    /\ UNCHANGED <<document, queue, published, committed, budget, carried, now, delays>>

Drops(c) ==
    /\ carried' = [carried EXCEPT ![c] = Nothing]
    /\ process' = [process EXCEPT ![c] = Idle]
GivesBackAnnouncement(c) ==
    /\ announcements' = With(announcements, [carried[c] EXCEPT !.due = now])
    /\ Drops(c)

\* Messages that don't fit into the entity lie beside it, and those of a submission that is given up
\* have to go. Here all fit, so nothing is found; but while somebody looks, others go on.
Gather(c) ==
    /\ process[c].at = "gather"
    /\ process' = [process EXCEPT ![c] =
        [@ EXCEPT !.at = "tombstone",
                  !.document.ledger = Record(@, Id(c), "tombstone", <<>>)]]
    /\ UNCHANGED <<document, queue, published, committed, budget, others>>

\* It is given up. This changes the version, so that a commit that comes after it fails.
Tombstone(c) ==
    /\ process[c].at = "tombstone"
    /\ Writes(c)
    /\ IF Fits(c)
       THEN /\ process' = [process EXCEPT ![c] =
                    [Finished(c) EXCEPT !.at = "fence", !.touched = TRUE]]
            /\ UNCHANGED <<announcements, carried>>
       ELSE GivesBackAnnouncement(c)
    /\ UNCHANGED <<queue, published, budget, now, delays>>

\* After that, what lists those messages is written anew, so that nobody lays down any who has read
\* it before. Here nobody does, so that nothing follows from it, and what is written is left out; so
\* is that two who do so at once get in one another's way, and one of them does it again.
Fence(c) ==
    /\ process[c].at = "fence"
    /\ process' = [process EXCEPT ![c].at = "acknowledge"]
    /\ UNCHANGED <<document, queue, published, committed, budget, others>>

\* Pending: Send, Mark and Reload of module Outbox. Then, or if it is done, the announcement goes.
AcknowledgeAnnouncement(c) ==
    /\ process[c].at = "acknowledge"
    /\ Drops(c)
    /\ UNCHANGED <<document, queue, published, committed, budget, announcements, now, delays>>

CompleteLost(c) ==
    /\ Uses("failures")
    /\ GivesBackAnnouncement(c)
    /\ UNCHANGED <<document, queue, published, committed, now, delays>>

CompleteAfter(c) ==
    /\ Uses("failures")
    /\ \/ /\ process[c].at \in {"mark", "tombstone"}
          /\ Writes(c)
          /\ GivesBackAnnouncement(c)
          /\ UNCHANGED published
       \/ /\ process[c].at = "fence"
          /\ GivesBackAnnouncement(c)
          /\ UNCHANGED <<document, published, committed>>
       \/ /\ process[c].at = "send"
          /\ \E n \in DOMAIN process[c].outputs : Sends(c, n)
          /\ GivesBackAnnouncement(c)
          /\ UNCHANGED <<document, committed>>
       \/ /\ process[c].at = "announce again"
          /\ announcements' = With(With(announcements, [carried[c] EXCEPT !.due = now]),
                                   Announcement(Id(c), carried[c].tries + 1))
          /\ Drops(c)
          /\ UNCHANGED <<document, published, committed>>
       \/ /\ process[c].at = "acknowledge"
          /\ Drops(c)
          /\ UNCHANGED <<document, published, committed, announcements>>
    /\ UNCHANGED <<queue, now, delays>>

CompleteCrash(c) ==
    /\ Uses("crashes")
    /\ GivesBackAnnouncement(c)
    /\ \/ UNCHANGED published
       \/ process[c].at = "send" /\ \E n \in 1..Len(process[c].outputs) - 1 : Sends(c, n)
    /\ UNCHANGED <<document, queue, committed, now, delays>>

-----------------------------------------------------------------------------
(* Time goes by to the next look when nobody has anything else to do; or, if that is wanted,       *)
(* although a session is at work.                                                                   *)

ConsumersWait ==
    /\ \A c \in Consumers : process[c].at = "receive"
    /\ \A k \in Copy : ~IsVisible(k)
    /\ \A a \in DOMAIN announcements : a.due > now
Tick ==
    /\ ConsumersWait
    /\ DOMAIN announcements # {}
    /\ now' = CHOOSE t \in {a.due : a \in DOMAIN announcements} :
                \A a \in DOMAIN announcements : t <= a.due
    /\ IF \A s \in Sessions : HasEnded(s) THEN UNCHANGED delays
       ELSE delays > 0 /\ delays' = delays - 1
    /\ UNCHANGED <<vars, announcements, carried>>

-----------------------------------------------------------------------------
(* All of it *)

SessionInit ==
    /\ World
    /\ process = [p \in Consumers \cup Sessions |-> IF p \in Consumers THEN Idle ELSE Begin(p)]
    /\ announcements = <<>>
    /\ carried = [c \in Consumers |-> Nothing]
    /\ now = 0
    /\ delays = Delays

IsMessage(c) == carried[c] = Nothing

\* What a consumer does by itself, and what a session does.
ConsumerStep(c) ==
    \/ IsMessage(c) /\ Step(c) /\ UNCHANGED others
    \/ ~IsMessage(c) /\ (Send(c) \/ Mark(c) \/ Reload(c)) /\ UNCHANGED others
    \/ ~IsMessage(c) /\
        (Look(c) \/ AnnounceAgain(c) \/ Gather(c) \/ Tombstone(c) \/ Fence(c)
            \/ AcknowledgeAnnouncement(c))
    \/ ReceiveAnnouncement(c)
SessionStep(s) ==
    \/ SubmitLoad(s) \/ Announce(s) \/ SubmitSave(s) \/ AnnounceWrongly(s)
    \/ (Send(s) \/ Mark(s) \/ Reload(s)) /\ UNCHANGED others

SessionNext ==
    \/ \E c \in Consumers :
        \/ ConsumerStep(c)
        \/ IsMessage(c) /\ (Lost(c) \/ After(c) \/ Crash(c)) /\ UNCHANGED others
        \/ ~IsMessage(c) /\ (CompleteLost(c) \/ CompleteAfter(c) \/ CompleteCrash(c))
    \/ \E s \in Sessions :
        SessionStep(s) \/ SubmitLost(s) \/ SubmitAfter(s) \/ SubmitCrash(s)
    \/ \E k \in Copy : LeaseEnds(k) /\ UNCHANGED others
    \/ Tick

\* Whoever can go on does so in the end. Nothing has to go wrong.
SessionSpec ==
    /\ SessionInit /\ [][SessionNext]_all
    /\ \A c \in Consumers : WF_all(ConsumerStep(c))
    /\ \A s \in Sessions : WF_all(SessionStep(s))
    /\ WF_all(Tick)

-----------------------------------------------------------------------------
(* What must hold: of module Outbox AppliedOnce, NothingOverwritten, OutputsAgree, NoGhosts,       *)
(* GoneIsDone and OutputsFitState, and                                                              *)

\* I4: what a session was told is saved is saved.
AnsweredIsSaved ==
    \A s \in Sessions : process[s].at = "answered" => \E a \in committed : a[1] = s

SessionAtRest ==
    /\ AtRest
    /\ DOMAIN announcements = {}
    /\ \A s \in Sessions : HasEnded(s)

\* At rest nothing is lost ...
SessionNothingLost == SessionAtRest => NothingLost /\ \A a \in committed : Sent(a)

\* ... and nothing is left behind (I6).
SessionNothingLeftBehind == SessionAtRest => NothingLeftBehind

\* In the end everything is at rest.
SessionComesToRest == <>[]SessionAtRest
=============================================================================
