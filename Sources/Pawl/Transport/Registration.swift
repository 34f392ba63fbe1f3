/// What an endpoint makes known about itself when it starts, and from time to time while it runs.
public struct Registration: Hashable, Sendable {
    /// How often a running endpoint registers again.
    public static let refreshInterval: Duration = .seconds(20)
    /// For how long after its last registration an endpoint counts as running.
    public static let liveFor: Duration = .seconds(60)

    /// The endpoint's name, which is also its queue's.
    public let endpoint: String
    /// The wire names of the types of messages that it handles.
    public let types: Set<String>

    /// Creates a registration.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint's name.
    ///   - types: The wire names of the types of messages that it handles.
    public init(endpoint: String, types: Set<String>) {
        self.endpoint = endpoint
        self.types = types
    }

    /// Decides on a registration, given what was registered before: a rule that all transports
    /// share.
    ///
    /// - Parameters:
    ///   - known: When each type was last registered under this name.
    ///   - now: The current time.
    /// - Returns: The result and, if it is accepted, the types to forget because only instances
    ///   that no longer run handled them.
    public func decide(
        known: [String: Timestamp], now: Timestamp
    ) -> (result: RegistrationResult, forget: Set<String>) {
        let live = Set(known.filter { now < $0.value + Self.liveFor }.keys)
        guard types.isSuperset(of: live) || types.isSubset(of: live) else {
            return (.refused(handledTypes: live.sorted()), [])
        }
        return (.registered, Set(known.keys).subtracting(types).subtracting(live))
    }
}

/// What became of a registration.
public enum RegistrationResult: Hashable, Sendable {
    /// The queue exists and the subscriptions hold.
    case registered
    /// A live endpoint of the same name handles these other types, in alphabetical order.
    case refused(handledTypes: [String])
}

/// Which queues exist and which types of messages go there.
public struct Directory: Hashable, Sendable {
    /// The wire names of the types that each endpoint handles, by the endpoint's name.
    public let endpoints: [String: Set<String>]
    private let byType: [String: [String]]

    /// Creates a directory.
    ///
    /// - Parameter endpoints: The types that each endpoint handles, by the endpoint's name.
    public init(endpoints: [String: Set<String>]) {
        self.endpoints = endpoints
        var byType: [String: [String]] = [:]
        for endpoint in endpoints.keys.sorted() {
            for type in endpoints[endpoint] ?? [] { byType[type, default: []].append(endpoint) }
        }
        self.byType = byType
    }

    /// The endpoints that handle a type, in alphabetical order.
    public func handlers(of type: String) -> [String] {
        byType[type] ?? []
    }
}
