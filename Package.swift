// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "pawl",
    products: [
        .library(name: "Pawl", targets: ["Pawl"]),
        .library(name: "PawlSQLite", targets: ["PawlSQLite"]),
        .library(name: "PawlPostgres", targets: ["PawlPostgres"]),
        .library(name: "PawlFiles", targets: ["PawlFiles"]),
        .library(name: "PawlContracts", targets: ["PawlContracts"]),
        .library(name: "PawlCheck", targets: ["PawlCheck"]),
        .executable(name: "pawl", targets: ["PawlCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-service-context", from: "1.5.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .target(
            name: "Pawl",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "Instrumentation", package: "swift-distributed-tracing"),
                .product(name: "ServiceContextModule", package: "swift-service-context"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(name: "PawlContracts", dependencies: ["Pawl"], swiftSettings: strict),
        .target(
            name: "PawlCheck",
            dependencies: [
                "Pawl",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "PawlSQLite",
            dependencies: [
                "Pawl",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .systemLibrary(
            name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .target(
            name: "PawlPostgres",
            dependencies: [
                "Pawl", "CLibPQ",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        // A server of one's own, for the demo, the benchmark and the tests.
        .target(name: "PrivatePostgres", swiftSettings: strict),
        .target(
            name: "PawlFiles",
            dependencies: ["Pawl", .product(name: "NIOPosix", package: "swift-nio")],
            swiftSettings: strict
        ),
        // It sees the public interface only, as any user does.
        .target(
            name: "PawlBench",
            dependencies: [
                "CLibPQ", "Pawl", "PawlPostgres", "PawlSQLite",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Benchmarks/PawlBench", packageAccess: false, swiftSettings: strict
        ),
        // Not named like its product: on a file system that ignores case, `pawl` is `Pawl`.
        .executableTarget(
            name: "PawlCommand",
            dependencies: [
                "Pawl", "PawlBench", "PawlCheck", "PawlFiles", "PawlMutants", "PawlPostgres",
                "PawlSQLite", "PrivatePostgres", "Webshop",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        // The example that `pawl demo` runs. Without package access it sees what users see.
        .target(
            name: "Webshop",
            dependencies: [
                "Pawl", "PawlSQLite",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Examples/Webshop/Sources", packageAccess: false, swiftSettings: strict),
        .testTarget(
            name: "WebshopTests",
            dependencies: [
                "Pawl", "PawlCheck", "PawlCommand", "PawlSQLite", "Webshop",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Examples/Webshop/Tests", packageAccess: false, swiftSettings: strict),
        .testTarget(
            name: "PawlTests",
            dependencies: [
                "Pawl", "PawlCheck", "PawlContracts", "PawlMutants",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Instrumentation", package: "swift-distributed-tracing"),
                .product(name: "ServiceContextModule", package: "swift-service-context"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .testTarget(
            name: "PawlSQLiteTests",
            dependencies: [
                "Pawl", "PawlSQLite", "PawlContracts",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .testTarget(
            name: "PawlPostgresTests",
            dependencies: [
                "Pawl", "PawlContracts", "PawlPostgres", "PrivatePostgres",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PawlFilesTests", dependencies: ["Pawl", "PawlContracts", "PawlFiles"],
            swiftSettings: strict),
        .testTarget(
            name: "PawlCommandTests",
            dependencies: ["Pawl", "PawlCheck", "PawlCommand", "PawlSQLite"],
            swiftSettings: strict),
        // Test-only, but `pawl check --mutants` shows them: the algorithms with their known mistakes.
        .target(
            name: "PawlMutants", dependencies: ["Pawl", "PawlCheck"], path: "Tests/Mutants",
            swiftSettings: strict),
        .testTarget(
            name: "PawlCheckTests",
            dependencies: [
                "Pawl", "PawlCheck", "PawlContracts", "PawlMutants",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        // Test-only: the processes that the crash tests kill.
        .executableTarget(
            name: "CrashWorker",
            dependencies: [
                "Pawl", "PawlPostgres", "PawlSQLite",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Tests/CrashWorker", swiftSettings: strict),
        .testTarget(
            name: "CrashTests",
            dependencies: ["CrashWorker", "Pawl", "PawlSQLite", "PrivatePostgres"],
            swiftSettings: strict),
        // Test-only, so not in Sources: a SQLite VFS that simulates power cuts.
        .target(
            name: "CPowerCut", path: "Tests/CPowerCut",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(
            name: "PowerCutTests",
            dependencies: [
                "CPowerCut", "Pawl", "PawlSQLite",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
    ]
)
