// swift-tools-version:6.1
import PackageDescription

/// The playbooks, each a folder of `Playbooks` and of `Tests`. `make playbook NAME=…` adds a line.
let playbooks = [
  "Quickstart",
  "Digits",
  "Ising",
  "Zoom",
  "SharedBatches",
  "Training",
  "Neighbours",
  "Tuning",
]

/// The playbooks that share the images and the networks of `Playbooks/Handwriting`.
let playbooksOfHandwriting: Set<String> = ["Digits", "SharedBatches", "Neighbours", "Tuning"]

/// The files of playbooks that programs read and the compiler does not.
let filesOfPrograms = ["Training": ["train.py"]]

let settings: [SwiftSetting] = [
  // An existential costs more than a generic parameter; `any` shows where one is.
  .enableUpcomingFeature("ExistentialAny"),
  // A member comes from a module that the file names, so a new import cannot change a meaning.
  .enableUpcomingFeature("MemberImportVisibility"),
  // What users of a module see of its dependencies is written down, import by import.
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let playbookSettings: [SwiftSetting] =
  settings + [
    // Playbooks compute, so they are optimised in debug builds too; the engine is not.
    .unsafeFlags(["-O"], .when(configuration: .debug))
  ]

let package = Package(
  name: "fieldwork",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Fieldwork", targets: ["Fieldwork"]),
    .library(name: "FieldworkTesting", targets: ["FieldworkTesting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
  ],
  targets: [
    .target(
      name: "FieldworkCore",
      dependencies: [
        .product(name: "Logging", package: "swift-log"),
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "FieldworkAnalysis",
      dependencies: [
        "FieldworkCore", .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "FieldworkStore",
      dependencies: [
        "FieldworkAnalysis", "FieldworkCore", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "FieldworkReport",
      dependencies: [
        "FieldworkAnalysis", "FieldworkCore", "FieldworkStore",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      resources: [.embedInCode("Page/report.css"), .embedInCode("Page/report.js")],
      swiftSettings: settings
    ),
    .target(
      name: "FieldworkSearch",
      dependencies: ["FieldworkCore"],
      swiftSettings: settings
    ),
    .target(
      name: "FieldworkRuntime",
      dependencies: [
        "FieldworkAnalysis", "FieldworkCore", "FieldworkSearch", "FieldworkStore",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "Fieldwork",
      dependencies: [
        "FieldworkAnalysis", "FieldworkCore", "FieldworkReport", "FieldworkRuntime",
        "FieldworkSearch", "FieldworkStore",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "FieldworkTesting",
      dependencies: ["Fieldwork"],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "Fieldwork", "FieldworkCore", "FieldworkRuntime", "FieldworkSearch", "FieldworkStore",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Benchmarks",
      swiftSettings: settings
    ),
    // What the tests of the command line run; an environment variable chooses its research.
    .executableTarget(
      name: "TestPlaybook",
      dependencies: ["Fieldwork"],
      path: "Tests/TestPlaybook",
      swiftSettings: settings
    ),
    // What the tests of output capture run: XCTest's own output must not be captured.
    .executableTarget(
      name: "OutputProbe",
      dependencies: ["FieldworkCore", "FieldworkRuntime", "FieldworkStore"],
      path: "Tests/OutputProbe",
      swiftSettings: settings
    ),
    .testTarget(
      name: "FieldworkCoreTests",
      dependencies: ["FieldworkCore", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: settings
    ),
    .testTarget(
      name: "FieldworkAnalysisTests",
      dependencies: ["FieldworkAnalysis", "FieldworkCore"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "FieldworkStoreTests",
      dependencies: [
        "FieldworkAnalysis", "FieldworkCore", "FieldworkStore",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: settings
    ),
    .testTarget(
      name: "FieldworkSearchTests",
      dependencies: ["Fieldwork", "FieldworkCore", "FieldworkSearch"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "FieldworkReportTests",
      dependencies: [
        "FieldworkAnalysis", "FieldworkCore", "FieldworkReport", "FieldworkStore",
      ],
      swiftSettings: settings
    ),
    .testTarget(
      name: "FieldworkRuntimeTests",
      dependencies: [
        "Fieldwork", "FieldworkAnalysis", "FieldworkCore", "FieldworkRuntime", "FieldworkStore",
        .target(name: "OutputProbe"), .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings
    ),
    .testTarget(
      name: "FieldworkTests",
      dependencies: [
        "Fieldwork", "FieldworkTesting", .target(name: "Quickstart"),
        .target(name: "TestPlaybook"), .product(name: "GRDB", package: "GRDB.swift"),
      ],
      resources: [
        .copy("Golden"), .copy("CompileErrors"), .copy("CommandLine/Help"), .copy("Stores"),
      ],
      swiftSettings: settings
    ),
    // It sees what playbooks see: no module but Fieldwork.
    .testTarget(
      name: "FieldworkExtensionTests",
      dependencies: ["Fieldwork"],
      swiftSettings: settings
    ),
    // No executable can be imported by another one, so what playbooks share is a library.
    .target(
      name: "Handwriting",
      dependencies: ["Fieldwork"],
      path: "Playbooks/Handwriting",
      resources: [.process("Resources")],
      swiftSettings: playbookSettings
    ),
    .testTarget(
      name: "HandwritingTests",
      dependencies: ["Fieldwork", "Handwriting"],
      swiftSettings: settings
    ),
  ]
    + playbooks.flatMap { name -> [Target] in
      let library: [Target.Dependency] =
        playbooksOfHandwriting.contains(name) ? ["Handwriting"] : []
      return [
        .executableTarget(
          name: name,
          dependencies: ["Fieldwork"] + library,
          path: "Playbooks/\(name)",
          exclude: filesOfPrograms[name] ?? [],
          swiftSettings: playbookSettings
        ),
        .testTarget(
          name: "\(name)Tests",
          dependencies: [.target(name: name), "FieldworkTesting"] + library,
          swiftSettings: settings
        ),
      ]
    }
)
