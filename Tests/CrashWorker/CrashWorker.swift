import Foundation
import Logging
import Pawl
import ServiceLifecycle
import UnixSignals

/// A process that the crash tests start, kill and start again:
/// `CrashWorker endpoints|customer|poisoned ALGORITHM PLACE [FIRST-ORDER]`.
@main
struct CrashWorker {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let algorithm = Shop.Algorithm(rawValue: arguments[2]) else {
            fatalError("usage: endpoints|customer|poisoned ALGORITHM PLACE [FIRST-ORDER]")
        }
        switch arguments[1] {
        case "customer":
            let shop = try await untilAnswered { try await Shop(algorithm, in: arguments[3]) }
            try await submit(from: Int(arguments[4]) ?? 0, in: shop)
        case "poisoned":
            try await run([PoisonedShop(in: arguments[3]).endpoint])
        default:
            let shop = try await untilAnswered { try await Shop(algorithm, in: arguments[3]) }
            try await run(shop.services)
        }
    }

    static func run(_ services: [any Service]) async throws {
        let logger = Logger(label: "worker")
        try await ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm], logger: logger
        ).run()
    }

    /// Submits orders one after the other, some of them twice, until it is killed, or until its
    /// input ends. Prints each that is saved.
    static func submit(from first: Int, in shop: Shop) async throws {
        var order = first
        // A line on the input asks for one more order, so the test sets the pace.
        while readLine() != nil {
            let number = order
            for _ in 0...(number % 3 == 0 ? 1 : 0) {
                _ = try await untilAnswered {
                    try await shop.session.change(Basket.self, number, id: "submit-\(number)") {
                        basket, context in
                        basket.submissions += 1
                        context.send(
                            ChargeAccount(order: number, customer: number % Handlers.customers))
                    }
                }
            }
            print(number)
            fflush(nil)
            order += 1
        }
    }

    /// Tries again while the server is being killed and started, as a customer would.
    static func untilAnswered<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        while true {
            do {
                return try await body()
            } catch let error as BackendError where error.effect != .canNeverHappen {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
