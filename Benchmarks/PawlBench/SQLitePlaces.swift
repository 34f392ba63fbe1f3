import Foundation
import Pawl
import PawlSQLite

/// Files in a folder.
struct SQLitePlaces: BenchmarkPlaces {
    let name = "sqlite"
    private let folder: String
    private let algorithm: Benchmark.Algorithm

    init(folder: String, algorithm: Benchmark.Algorithm) throws {
        self.folder = folder
        self.algorithm = algorithm
        for place in Place.allCases {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(place)", withIntermediateDirectories: true)
        }
    }

    var sender: String { queues(.idle) }

    /// Whether store and queues are two files.
    private var isApart: Bool { algorithm != .transactional }

    private func store(_ place: Place) -> String {
        "\(folder)/\(place)/" + (isApart ? "store.sqlite" : "shop.sqlite")
    }

    private func queues(_ place: Place) -> String {
        "\(folder)/\(place)/" + (isApart ? "queues.sqlite" : "shop.sqlite")
    }

    func open(_ place: Place, concurrency: Int) throws -> Deployment {
        guard isApart else {
            return Deployment(try SQLiteDatabase.open(store(place)), concurrency: concurrency)
        }
        return Deployment(
            try SQLiteStore.open(store(place)), try SQLiteTransport.open(queues(place)), algorithm,
            concurrency: concurrency)
    }

    func copy() throws {
        try SQLiteByHand.copy(store(.pawl), to: store(.raw))
        if isApart { try SQLiteByHand.copy(queues(.pawl), to: queues(.raw)) }
    }

    func byHand() throws -> any ByHand {
        try SQLiteByHand(store: store(.raw), queue: queues(.raw), algorithm: algorithm)
    }

    func remove() throws {
        try FileManager.default.removeItem(atPath: folder)
    }
}
