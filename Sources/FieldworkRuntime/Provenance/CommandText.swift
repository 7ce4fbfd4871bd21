import Foundation

/// The command line of a process, as others may see it.
package enum CommandText {
  /// The words as one would write them in a shell, without secrets.
  package static func text(
    _ arguments: [String] = CommandLine.arguments,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    ShellWords.joined(SecretMask(environment: environment).masked(arguments: arguments))
  }
}
