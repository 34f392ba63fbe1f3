import Testing

@Suite("natural, at the command line", .timeLimit(.minutes(2)))
struct NaturalCommandTests {
    @Test("is checked with a handler that may be called twice")
    func checked() throws {
        for level in ["algorithm", "endpoint"] {
            let output = try Program.run(
                "check", "--algorithm", "natural", "--level", level, "--failures", "0")
            #expect(output.status == 0, "\(output.errors)")
            #expect(output.text.hasSuffix("\nexhausted\n\n"), "\(output.text)")
        }
    }

    @Test("is among the algorithms that can be measured")
    func measured() throws {
        let unknown = try Program.run("bench", "--algorithm", "nix")
        #expect(unknown.errors.contains("can be measured: transactional, outbox, inbox, tokens,"))
    }
}
