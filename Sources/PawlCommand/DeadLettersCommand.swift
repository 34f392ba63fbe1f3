import ArgumentParser
import Foundation
import Pawl
import PawlFiles
import PawlSQLite

/// `pawl dead-letters`.
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Looks at the messages that endpoints have given up, retries or discards them.",
        subcommands: [List.self, Show.self, Retry.self, Discard.self])

    /// Which dead letters.
    struct Place: ParsableArguments {
        @Option(help: "The SQLite file with the endpoint's store.")
        var store: String

        @Option(help: "Only those of this endpoint.")
        var endpoint: String?

        /// Opens the store to look at it. A mistyped path is left as it is.
        func look() throws -> DeadLetters {
            DeadLetters(in: try Self.look(at: store))
        }

        private static func look(at file: String) throws -> SQLiteStore {
            guard FileManager.default.fileExists(atPath: file) else {
                throw ValidationError("There is no file \(file).")
            }
            return try SQLiteStore.open(file, options: .readOnly)
        }

        /// Opens the store to change it.
        func open(tokens: String? = nil, blobs: String? = nil) throws -> DeadLetters {
            // Opening it to write would make a store of whatever database is there.
            _ = try look()
            if let tokens { _ = try Self.look(at: tokens) }
            if let blobs, !FileManager.default.fileExists(atPath: blobs) {
                throw ValidationError("There is no folder \(blobs).")
            }
            return DeadLetters(
                in: try SQLiteStore.open(store),
                tokens: try tokens.map { try SQLiteStore.open($0) },
                blobs: try blobs.map { try FolderBlobs(in: $0) })
        }
    }

    /// Which one.
    struct Choice: ParsableArguments {
        @OptionGroup var place: Place

        @Argument(help: "The id of the dead letter, as `list` prints it.")
        var id: String

        func find(in letters: DeadLetters) async throws -> DeadLetter {
            guard let id = MessageID(hexadecimal: id) else {
                throw ValidationError("\(id) is no id: it has 32 hexadecimal digits.")
            }
            return try await letters.find(id, endpoint: place.endpoint)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the dead letters.")

        @OptionGroup var place: Place

        @Flag(help: "Prints JSON.")
        var json = false

        func run() async throws {
            let letters = try await place.look().list(endpoint: place.endpoint)
            if json { return try printJSON(letters) }
            if letters.isEmpty { return print("No dead letters.") }
            for letter in letters {
                print(
                    letter.id, describe(letter.time), letter.endpoint, letter.type ?? "unreadable",
                    "attempts: \(letter.attempts)", firstLine(letter.error), separator: "  ")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a dead letter: the message, the errors, the attempts and the times.")

        @OptionGroup var choice: Choice

        @Flag(help: "Prints JSON.")
        var json = false

        func run() async throws {
            let letter = try await choice.find(in: choice.place.look())
            if json { return try printJSON(letter) }
            print("Dead letter   \(letter.id)")
            print("Endpoint      \(letter.endpoint)")
            print("Type          \(letter.type ?? "unreadable")")
            print("Given up      \(describe(letter.time)) after \(letter.attempts) attempts")
            if let end = letter.retryBefore {
                print("Retry before  \(describe(end)); later only with --force")
            }
            if let envelope = letter.envelope {
                print(
                    "Sent          \(describe(envelope.sentAt)) by \(envelope.sender ?? "the outside")"
                )
                print("Conversation  \(envelope.conversation)")
                for (name, value) in envelope.headers.sorted(by: { $0.key < $1.key }) {
                    print("Header        \(name): \(value)")
                }
                print("Body          \(String(decoding: envelope.body, as: UTF8.self))")
            } else {
                print("Bytes         \(letter.message) (Base64)")
            }
            for failure in letter.failures {
                print("Failure       \(describe(failure.time))  \(failure.error)")
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends a dead letter's message to its endpoint again.")

        @OptionGroup var choice: Choice

        @Option(help: "The SQLite file with the queues, if it is not the store's.")
        var queues: String?

        @Flag(help: "Retries even a letter that is older than what its endpoint remembers.")
        var force = false

        func run() async throws {
            let letters = try choice.place.open()
            let letter = try await choice.find(in: letters)
            let path = queues ?? choice.place.store
            guard FileManager.default.fileExists(atPath: path) else {
                throw ValidationError("There is no file \(path).")
            }
            // As with the store: nothing else is to be made into one.
            _ = try SQLiteTransport.open(path, options: .readOnly)
            try await letters.retry(letter, over: SQLiteTransport.open(path), force: force)
            print("Sent \(letter.id) to \(letter.endpoint) again.")
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a dead letter for good.")

        @OptionGroup var choice: Choice

        @Option(help: "The SQLite file with the tokens, if it is not the store's.")
        var tokens: String?

        @Option(help: "The folder with the bodies that are too large to travel, if there is one.")
        var blobs: String?

        func run() async throws {
            let letters = try choice.place.open(tokens: tokens, blobs: blobs)
            let letter = try await choice.find(in: letters)
            try await letters.discard(letter)
            print("Discarded \(letter.id).")
        }
    }
}

private func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

private func describe(_ time: Timestamp) -> String {
    Date(timeIntervalSince1970: Double(time.microseconds) / 1_000_000).formatted(.iso8601)
}

private func firstLine(_ text: String) -> String {
    String(text.prefix { !$0.isNewline }.prefix(120))
}
