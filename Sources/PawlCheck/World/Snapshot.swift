public import Pawl

/// The world at one moment, for properties to look at: what is saved and what was sent.
public struct Snapshot {
    let simulation: Simulation

    init(_ simulation: Simulation) {
        self.simulation = simulation
    }

    /// An entity as it is saved; its defaults if it is not.
    ///
    /// - Parameters:
    ///   - type: The entity's type.
    ///   - id: The entity's id.
    ///   - partition: The entity's partition, if it is not named like its id.
    /// - Returns: The entity.
    /// - Throws: A `PawlError` if the stored document can't be read.
    public func state<E: Entity>(
        _ type: E.Type, _ id: some EntityID, in partition: String? = nil
    ) throws -> E {
        try find(type, id, in: partition) ?? E()
    }

    /// An entity as it is saved; `nil` if it is not.
    ///
    /// - Parameters:
    ///   - type: The entity's type.
    ///   - id: The entity's id.
    ///   - partition: The entity's partition, if it is not named like its id.
    /// - Returns: The entity, or `nil`.
    /// - Throws: A `PawlError` if the stored document can't be read.
    public func find<E: Entity>(
        _ type: E.Type, _ id: some EntityID, in partition: String? = nil
    ) throws -> E? {
        let key = DocumentKey(kind: E.kind, id: id.entityID)
        let address = simulation.interner.address(key, in: PartitionKey(partition ?? key.id))
        return try simulation.read(address)?.content.body.map { try E(storedAs: $0, at: key) }
    }

    /// The messages of a type that were sent so far, each once, however many copies there are.
    /// Those that were there at the beginning are not among them.
    ///
    /// - Parameter type: The type of message.
    /// - Returns: The messages, in the order of their ids: executions that differ only in the order of
    ///   what does not depend on one another count as one, so no property may look at it.
    /// - Throws: A `PawlError` if one can't be read.
    public func sent<M: Message>(_ type: M.Type) throws -> [M] {
        var seen: Set<MessageID> = []
        return try simulation.world.published.map {
            simulation.interner.contents[$0.content].envelope
        }
        .filter { $0.type == M.typeName && seen.insert($0.id).inserted }
        .sorted { $0.id < $1.id }
        .map { try M(from: $0) }
    }

    /// The number of messages that were given up and lie in the dead letters.
    public var deadLetters: Int {
        simulation.scan("pawl.dead-letter") { _ in true }.count
    }

    /// The number of messages in a queue, those included that are being handled. Of a queue that
    /// nobody in this world receives from it is 0; see ``sent(_:)``.
    ///
    /// - Parameter queue: The queue's name.
    /// - Returns: The number, copies counted.
    public func waiting(in queue: String) -> Int {
        simulation.world.entries.count {
            !$0.isGone && simulation.interner.contents[$0.content].queue == queue
        }
    }
}
