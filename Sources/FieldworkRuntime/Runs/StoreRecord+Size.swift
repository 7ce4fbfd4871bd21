import FieldworkCore
import FieldworkStore

extension StoreRecord {
  /// About how many bytes of memory it takes.
  var size: Int {
    let rest = 256
    switch self {
    case .saved(_, let values): return values.reduce(rest) { $0 + 64 + $1.value.size }
    case .checkpoint(_, let checkpoint):
      return checkpoint.parts.reduce(rest) { $0 + $1.content.count }
    case .output(_, _, let text): return rest + text.utf8.count
    default: return rest
    }
  }
}

extension Value {
  /// About how many bytes of memory what it holds takes, beside the value itself.
  fileprivate var size: Int {
    switch self {
    case .null, .bool, .int, .double: 0
    case .string(let text): text.utf8.count
    case .list(let values): values.reduce(0) { $0 + 17 + $1.size }
    case .dictionary(let values): values.reduce(0) { $0 + 48 + $1.key.utf8.count + $1.value.size }
    }
  }
}
