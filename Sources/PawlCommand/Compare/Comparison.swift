import Foundation
import Pawl
import PawlCheck
import PawlMutants

/// An algorithm that ships, measured and put to the faults.
struct ComparedAlgorithm {
    let measurement: Measurement
    let trials: [Trial.Verdict]
    /// With requests to SQS for as many messages as they can be about.
    let batched: Bill?
    /// With a request for each message.
    let unbatched: Bill?

    init(_ measurement: Measurement, _ trials: [Trial.Verdict]) {
        self.measurement = measurement
        self.trials = trials
        batched = Bill(measurement, batch: Prices.largestBatch)
        unbatched = Bill(measurement, batch: 1)
    }

    var name: String { measurement.subject.name }
    var demand: HandlerDemand { measurement.subject.demand }

    /// What was seen to be needed of the store. Where a read that is out of date breaks it, it is said
    /// that reads must not be.
    var storeNeeds: String {
        let stale = zip(Trial.allCases, trials).first { $0.0 == .staleRead }?.1
        return measurement.demands.description(areReadsUpToDate: stale?.violated != nil)
    }
}

/// A model of what others ship, put to the faults.
struct ComparedProduct {
    let product: OtherProduct
    let trials: [Trial.Verdict]
    let asAssumed: Trial.Verdict

    init(_ product: OtherProduct, _ trials: [Trial.Verdict], asAssumed: Trial.Verdict) {
        self.product = product
        self.trials = trials
        self.asAssumed = asAssumed
    }
}

/// All of it, side by side.
struct Comparison {
    let messages: Int
    let entities: Int
    let algorithms: [ComparedAlgorithm]
    let others: [ComparedProduct]

    /// As one JSON object.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Report(self)), as: UTF8.self)
    }
}

/// What `--json` prints. Absent values are written as `null`.
private struct Report: Encodable {
    let work: Work
    let prices: PriceList
    let algorithms: [Algorithm]
    let others: [Other]

    init(_ comparison: Comparison) {
        work = Work(
            messages: comparison.messages, entities: comparison.entities,
            entityBytes: Workplace.bodySize, messagesPerWalk: Measurement.walk,
            copiesPerMessage: 1 / Double(Measurement.walk))
        prices = PriceList()
        algorithms = comparison.algorithms.map { Algorithm($0) }
        others = comparison.others.map { Other($0) }
    }

    struct Work: Encodable {
        let messages: Int
        let entities: Int
        let entityBytes: Int
        let messagesPerWalk: Int
        let copiesPerMessage: Double
    }

    struct PriceList: Encodable {
        let dollarsPerMillionRequests = Prices.dollarsPerMillionRequests
        let dollarsPerMillionReadUnits = Prices.dollarsPerMillionReadUnits
        let dollarsPerMillionWriteUnits = Prices.dollarsPerMillionWriteUnits
        let messagesPerRequest = Prices.largestBatch
    }

    struct Algorithm: Encodable {
        let algorithm: String
        let handlers: String
        let roundTrips: Double
        let roundTripsOfCopy: Double
        let messagesSentByCopy: Double
        let bytesRemembered: Int
        let bytesRememberedAtRest: Int
        let windowSeconds: Nullable<Int>
        let store: Store
        let cost: Nullable<Cost>
        let noCostBecause: Nullable<String>
        let trials: [String: Outcome]

        init(_ compared: ComparedAlgorithm) {
            let measurement = compared.measurement
            algorithm = compared.name
            handlers = "\(measurement.subject.demand)"
            roundTrips = measurement.roundTrips
            roundTripsOfCopy = measurement.roundTripsOfCopy
            messagesSentByCopy = measurement.sentByCopy
            bytesRemembered = measurement.remembered
            bytesRememberedAtRest = measurement.rememberedAtRest
            windowSeconds = Nullable(measurement.window.map { Int($0.components.seconds) })
            store = Store(measurement)
            cost = Nullable(Cost(compared))
            noCostBecause = Nullable(compared.batched == nil ? Bill.impossible : nil)
            trials = Outcome.all(compared.trials)
        }
    }

    struct Store: Encodable {
        let comparesAndSets: Bool
        let documentsAsOne: Int
        let readsBesideTheEntity: Bool
        let expires: Bool
        let commitsWithQueues: Bool
        let bytesReadPerMessage: Double
        let bytesWrittenPerMessage: Double

        init(_ measurement: Measurement) {
            let demands = measurement.demands
            comparesAndSets = demands.comparesAndSets
            documentsAsOne = demands.largestBatch
            readsBesideTheEntity = demands.readsBeside
            expires = demands.expires
            commitsWithQueues = demands.commitsWithQueues
            let messages = Double(measurement.messages)
            bytesReadPerMessage = Double(measurement.all.bytesRead) / messages
            bytesWrittenPerMessage = Double(measurement.all.bytesWritten) / messages
        }
    }

    struct Cost: Encodable {
        let requestsPerMillion: Double
        let requestsPerMillionUnbatched: Double
        let readUnitsPerMillion: Double
        let writeUnitsPerMillion: Double
        let dollarsPerMillion: Double
        let dollarsPerMillionUnbatched: Double

        init?(_ compared: ComparedAlgorithm) {
            guard let batched = compared.batched, let unbatched = compared.unbatched else {
                return nil
            }
            requestsPerMillion = batched.requests
            requestsPerMillionUnbatched = unbatched.requests
            readUnitsPerMillion = batched.readUnits
            writeUnitsPerMillion = batched.writeUnits
            dollarsPerMillion = batched.dollars
            dollarsPerMillionUnbatched = unbatched.dollars
        }
    }

    struct Other: Encodable {
        let name: String
        let sources: [String]
        let promise: String
        let windowSeconds: Nullable<Int>
        let trials: [String: Outcome]
        let asAssumed: Outcome
        let assumed: String

        init(_ compared: ComparedProduct) {
            let product = compared.product
            name = product.name
            sources = product.sources
            promise = product.promise
            windowSeconds = Nullable(product.window.map { Int($0.components.seconds) })
            trials = Outcome.all(compared.trials)
            asAssumed = Outcome(compared.asAssumed)
            assumed =
                "\(product.assumed.description); \(product.assumed.budgets)"
                + (product.assumed.algorithm.demand == .idempotence
                    ? "; idempotent handlers" : "")
        }
    }

    struct Outcome: Encodable {
        let violated: Nullable<String>
        let steps: Nullable<Int>
        let executions: Int
        let exhausted: Bool

        init(_ verdict: Trial.Verdict) {
            violated = Nullable(verdict.violated)
            steps = Nullable(verdict.steps)
            executions = verdict.executions
            exhausted = verdict.isExhausted
        }

        static func all(_ verdicts: [Trial.Verdict]) -> [String: Outcome] {
            Dictionary(
                uniqueKeysWithValues: zip(Trial.allCases, verdicts).map {
                    ($0.rawValue, Outcome($1))
                })
        }
    }
}

/// A value that is written as `null` if it is absent.
private struct Nullable<Value: Encodable>: Encodable {
    let value: Value?

    init(_ value: Value?) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}
