import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A command of the shell that runs when a run has ended, with its summary on the standard input.
package struct EndHook: Sendable {
  private let command: String
  private let timeLimit: Duration

  /// - Parameter timeLimit: the time after which the command is ended.
  package init(_ command: String, timeLimit: Duration = .seconds(300)) {
    self.command = command
    self.timeLimit = timeLimit
  }

  /// Runs the command and waits for its end. Its output goes where that of this process does.
  /// - Parameters:
  ///   - input: the text on its standard input.
  ///   - isInterrupted: returns true when the command has to end.
  /// - Returns: why it did not succeed; nil if it did.
  package func run(input: String, isInterrupted: () -> Bool = { false }) -> String? {
    do {
      let file = try SystemFile.temporary()
      var text = input + "\n"
      try text.withUTF8 { try file.append(UnsafeRawBufferPointer($0)) }
      guard lseek(file.descriptor, 0, SEEK_SET) == 0 else {
        throw SystemError("cannot read a temporary file")
      }
      let process = try ChildProcess(
        "/bin/sh",
        ["sh", "-c", command],
        descriptors: [STDIN_FILENO: file.descriptor]
      )
      let deadline = ContinuousClock.now + timeLimit
      var termination: ChildProcess.Termination?
      while termination == nil {
        termination = process.wait(for: .milliseconds(100))
        let isLate = deadline <= .now
        guard termination == nil, isLate || isInterrupted() else { continue }
        process.kill()
        _ = process.wait()
        return isLate
          ? "it did not end within \(timeLimit.optionText) and was killed"
          : "it was interrupted and killed"
      }
      switch termination ?? .exited(0) {
      case .exited(0): return nil
      case .exited(let code): return "it ended with exit code \(code)"
      case .signalled(let signal): return "it died of signal \(signal)"
      }
    } catch {
      return "\(error)"
    }
  }
}
