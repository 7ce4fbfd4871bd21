public import FieldworkCore

/// A program in any language that computes an experiment.
///
///     Program("train", "python3 train.py --rate \(Self.rate) --width \(EC("width")) --out \(EP())")
///
/// It runs beside the experiment, as a ``Generator`` does: each line of its standard output that is a JSON object, such as
/// `{"loss": 0.3, "accuracy": 0.9}`, is one iteration, whose keys are saved names. Its end ends the experiment. Other
/// lines are the experiment's output. A program that does not end with exit code 0 fails the experiment.
///
/// The command is split into arguments before values are put in; no shell reads it.
///
/// The program's environment has `FIELDWORK_CONFIG` (the path of a JSON file with the config), `FIELDWORK_DIRECTORY` (the
/// experiment's folder), `FIELDWORK_SEED`, `FIELDWORK_ID`, `FIELDWORK_REPETITION`, `FIELDWORK_ITERATION` (the iteration
/// from which it has to go on) and the variable for its devices, such as `CUDA_VISIBLE_DEVICES`.
public struct Program: ResearchElement, Sendable {
  private let description: UnitDescription
  private let dump: When?

  public var parts: [ResearchPart] { description.parts(dumping: dump) }

  /// A step of a program.
  /// - Parameters:
  ///   - name: the name of the step.
  ///   - command: the program and its arguments, or ``ProgramCommand/shell(_:)``.
  ///   - output: the form in which it prints values.
  ///   - input: what it reads from its standard input.
  ///   - environment: variables beside those of the process.
  ///   - folder: the folder in which it runs, by default the one in which the run was started.
  ///   - watches: the files and folders that its results depend on, beginning at `folder`. Their content is part of the
  ///     experiment's identity of code: when it has changed, a run reports the stored results like those of another build.
  ///     By default the files that the command names, such as its script.
  ///   - grace: the time between SIGTERM and SIGKILL when the program is ended.
  ///   - when: the iterations at which it gives its next values.
  ///   - dump: the iterations at which its values are stored.
  ///   - version: a text that has to change to run stored experiments again.
  ///   - root: true to run one program for all branches.
  public init(
    _ name: String,
    _ command: ProgramCommand,
    output: ProgramOutput = .jsonLines,
    input: ProgramInput = .none,
    environment: [String: ProgramText] = [:],
    in folder: ProgramText? = nil,
    watches: [String]? = nil,
    grace: Duration = .seconds(5),
    when: When = .every(1),
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line
  ) {
    let place = SourceLocation(file: file, line: line)
    var program = ProgramDescription(command)
    program.output = output
    program.input = input
    program.environment = environment
    program.folder = folder
    program.watches = watches
    program.grace = grace
    self.dump = dump
    description = UnitDescription(
      name: name,
      kind: .program,
      when: when,
      saving: nil,
      dependencies: program.dependencies,
      place: place,
      outputType: [String: Value].self,
      opensContext: false,
      isRoot: root,
      version: version,
      variables: output.names ?? [],
      problems: program.problems(of: name, place),
      body: .program(program)
    )
  }
}
