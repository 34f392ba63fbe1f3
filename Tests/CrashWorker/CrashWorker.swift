import Foundation
import Logging
import Pawl
import ServiceLifecycle
import UnixSignals

/// A process that the crash tests start, kill and start again:
/// `CrashWorker endpoints|customer ALGORITHM FOLDER [FIRST-ORDER]`.
@main
struct CrashWorker {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let algorithm = Shop.Algorithm(rawValue: arguments[2]) else {
            fatalError("usage: endpoints|customer ALGORITHM FOLDER [FIRST-ORDER]")
        }
        let shop = try Shop(algorithm, in: arguments[3])
        switch arguments[1] {
        case "customer":
            try await submit(from: Int(arguments[4]) ?? 0, in: shop)
        default:
            let logger = Logger(label: "worker")
            try await ServiceGroup(
                services: shop.services, gracefulShutdownSignals: [.sigterm], logger: logger
            ).run()
        }
    }

    /// Submits orders one after the other, some of them twice, until it is killed, or until its
    /// input ends. Prints each that is saved.
    static func submit(from first: Int, in shop: Shop) async throws {
        var order = first
        // A line on the input asks for one more order, so the test sets the pace.
        while readLine() != nil {
            let number = order
            for _ in 0...(number % 3 == 0 ? 1 : 0) {
                try await shop.session.change(Basket.self, number, id: "submit-\(number)") {
                    basket, context in
                    basket.submissions += 1
                    context.send(
                        ChargeAccount(order: number, customer: number % Handlers.customers))
                }
            }
            print(number)
            fflush(nil)
            order += 1
        }
    }
}
