import ArgumentParser

/// The `pawl` command.
@main
struct PawlCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pawl",
        abstract: "Every message moves the system exactly once.",
        subcommands: [
            CheckCommand.self, DemoCommand.self, BenchCommand.self, DeadLettersCommand.self,
            MigrateCommand.self,
            SpecsCommand.self, CompareCommand.self, WebshopServiceCommand.self,
            BenchSenderCommand.self,
        ])
}
