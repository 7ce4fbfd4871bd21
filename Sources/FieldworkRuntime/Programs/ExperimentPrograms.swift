import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Starts the programs of the experiments that run in this process.
struct ExperimentPrograms: ProgramLauncher {
  /// The folder in which the run was started.
  let folder: String
  /// The folders of experiments that programs have left empty; nil if experiments have none.
  private let spares: SpareFolders?

  /// - Parameter research: the folder of the research; nil for results in memory.
  init(folder: String, research: ResearchFolder?) {
    self.folder = folder
    spares = research.map { SpareFolders($0) }
  }

  /// Returns the folder of an experiment, which is made.
  /// - Returns: nil if experiments have none.
  fileprivate func directory(of run: RunContext) throws -> String? {
    guard let spares else { return nil }
    if let directory = run.programDirectory { return directory }
    let directory = try run.directoryPath()
    if try spares.put(at: directory, { _ = try run.directory() }) {
      run.programDirectory = directory
    }
    return directory
  }

  func end(_ run: RunContext) {
    if let directory = run.programDirectory { spares?.take(from: directory) }
    run.programDirectory = nil
  }

  func start(_ program: ProgramDescription, for run: RunContext) throws -> any RunningProgram {
    let start = try ProgramStart(program, run, self)
    return ExperimentProgram(
      try start.program(),
      start,
      try ProgramOutputReader(program.output),
      grace: program.grace
    )
  }

  func execute(_ program: ProgramDescription, for run: RunContext) async throws -> ProgramResult {
    let start = try ProgramStart(program, run, self)
    let started = try start.program()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // A thread of its own waits, so that a unit can run several at once.
        DispatchQueue(label: "fieldwork.program").async {
          continuation.resume(with: Result { try Self.result(of: started, start) })
        }
      }
    } onCancel: {
      started.terminate(after: program.grace)
    }
  }

  /// The number of bytes that are kept of the output of a program that is run to its end.
  private static let outputLimit = 256 << 20

  private static func result(
    of program: StartedProgram,
    _ start: ProgramStart
  ) throws -> ProgramResult {
    // The file with the config is there as long as the program runs.
    defer { withExtendedLifetime(start) {} }
    var output: [UInt8] = []
    var errors = ErrorForwarder()
    while true {
      let progress = try program.read { stream, bytes in
        switch stream {
        case .errors: errors.forward(bytes)
        case .output:
          output.append(contentsOf: bytes)
          guard output.count <= outputLimit else {
            program.kill()
            throw FieldworkError(
              .unreadableText,
              "\(start.words[0]) has printed more than \(outputLimit >> 20) MB; let it write a file"
            )
          }
        }
      }
      guard case .ended(let termination) = progress else { continue }
      if program.isTerminated { throw CancellationError() }
      return ProgramResult(termination, start.words, output, errors.text)
    }
  }
}

extension ProgramResult {
  init(
    _ termination: ChildProcess.Termination,
    _ words: [String],
    _ output: [UInt8],
    _ errors: String
  ) {
    let (code, signal): (Int32?, Int32?) =
      switch termination {
      case .exited(let code): (code, nil)
      case .signalled(let signal): (nil, signal)
      }
    self.init(words: words, exitCode: code, signal: signal, output: output, errorText: errors)
  }
}

/// A program as it is started for an experiment: its words, environment, folder and files.
struct ProgramStart: Sendable {
  let words: [String]
  /// The variables beside those of the process.
  private let variables: [String: String]
  private let folder: String
  private let search: ProgramSearch
  private let config: ConfigFile
  private let readsConfig: Bool

  /// - Throws: the error of an expression, or ``FieldworkError`` of code `store` if a folder cannot be made.
  init(_ program: ProgramDescription, _ run: RunContext, _ programs: ExperimentPrograms) throws {
    words = try program.command.words(in: run)
    let given = try program.folder?.text(in: run) ?? programs.folder
    folder = given.hasPrefix("/") ? given : "\(programs.folder)/\(given)"
    var variables = run.device.map { Self.variables(of: $0) } ?? [:]
    // Python would hold iterations back until it has printed some kilobytes of them.
    if getenv("PYTHONUNBUFFERED") == nil { variables["PYTHONUNBUFFERED"] = "1" }
    if let token = ProgramGuard.token {
      let above = getenv(ProcessToken.variable).map { String(cString: $0) }
      variables[ProcessToken.variable] = ProcessToken.path(below: above, token)
    }
    variables["PWD"] = folder
    variables["FIELDWORK_ID"] = run.id
    variables["FIELDWORK_SEED"] = String(run.seed)
    variables["FIELDWORK_REPETITION"] = String(run.repetition)
    variables["FIELDWORK_ITERATION"] = String(run.iteration)
    variables["FIELDWORK_DIRECTORY"] = try programs.directory(of: run)
    config = try ConfigFile(run.config)
    variables["FIELDWORK_CONFIG"] = config.path
    for (name, text) in program.environment { variables[name] = try text.text(in: run) }
    for text in words + variables.values where text.utf8.contains(0) {
      throw FieldworkError(
        .wrongType,
        "a text with a zero byte cannot be given to a program: \(Value.quoted(text))"
      )
    }
    self.variables = variables
    let path = variables["PATH"] ?? getenv("PATH").map { String(cString: $0) }
    search = ProgramSearch(path: path ?? "/usr/bin:/bin", folder: folder)
    readsConfig = program.input == .config
  }

  /// Starts the program.
  /// - Throws: ``ProgramError``.
  func program() throws -> StartedProgram {
    let name = words.first ?? ""
    guard let path = search.file(name) else {
      throw ProgramError(words: words, reason: .notStarted(search.absence(of: name)))
    }
    do {
      return try StartedProgram(
        path,
        words,
        changes: variables,
        // An outer experiment may have set it.
        without: ["FIELDWORK_DIRECTORY"],
        folder: folder,
        input: readsConfig ? SystemFile(config.path, O_RDONLY) : nil
      )
    } catch let error as SystemError {
      let reason = ProgramSearch.refusal(path, error, folder: folder)
      throw ProgramError(words: words, reason: .notStarted(reason))
    }
  }

  /// The variables that show a program its devices and no others.
  private static func variables(of device: AnyAlias) -> [String: String] {
    let names: [String] =
      switch device.plain {
      case .list(let values): values.map(\.description)
      case let value?: [value.description]
      case nil: [device.name]
      }
    let mask = DeviceMask(ProcessInfo.processInfo.environment)
    let shown = names.map { mask?.systemName(of: $0) ?? $0 }
    return [mask?.variable ?? "CUDA_VISIBLE_DEVICES": shown.joined(separator: ",")]
  }
}

/// The call of the system, which has the name of a method below.
private func systemWrite(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, start, count)
}

/// Passes what programs print on to the streams of this process, and keeps the last lines.
struct ErrorForwarder {
  /// The number of bytes that are kept.
  private static let limit = 1500

  private var tail: [UInt8] = []

  mutating func forward(_ bytes: UnsafeRawBufferPointer) {
    Self.write(bytes, to: STDERR_FILENO)
    tail.append(contentsOf: bytes.suffix(Self.limit))
    if tail.count > Self.limit { tail.removeFirst(tail.count - Self.limit) }
  }

  /// The last lines as text that can be shown anywhere.
  var text: String {
    var bytes = tail
    if tail.count == Self.limit, let end = tail.firstIndex(of: UInt8(ascii: "\n")) {
      bytes.removeSubrange(...end)
    }
    let plain = bytes.withUnsafeBytes(PlainText.bytes)
    return String(decoding: plain, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Writes bytes to a stream of this process; what cannot be written is lost, as what a unit prints.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      let count = systemWrite(descriptor, rest.baseAddress, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno != EINTR {
        return
      }
    }
  }
}
