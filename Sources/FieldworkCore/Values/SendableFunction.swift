/// Reads functions by types that lack `@Sendable`.
///
/// Values of aliases are `Sendable`, so a function among them has a type with `@Sendable`. A cast does not convert it
/// to the type without, although both are called in the same way, and the compiler converts one to the other.
enum SendableFunction {
  /// The function as a value of a type that lacks `@Sendable`.
  /// - Returns: nil if the types differ in more than that, or the value is no function.
  static func withoutAttribute<T>(_ function: any Sendable, as type: T.Type) -> T? {
    guard let wanted = _mangledTypeName(type), wanted.hasSuffix("c"),
      let given = _mangledTypeName(Swift.type(of: function)),
      removingAttribute(given) == wanted
    else { return nil }
    func convert<Function>(_ function: Function) -> T {
      // The types differ only in an attribute that does not affect how a function is called.
      unsafeBitCast(function, to: T.self)
    }
    return _openExistential(function, do: convert)
  }

  /// Returns the name of a function type without the attribute of the function itself. Functions among its arguments
  /// keep theirs. A mangled name ends with the attributes of the function: `Ya` (async), `Yb` (`@Sendable`), `K`
  /// (throws), and `c`.
  private static func removingAttribute(_ name: String) -> String? {
    var end = Substring(name)
    guard end.popLast() == "c" else { return nil }
    let throwing = end.hasSuffix("K")
    if throwing { end.removeLast() }
    guard end.hasSuffix("Yb") else { return nil }
    return end.dropLast(2) + (throwing ? "K" : "") + "c"
  }
}
