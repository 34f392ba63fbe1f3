import Foundation
import Testing

/// A file of the repository, with its path from the root.
struct SourceFile: Sendable, CustomTestStringConvertible {
    let path: String
    let text: String

    var testDescription: String { path }
    var lines: [String] { text.components(separatedBy: "\n") }

    /// The text with comments and string literals blanked out, line by line.
    var code: [String] {
        var isInBlockString = false
        return lines.map { line in
            if line.contains("\"\"\"") {
                isInBlockString.toggle()
                return ""
            }
            if isInBlockString { return "" }
            return
                line
                .replacing(#/"(\\.|[^"\\])*"/#, with: "\"\"")
                .replacing(#/\/\/.*$/#, with: "")
        }
    }
}

/// The files of the repository, found from where this file is.
enum SourceTree {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func files(under folders: String..., endings: [String] = ["swift"]) -> [SourceFile] {
        folders.flatMap { folder -> [SourceFile] in
            let base = root.appending(path: folder)
            let names = FileManager.default.enumerator(atPath: base.path)?.allObjects ?? []
            return names.compactMap { $0 as? String }.sorted().compactMap { name in
                guard !name.contains(".build"), endings.contains((name as NSString).pathExtension),
                    let text = try? String(
                        contentsOf: base.appending(path: name), encoding: .utf8)
                else { return nil }
                return SourceFile(path: "\(folder)/\(name)", text: text)
            }
        }
    }
}
