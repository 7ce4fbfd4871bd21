import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One standard stream of the process, and where its descriptor leads.
///
/// No call fails: what goes wrong is in ``failure``, and the stream then leads to where it can.
final class CapturedStream {
  /// The number of experiments whose files stay open: as many as take turns, mostly.
  private static let openFiles = 8

  /// Where the stream led before.
  let terminal: SystemFile
  /// The first thing that went wrong.
  private(set) var failure: SystemError?

  private let stream: StandardStream
  private let mode: OutputMode
  private let folder: ResearchFolder?
  private let descriptor: Int32

  private var isCapturing = false
  private var common: OutputFile?
  /// In the order in which they were last entered.
  private var files: [(experiment: String, file: OutputFile)] = []
  /// A file for which there is no use at present.
  private var spare: OutputFile?
  private var current: String?
  /// The number of bytes that are kept of what an experiment writes; nil for all of it.
  private let limit: Int?
  /// The number of experiments that write at once into the file of the research.
  private let writers: Int
  /// The size of the file of the research when the experiment began that runs.
  private var commonStart = 0
  /// What experiments have written whose files are no longer open, for a store without files.
  private var untaken: [String: [UInt8]] = [:]

  /// - Parameters:
  ///   - folder: the folder of the research; nil for a store without files.
  ///   - descriptor: what to redirect.
  /// - Throws: ``SystemError`` if the process cannot open more files.
  init(
    _ stream: StandardStream,
    _ mode: OutputMode,
    _ folder: ResearchFolder?,
    _ descriptor: Int32,
    limit: Int? = nil,
    writers: Int = 1
  ) throws {
    self.limit = limit
    self.writers = writers
    self.stream = stream
    self.mode = mode
    self.folder = folder
    self.descriptor = descriptor
    do {
      terminal = try SystemFile(duplicating: descriptor)
    } catch let error as SystemError where error.number == EBADF {
      // A process without this stream, such as a daemon.
      let nothing = try SystemFile("/dev/null", O_RDWR)
      // The number of the stream is free, and must not be the number of what stands for it.
      terminal = try SystemFile(duplicating: nothing.descriptor, above: descriptor)
    }
  }

  // MARK: Limits

  /// An experiment begins in this process.
  func experimentBegins() {
    guard let common else { return }
    // What came before belongs to another one.
    trimCommon()
    commonStart = common.file.size
  }

  /// Leaves out what is more than the limit.
  func trim() {
    guard isCapturing, let limit else { return }
    if current != nil, let file = files.last?.file {
      file.trim(from: 0, limit: limit)
    } else {
      trimCommon()
    }
  }

  // MARK: Turns

  func begin() {
    guard mode != .terminal, !isCapturing else { return }
    isCapturing = true
    attempt(stream.flush)
    if mode.hasCommonFile, let folder {
      common = attempt { try OutputFile(hidden(nil), in: folder, isOwn: mode == .common) }
    }
    leadOutside()
  }

  func enter(_ experiment: String) {
    guard isCapturing else { return }
    leave()
    guard mode.hasExperimentFiles else { return }
    current = experiment
    if let file = attempt({ try file(of: experiment) }) { lead(to: file.file) }
  }

  func leave() {
    guard isCapturing else { return }
    attempt(stream.flush)
    if current != nil {
      current = nil
      leadOutside()
      // The file that was entered last.
      if let file = files.last?.file {
        if let limit { file.trim(from: 0, limit: limit) }
        settle(file)
      }
    }
    guard let common, !common.isSettled else { return }
    attempt(common.publish)
    leadOutside()
  }

  func end() {
    guard isCapturing else { return }
    attempt(stream.flush)
    isCapturing = false
    current = nil
    lead(to: terminal)
    for (experiment, file) in files { retire(file, of: experiment) }
    files = []
    trimCommon()
    if let common { attempt(common.publish) }
    common?.discard()
    common = nil
    spare?.discard()
    spare = nil
  }

  private func trimCommon() {
    guard let common, let limit else { return }
    common.trim(from: commonStart, limit: saturatingProduct(limit, writers))
  }

  /// What an experiment has written since the last time, for a store without files.
  func take(_ experiment: String) -> [UInt8] {
    guard folder == nil else { return [] }
    if current == experiment { attempt(stream.flush) }
    var bytes = untaken.removeValue(forKey: experiment) ?? []
    if let entry = files.first(where: { $0.experiment == experiment }) {
      bytes += attempt(entry.file.take) ?? []
    }
    return bytes
  }

  // MARK: Where the descriptor leads

  private func leadOutside() { lead(to: common?.file ?? terminal) }

  private func lead(to file: SystemFile) {
    // The copy is inherited by programs that units start, as a standard stream has to be.
    while dup2(file.descriptor, descriptor) < 0 {
      guard errno == EINTR || errno == EBUSY else {
        fail(SystemError("cannot redirect \(stream.rawValue)"))
        return
      }
    }
  }

  // MARK: Files of experiments

  private func file(of experiment: String) throws -> OutputFile {
    if let index = files.firstIndex(where: { $0.experiment == experiment }) {
      let entry = files.remove(at: index)
      files.append(entry)
      return entry.file
    }
    if files.count == Self.openFiles {
      let oldest = files.removeFirst()
      retire(oldest.file, of: oldest.experiment)
    }
    let file = try newFile(for: experiment)
    files.append((experiment, file))
    return file
  }

  /// A file for an experiment: the spare one, which saves making one for each where most write nothing,
  /// unless it has a file from before.
  private func newFile(for experiment: String) throws -> OutputFile {
    guard let folder else {
      guard let spare else { return try OutputFile() }
      self.spare = nil
      spare.clear()
      return spare
    }
    let hidden = hidden(experiment)
    guard let spare, access(hidden.visiblePath(in: folder), F_OK) != 0 else {
      return try OutputFile(hidden, in: folder)
    }
    try spare.reuse(for: hidden, in: folder)
    self.spare = nil
    return spare
  }

  /// Hands on what an experiment has written, and keeps its file as the spare one if it can be.
  private func retire(_ file: OutputFile, of experiment: String) {
    settle(file)
    if folder == nil, let bytes = attempt(file.take), !bytes.isEmpty {
      untaken[experiment, default: []] += bytes
    }
    attempt(file.compact)
    if spare == nil && file.isReusable { spare = file } else { file.discard() }
  }

  private func settle(_ file: OutputFile) {
    if mode == .both, let common { attempt { try file.handOn(to: common) } }
    attempt(file.publish)
  }

  private func hidden(_ experiment: String?) -> HiddenOutput {
    HiddenOutput(experiment: experiment, stream, process: getpid())
  }

  // MARK: Failures

  @discardableResult
  private func attempt<Result>(_ body: () throws -> Result) -> Result? {
    do {
      return try body()
    } catch {
      fail(error as? SystemError ?? SystemError("\(error)", 0))
      return nil
    }
  }

  private func fail(_ error: SystemError) { failure = failure ?? error }
}
