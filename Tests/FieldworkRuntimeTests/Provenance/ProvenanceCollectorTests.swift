import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

final class ProvenanceCollectorTests: RuntimeTestCase {
  private func collect(
    _ sources: [ProvenanceSource],
    arguments: [String] = ["playbook"],
    environment: [String: String] = ["PATH": "/usr/bin:/bin"],
    timeLimit: Duration = .seconds(100),
    gpus: (@Sendable () async -> [String])? = nil
  ) async -> [ProvenanceItem] {
    let collector = ProvenanceCollector(
      folder: directory,
      timeLimit: timeLimit,
      sizeLimit: 1000,
      gpus: gpus
    )
    return await collector.collect(sources, run: 2, arguments: arguments, environment: environment)
  }

  private func text(_ topic: String, _ item: String, _ items: [ProvenanceItem]) -> String? {
    items.first { $0.topic == topic && $0.item == item }?.text
  }

  func testNoSources() async {
    let items = await collect([])
    XCTAssertEqual(items, [])
  }

  func testItemsAreUniqueAndFitTheStore() async throws {
    let sources: [ProvenanceSource] = [
      .git(), .environment, .packages, .command("a", ["echo", "1"]), .command("a", ["echo", "2"]),
      .command("a_1", ["echo", "3"]), .environment, .packages, .command("a", ["echo", "1"]),
    ]
    let items = await collect(sources)
    XCTAssertEqual(Set(items.map { [$0.topic, $0.item] }).count, items.count)
    XCTAssertEqual(
      items.filter { $0.topic == "command" }.map { [$0.item, $0.text] },
      [["a", "1"], ["a_2", "2"], ["a_1", "3"]]
    )
    let store = try DatabaseStore.inMemory()
    try store.write(items.map(RunRecord.provenance))
    XCTAssertEqual(Set(try store.provenance()), Set(items))
  }

  func testTheEnvironment() async throws {
    let items = await collect(
      [.environment],
      arguments: ["/bin/playbook", "run", "--token", "hunter2", "--name", "a b"],
      gpus: { ["First, 16 GiB", "Second, 16 GiB"] }
    )
    let names = [
      "architecture", "build", "build hash", "command line", "cores", "executable", "folder", "gpu",
      "host",
      "kernel", "memory", "process", "processor", "swift", "system", "time", "time zone",
    ]
    let environment = items.filter { $0.topic == "environment" }
    XCTAssertEqual(environment.map(\.item).sorted(), names)
    for item in environment { XCTAssertFalse(item.text.isEmpty, item.item) }
    XCTAssertEqual(
      text("environment", "command line", items),
      "/bin/playbook run --token *** --name 'a b'"
    )
    XCTAssertEqual(text("environment", "gpu", items), "First, 16 GiB\nSecond, 16 GiB")
    XCTAssertEqual(text("environment", "folder", items), directory)
    XCTAssertEqual(
      text("environment", "process", items),
      String(ProcessInfo.processInfo.processIdentifier)
    )
    let time = try XCTUnwrap(text("environment", "time", items))
    XCTAssertNoThrow(try Date(time, strategy: .iso8601), time)
  }

  func testWhatCannotBeHad() async {
    let items = await collect([.environment], environment: [:])
    XCTAssertEqual(text("environment", "swift", items), "(no program 'swift')")
    XCTAssertEqual(text("environment", "gpu", items), "(no program 'nvidia-smi')")
    let none = await collect([.environment], gpus: { [] })
    XCTAssertEqual(text("environment", "gpu", none), "(none)")
  }

  /// Programs of the same names that fail, as they do on machines without a driver.
  func testProgramsThatFail() async throws {
    for (name, script) in [("nvidia-smi", "echo no driver; exit 9"), ("swift", "exit 1")] {
      let path = directory + "/" + name
      try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    let items = await collect([.environment], environment: ["PATH": directory])
    XCTAssertEqual(text("environment", "gpu", items), "no driver\n(ended with status 9)")
    XCTAssertEqual(text("environment", "swift", items), "(ended with status 1)")
  }

  func testVariables() async {
    let items = await collect(
      [.environment],
      environment: [
        "CUDA_VISIBLE_DEVICES": "0,1", "OMP_NUM_THREADS": "4", "SLURM_JOB_ID": "7",
        "SLURM_JWT": "x",
        "LANG": "C", "LC_ALL": "C", "TZ": "UTC", "FIELDWORK_API_KEY": "hunter2",
        "VIRTUAL_ENV": "/v", "PATH": "/bin", "HOME": "/home/me", "GITHUB_TOKEN": "hunter2",
        "NVIDIA_PROXY": "http://u:p@host", "MKL_X": "", "LD_LIBRARY_PATH": "/lib\u{1B}[31m",
        "MY_OMP_": "x", "TF_CLI_CONFIG_FILE": "x", "TF_XLA_FLAGS": "y",
      ]
    ).filter { $0.topic == "variables" }
    XCTAssertEqual(
      items.map { "\($0.item)=\($0.text)" },
      [
        "CUDA_VISIBLE_DEVICES=0,1", "FIELDWORK_API_KEY=***", "LANG=C", "LC_ALL=C",
        "LD_LIBRARY_PATH=/lib", "MKL_X=", "NVIDIA_PROXY=http://***@host", "OMP_NUM_THREADS=4",
        "SLURM_JOB_ID=7", "SLURM_JWT=***", "TF_XLA_FLAGS=y", "TZ=UTC", "VIRTUAL_ENV=/v",
      ]
    )
  }

  func testCommands() async throws {
    let items = await collect(
      [
        .command("text", ["printf", "a\\nb\\n"]), .command("missing", ["no-such-program"]),
        .command("empty", []), .command("fails", ["sh", "-c", "echo a >&2; exit 2"]),
        .command("long", ["sh", "-c", "yes line | head -c 5000000"]),
        .command("binary", ["printf", "\\000\\001"]),
        .command("secrets", ["sh", "-c", "echo $TOP_SECRET; echo https://u:p@host"]),
      ],
      environment: ["PATH": "/usr/bin:/bin", "TOP_SECRET": "open sesame"]
    )
    let texts = Dictionary(uniqueKeysWithValues: items.map { ($0.item, $0.text) })
    XCTAssertEqual(texts["text"], "a\nb")
    XCTAssertEqual(texts["missing"], "(no program 'no-such-program')")
    XCTAssertEqual(texts["empty"], "(no program '')")
    XCTAssertEqual(texts["fails"], "a\n(ended with status 2)")
    XCTAssertEqual(texts["binary"], "(binary output of 2 bytes, not kept)")
    XCTAssertEqual(texts["secrets"], "***\nhttps://***@host")
    XCTAssertEqual(
      texts["long"],
      String(repeating: "line\n", count: 200) + "(cut: the first 1000 of 5000000 bytes)"
    )
  }

  func testAHangingCommandHoldsUpNoOther() async {
    let items = await collect(
      [.command("hangs", ["sleep", "1000"]), .command("a", ["echo", "a"])],
      timeLimit: .seconds(2)
    )
    XCTAssertEqual(items.map(\.text), ["(killed after 2.0 seconds)", "a"])
  }

  // MARK: Parts

  func testProcessors() {
    let cases: [(String, String?)] = [
      (
        "processor\t: 0\nmodel name\t: Some CPU @ 2.0: fast\n\nmodel name\t: Other",
        "Some CPU @ 2.0: fast"
      ),
      ("cpu\t\t: POWER9, altivec supported", "POWER9, altivec supported"),
      ("processor\t: 0\nBogoMIPS\t: 50.00", nil), ("", nil),
    ]
    for (information, model) in cases {
      XCTAssertEqual(EnvironmentProvenance.processor(information), model)
    }
  }

  func testQuantities() {
    XCTAssertEqual(EnvironmentProvenance.gibibytes(16 << 30), "16.0 GiB")
    XCTAssertEqual(EnvironmentProvenance.gibibytes(1_500_000_000), "1.4 GiB")
    XCTAssertEqual(EnvironmentProvenance.cores(8, of: 8), "8")
    XCTAssertEqual(EnvironmentProvenance.cores(4, of: 8), "4 of 8")
  }

  func testTimeZones() throws {
    for (seconds, text) in [
      (0, "+00:00"), (19_800, "+05:30"), (-12_600, "-03:30"), (43_200, "+12:00"),
    ] {
      let zone = try XCTUnwrap(TimeZone(secondsFromGMT: seconds))
      XCTAssertEqual(EnvironmentProvenance.timeZone(zone), "\(zone.identifier) (UTC\(text))")
    }
  }

  /// A later equal name gets the smallest number that no other name has.
  func testUniqueNames() {
    let names = ["a", "a_1", "a_2", "b"]
    for length in 0...4 {
      for code in 0..<(0..<length).reduce(1, { count, _ in count * names.count }) {
        var rest = code
        let given = (0..<length).map { _ -> String in
          defer { rest /= names.count }
          return names[rest % names.count]
        }
        let unique = UniqueNames.of(given)
        XCTAssertEqual(Set(unique).count, length, "\(given)")
        for (index, name) in given.enumerated() where !given[..<index].contains(name) {
          XCTAssertEqual(unique[index], name, "the first of \(given)")
        }
        for (name, unique) in zip(given, unique) { XCTAssertTrue(unique.hasPrefix(name)) }
      }
    }
  }
}
