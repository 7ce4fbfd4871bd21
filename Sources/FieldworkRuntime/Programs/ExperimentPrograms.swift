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
  /// True if experiments have folders.
  let keepsFiles: Bool

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
    defer { start.removeConfig() }
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
  private let environment: [String: String]
  private let folder: String
  private let search: ProgramSearch
  private let configPath: String
  private let readsConfig: Bool

  /// - Throws: the error of an expression, or ``FieldworkError`` of code `store` if a folder cannot be made.
  init(_ program: ProgramDescription, _ run: RunContext, _ programs: ExperimentPrograms) throws {
    words = try program.command.words(in: run)
    let given = try program.folder?.text(in: run) ?? programs.folder
    folder = given.hasPrefix("/") ? given : "\(programs.folder)/\(given)"
    var environment = ProcessInfo.processInfo.environment
    // Python would hold iterations back until it has printed some kilobytes of them.
    if environment["PYTHONUNBUFFERED"] == nil { environment["PYTHONUNBUFFERED"] = "1" }
    if let token = ProgramGuard.token {
      environment[ProcessToken.variable] = ProcessToken.path(below: environment, token)
    }
    environment["PWD"] = folder
    environment["FIELDWORK_ID"] = run.id
    environment["FIELDWORK_SEED"] = String(run.seed)
    environment["FIELDWORK_REPETITION"] = String(run.repetition)
    environment["FIELDWORK_ITERATION"] = String(run.iteration)
    if let device = run.device {
      environment.merge(Self.variables(of: device, environment)) { $1 }
    }
    if programs.keepsFiles {
      let directory = try run.directory()
      run.programDirectory = directory
      environment["FIELDWORK_DIRECTORY"] = directory
      configPath = "\(directory)/.fieldwork-config-\(RandomName.make()).json"
    } else {
      configPath = "\(NSTemporaryDirectory())/fieldwork-config-\(RandomName.make()).json"
    }
    environment["FIELDWORK_CONFIG"] = configPath
    for (name, text) in program.environment { environment[name] = try text.text(in: run) }
    for text in words + environment.values where text.utf8.contains(0) {
      throw FieldworkError(
        .wrongType,
        "a text with a zero byte cannot be given to a program: \(Value.quoted(text))"
      )
    }
    self.environment = environment
    search = ProgramSearch(path: environment["PATH"] ?? "/usr/bin:/bin", folder: folder)
    readsConfig = program.input == .config
    try Self.write(run.config.valueTree.extendedJSONText, to: configPath)
  }

  /// Starts the program.
  /// - Throws: ``ProgramError``.
  func program() throws -> StartedProgram {
    let name = words.first ?? ""
    do {
      guard let path = search.file(name) else {
        throw ProgramError(words: words, reason: .notStarted(search.absence(of: name)))
      }
      do {
        return try StartedProgram(
          path,
          words,
          environment: environment,
          folder: folder,
          input: readsConfig ? configPath : nil
        )
      } catch let error as SystemError {
        let reason = ProgramSearch.refusal(path, error, folder: folder)
        throw ProgramError(words: words, reason: .notStarted(reason))
      }
    } catch {
      removeConfig()
      throw error
    }
  }

  func removeConfig() { unlink(configPath) }

  private static func write(_ text: String, to path: String) throws {
    do {
      let file = try SystemFile(path, O_WRONLY | O_CREAT | O_TRUNC)
      var bytes = Array(text.utf8)[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else {
          if errno == EINTR { continue }
          throw SystemError("cannot write \(path)")
        }
        bytes = bytes.dropFirst(count)
      }
    } catch {
      unlink(path)
      throw FieldworkError(.store, "the config cannot be given to a program: \(error)")
    }
  }

  /// The variables that show a program its devices and no others.
  private static func variables(
    of device: AnyAlias,
    _ environment: [String: String]
  ) -> [String: String] {
    let names: [String] =
      switch device.plain {
      case .list(let values): values.map(\.description)
      case let value?: [value.description]
      case nil: [device.name]
      }
    let mask = DeviceMask(environment)
    let shown = names.map { mask?.systemName(of: $0) ?? $0 }
    return [mask?.variable ?? "CUDA_VISIBLE_DEVICES": shown.joined(separator: ",")]
  }
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
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno != EINTR {
        return
      }
    }
  }
}
