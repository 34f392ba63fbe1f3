import ArgumentParser
import PawlPostgres

/// `pawl migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Makes Pawl's tables in a PostgreSQL database, or brings them up to date.",
        discussion: """
            To be run again does no harm, nor do several at the same time. Services do the same when \
            they start, unless their option `setup` is `.verify`: then their role needs no right to \
            create tables.
            """)

    @Option(
        help: """
            postgres://user@host:port/database. What it leaves out comes from PGHOST, PGUSER, \
            PGPASSWORD and so on.
            """)
    var database = ""

    @Option(help: "The schema that the tables are in.")
    var schema = "pawl"

    func run() async throws {
        let before = try await PostgresTables.migrate(
            database, options: PostgresOptions(schema: schema))
        let now = PostgresTables.version
        switch before {
        case now: print("The tables in schema \(schema) have version \(now) already.")
        case 0: print("The tables in schema \(schema) were made, version \(now).")
        default: print("The tables in schema \(schema) went from version \(before) to \(now).")
        }
    }
}
