import FieldworkStore
import Foundation

/// The file in which a process keeps the output of an experiment, or that of the research, until it is
/// worth a file that people see.
///
/// It is in the folder of the research. Its name says for what it is and of which process, so that it
/// can be made visible when the process has died.
struct HiddenOutput: Equatable {
  /// The id of the experiment; nil for the file of the research.
  let experiment: String?
  let stream: StandardStream
  let process: Int32

  init(experiment: String?, _ stream: StandardStream, process: Int32) {
    self.experiment = experiment
    self.stream = stream
    self.process = process
  }

  /// Reads the name of a file; nil if it is another file.
  init?(fileName: String) {
    let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0].isEmpty, parts[parts.count - 2] == "txt",
      let stream = StandardStream(rawValue: String(parts[parts.count - 3])),
      let process = Int32(parts[parts.count - 1])
    else { return nil }
    let name = parts[1..<(parts.count - 3)].joined(separator: ".")
    self.init(experiment: name.isEmpty ? nil : name, stream, process: process)
  }

  var fileName: String {
    "." + (experiment.map { $0 + "." } ?? "") + "\(stream.fileName).\(process)"
  }

  func path(in folder: ResearchFolder) -> String { folder.file(fileName) }

  /// Where the output is to be seen.
  func visiblePath(in folder: ResearchFolder) -> String {
    "\(experiment.map(folder.experimentPath) ?? folder.root)/\(stream.fileName)"
  }
}

extension StandardStream {
  /// The name of the files into which the stream goes.
  package var fileName: String { rawValue + ".txt" }
}
