/// The environment variables that matter for a computation.
struct VariableProvenance: Sendable {
  /// How the names begin: numerical libraries, GPUs, languages, clusters and Fieldwork.
  private static let prefixes = [
    "BLIS_", "CUBLAS_", "CUDA_", "CUDNN_", "DYLD_", "FIELDWORK_", "GOMP_", "GPU_", "HIP_", "HSA_",
    "JAX_", "KMP_", "LC_", "LD_", "LSB_", "MALLOC_", "MKL_", "MPI", "NCCL_", "NUMEXPR_", "NVIDIA_",
    "OMPI_", "OMP_", "OPENBLAS_", "PBS_", "PMIX_", "PMI_", "PYTHON", "PYTORCH_", "ROCM_", "ROCR_",
    "SGE_", "SLURM_", "SWIFT_", "TF_CPP_", "TF_CUDNN_", "TF_DETERMINISTIC_", "TF_ENABLE_",
    "TF_FORCE_GPU_", "TF_GPU_", "TF_NUM_", "TF_XLA_", "TORCH_", "VECLIB_", "XLA_",
  ]
  private static let names: Set<String> = [
    "CI", "CONDA_DEFAULT_ENV", "CONDA_PREFIX", "HOSTNAME", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV",
  ]

  let mask: SecretMask
  let environment: [String: String]

  /// Whether a variable is recorded.
  static func matters(_ name: String) -> Bool {
    names.contains(name) || prefixes.contains { name.hasPrefix($0) }
  }

  /// An item for each variable, by name.
  func entries() -> [ProvenanceEntry] {
    environment.filter { Self.matters($0.key) }.sorted { $0.key < $1.key }
      .map { ProvenanceEntry($0.key, mask.masked($0.value, of: $0.key)) }
  }
}
