import Pawl
import PawlPostgres

/// Schemas in a database.
struct PostgresPlaces: BenchmarkPlaces {
    /// Why it can't be measured.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let name = "postgres"
    private let url: String
    private let algorithm: Benchmark.Algorithm

    init(url: String, algorithm: Benchmark.Algorithm) async throws {
        guard algorithm == .transactional || algorithm == .outbox else {
            throw Failure(
                description: "On PostgreSQL these are measured: transactional, outbox.")
        }
        self.url = url
        self.algorithm = algorithm
        try remove()
    }

    var sender: String { url }

    static func options(_ place: Place) -> PostgresOptions {
        PostgresOptions(schema: "pawl_bench_\(place)")
    }

    func open(_ place: Place, concurrency: Int) async throws -> Deployment {
        let options = Self.options(place)
        if algorithm == .transactional {
            return Deployment(
                try await PostgresDatabase.open(url, options: options), concurrency: concurrency)
        }
        return Deployment(
            try await PostgresStore.open(url, options: options),
            try await PostgresTransport.open(url, options: options), algorithm,
            concurrency: concurrency)
    }

    func copy() async throws {
        try await PostgresTables.migrate(url, options: Self.options(.raw))
        let connection = try RawConnection(url)
        for table in ["documents", "queues", "messages"] {
            try connection.run(
                """
                INSERT INTO pawl_bench_raw.\(table) OVERRIDING SYSTEM VALUE
                SELECT * FROM pawl_bench_pawl.\(table)
                """)
        }
        // As after some time of use, for both.
        for place in ["pawl", "raw"] {
            try connection.run("VACUUM ANALYZE pawl_bench_\(place).documents")
            try connection.run("VACUUM ANALYZE pawl_bench_\(place).messages")
        }
    }

    func byHand() throws -> any ByHand {
        try PostgresByHand(url: url, schema: "pawl_bench_raw", algorithm: algorithm)
    }

    func remove() throws {
        let connection = try RawConnection(url)
        for place in Place.allCases {
            try connection.run("DROP SCHEMA IF EXISTS pawl_bench_\(place) CASCADE")
        }
    }
}
