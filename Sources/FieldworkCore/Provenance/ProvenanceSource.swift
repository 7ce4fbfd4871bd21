/// Something about the origin of a run that is recorded with its results.
///
///     Research("digits", provenance: [.git(), .environment, .packages, .command("pip", ["pip", "list"])]) { … }
///
/// It is asked when the run begins, while the first experiments run. What cannot be had is recorded as
/// absent, with the reason. Passwords, keys and tokens are recorded as `***`.
public enum ProvenanceSource: Sendable, Hashable {
  /// The machine, its processors and GPUs, the system, the compiler, the command line, and the
  /// environment variables that matter for a computation: those of GPUs and numerical libraries
  /// (`CUDA_…`, `OMP_…`, `MKL_…`), of clusters (`SLURM_…`), languages (`PYTHON…`, `SWIFT_…`), the loader
  /// (`LD_…`), the locale and `FIELDWORK_…`.
  case environment
  /// The commit, branch, remotes, status and changes of the git repository of a folder. Files that git
  /// does not track are left out, and so are the contents of images and other binary data.
  case git(_ folder: String = ".")
  /// The versions of the dependencies in `Package.resolved`, found in the current folder or above it.
  case packages
  /// What a program prints, under a name: `.command("pip", ["pip", "list"])`. The words of the line are
  /// handed on as they are, without a shell.
  case command(_ name: String, _ line: [String])
}

extension ProvenanceSource: CustomStringConvertible {
  public var description: String {
    switch self {
    case .environment: "environment"
    case .git(let folder): folder == "." ? "git" : "git:\(folder)"
    case .packages: "packages"
    case .command(let name, let line): "\(name): \(line.joined(separator: " "))"
    }
  }
}
