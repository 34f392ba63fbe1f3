import Pawl

/// What the benchmark's messages do: an ordinary handler, with an entity of some 200 bytes.
struct AddPoints: Command {
    let player: Int
    let points: Int
    let reason: String
}

/// Goes to a queue that nobody reads.
struct PointsAdded: Command {
    let player: Int
    let points: Int
    let total: Int
}

struct Player: Entity {
    var name = "Ada Lovelace"
    var points = 0
    var level = 1
    var lastReason = "none yet"
    var motto = "That brain of mine is something more than merely mortal; as time will show."
    var badges = ["early bird", "helper"]
}

extension Handlers {
    /// The benchmark's endpoint.
    static let scores = Handlers("scores") {
        Handle(AddPoints.self, by: \.player) { (message, player: inout Player, context) in
            player.points += message.points
            player.level = 1 + player.points / 100
            player.lastReason = message.reason
            context.send(
                PointsAdded(
                    player: message.player, points: message.points, total: player.points))
        }
    }

    /// The same where a message may be applied twice: it has the player's points, not what is added.
    static let idempotentScores = Handlers("scores") {
        Handle(AddPoints.self, by: \.player) { (message, player: inout Player, context) in
            player.points = max(player.points, message.points)
            player.level = 1 + player.points / 100
            player.lastReason = max(player.lastReason, message.reason)
            context.send(
                PointsAdded(
                    player: message.player, points: message.points, total: message.points))
        }
    }

    /// Has a queue, but is never run.
    static let sink = Handlers("sink") {
        Handle(PointsAdded.self) { _, _ in }
    }

    static let players = 10_000
}
