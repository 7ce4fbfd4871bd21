/// Under which names a unit's output is saved.
///
///     saving: "loss"               // the output itself
///     saving: ["loss", "accuracy"] // a tuple's or array's elements; nil leaves one out
///     saving: .keys                // a dictionary's values, under its keys
public struct Saving: Sendable, Hashable, ExpressibleByStringInterpolation,
  ExpressibleByArrayLiteral
{
  private enum Selection: Sendable, Hashable {
    case whole(String)
    case elements([String?])
    case keys
  }

  private let selection: Selection

  /// The values of a dictionary, each under its key.
  public static let keys = Saving(selection: .keys)

  private init(selection: Selection) { self.selection = selection }

  public init(stringLiteral value: String) { selection = .whole(value) }

  public init(arrayLiteral elements: String?...) { selection = .elements(elements) }

  /// Makes a saving under a name that is not a literal.
  public init(_ name: String) { selection = .whole(name) }

  /// Makes a saving of a tuple's or array's elements.
  public init(_ names: [String?]) { selection = .elements(names) }

  /// The names, as far as they are known before running.
  package var names: [String] {
    switch selection {
    case .whole(let name): [name]
    case .elements(let names): names.compactMap(\.self)
    case .keys: []
    }
  }

  /// What is wrong with saving an output of the given type; nil if nothing shows beforehand.
  package func mismatch(with type: Any.Type) -> String? {
    let type = (type as? any OptionalType.Type)?.wrapped ?? type
    if isExistential(type) { return nil }
    let isPlain = type is any ValueConvertible.Type || type is any Encodable.Type
    let text = String(describing: type)
    let isTuple = text.hasPrefix("(") && text != "()" && !text.contains("->")
    switch selection {
    case .whole(let name):
      guard !isPlain, !isTuple else { return nil }
      return "'\(name)' would save a \(text), which is not a plain value"
    case .elements(let names):
      let elements = isTuple ? tupleCount(text) : nil
      if let elements, elements != names.count {
        return "\(names.count) names would save the \(elements) elements of a \(text)"
      }
      guard type is any ValueConvertible.Type, !text.hasPrefix("Array<"), type != Value.self
      else { return nil }
      return
        "\(names.count) names would save the elements of a \(text), which is neither a tuple nor an array"
    case .keys:
      guard isPlain, !text.hasPrefix("Dictionary<"), type != Value.self,
        !(type is any Encodable.Type) || type is any ValueConvertible.Type
      else { return nil }
      return ".keys would save the values of a \(text), which is not a dictionary"
    }
  }

  /// The number of elements that a tuple's text shows.
  private func tupleCount(_ text: String) -> Int {
    var depth = 0
    var count = 1
    for character in text {
      if "([<".contains(character) { depth += 1 }
      if ")]>".contains(character) { depth -= 1 }
      if character == "," && depth == 1 { count += 1 }
    }
    return count
  }

  /// Splits an output into what is saved.
  /// - Throws: ``FieldworkError`` of code `cannotSave` if the output does not fit the names.
  package func values(of output: Any) throws -> [(name: String, value: Value)] {
    switch selection {
    case .whole(let name):
      return [(name, try Saving.value(of: output, name))]
    case .elements(let names):
      let elements = try Saving.elements(of: output)
      guard elements.count == names.count else {
        throw FieldworkError(
          .cannotSave,
          "\(names.count) names are to save \(elements.count) elements"
        )
      }
      return try zip(names, elements).compactMap { name, element in
        try name.map { ($0, try Saving.value(of: element, $0)) }
      }
    case .keys:
      guard case .dictionary(let values) = try Saving.value(of: output, ".keys") else {
        throw FieldworkError(
          .cannotSave,
          ".keys is to save a \(type(of: output)), which is not a dictionary"
        )
      }
      return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
  }

  private static func value(of output: Any, _ name: String) throws -> Value {
    // Casts to these types are quicker than to a protocol.
    if let number = output as? Double { return .double(number) }
    if let number = output as? Int { return .int(number) }
    if let plain = output as? any ValueConvertible { return plain.value }
    if let encodable = output as? any Encodable {
      do {
        return try ValueEncoder.encode(encodable)
      } catch let error as FieldworkError where error.code == .cannotSave {
        throw FieldworkError(.cannotSave, "'\(name)': \(error.message)")
      } catch {
        throw FieldworkError(
          .cannotSave,
          "'\(name)': a \(type(of: output)) cannot be encoded",
          cause: "\(error)"
        )
      }
    }
    let mirror = Mirror(reflecting: output)
    if mirror.displayStyle == .tuple && !mirror.children.isEmpty {
      return .list(try mirror.children.map { try value(of: $0.value, name) })
    }
    if mirror.displayStyle == .optional {
      guard let wrapped = mirror.children.first else { return .null }
      return try value(of: wrapped.value, name)
    }
    throw FieldworkError(
      .cannotSave,
      "'\(name)': a \(type(of: output)) is not a plain value; make it conform to ValueConvertible or Encodable"
    )
  }

  private static func elements(of output: Any) throws -> [Any] {
    let mirror = Mirror(reflecting: output)
    if mirror.displayStyle == .tuple { return mirror.children.map(\.value) }
    if case .list(let values) = try value(of: output, "elements") { return values }
    throw FieldworkError(
      .cannotSave,
      "a \(type(of: output)) has no elements to save under several names"
    )
  }
}

/// Whether a type is a protocol or `Any`, so that its values may be of many types.
package func isExistential(_ type: Any.Type) -> Bool {
  String(describing: Swift.type(of: type)).hasSuffix(".Protocol")
}
