extension DeviceList: CustomStringConvertible {
  /// The devices as one writes them in Swift: `nil`, `0`, `[0, 1, "cuda:2"]`.
  public var description: String { value.literalText }

  /// Reads devices as they are typed on a command line: `none`, `0`, `0,1,cuda:2`, `[[0,1],[2,3]]`.
  ///
  /// Quotes are not needed, but may stand, so that a ``description`` can be read too; what they hold is
  /// a name. A comma outside brackets makes a list: `0` is one device for all, `0,1` and `[0,1]` are
  /// shared out.
  /// - Throws: ``FieldworkError`` of code `unreadableText`, which says what was expected where.
  public init(parsing text: String) throws {
    var parser = DeviceListParser(text)
    self = try parser.readWhole()
  }
}

/// Reads a list of devices by recursive descent.
private struct DeviceListParser {
  /// Workers, branches, devices of a branch.
  private static let maximumDepth = 3

  private let text: String
  private var rest: Substring

  init(_ text: String) {
    self.text = text
    rest = text[...]
  }

  mutating func readWhole() throws -> DeviceList {
    var devices = [try read(depth: 0)]
    while take(",") { devices.append(try read(depth: 0)) }
    guard next() == nil else { throw failure("expected ','") }
    return devices.count == 1 ? devices[0] : .list(devices)
  }

  private mutating func read(depth: Int) throws -> DeviceList {
    guard let first = next() else { throw failure("expected a device") }
    switch first {
    case "[":
      guard depth < Self.maximumDepth else {
        throw failure("lists go three deep at most: by worker, by branch, the devices of a branch")
      }
      return try readList(depth: depth)
    case "\"", "'": return try readQuoted(first)
    default:
      let word = rest.prefix { !$0.isWhitespace && !",[]\"'".contains($0) }
      guard !word.isEmpty else { throw failure("expected a device") }
      rest = rest.dropFirst(word.count)
      if ["none", "nil", "null"].contains(word.lowercased()) { return .noDevice }
      return Int(word).map(DeviceList.number) ?? .name(String(word))
    }
  }

  private mutating func readList(depth: Int) throws -> DeviceList {
    rest.removeFirst()
    if next() == "]" { throw failure("a list of devices is empty; write 'none' for no device") }
    var devices: [DeviceList] = []
    repeat { devices.append(try read(depth: depth + 1)) } while take(",")
    guard take("]") else { throw failure("expected ',' or ']'") }
    return .list(devices)
  }

  private mutating func readQuoted(_ quote: Character) throws -> DeviceList {
    let body = rest.dropFirst()
    guard let end = body.firstIndex(of: quote) else { throw failure("a quote is not closed") }
    rest = body[body.index(after: end)...]
    return .name(String(body[..<end]))
  }

  /// The next character that is no space; nil at the end.
  private mutating func next() -> Character? {
    rest = rest.drop(while: \.isWhitespace)
    return rest.first
  }

  private mutating func take(_ character: Character) -> Bool {
    guard next() == character else { return false }
    rest.removeFirst()
    return true
  }

  private func failure(_ reason: String) -> FieldworkError {
    let place = rest.isEmpty ? "at the end" : "before \(Value.quoted(String(rest)))"
    return FieldworkError(
      .unreadableText,
      "cannot read the devices \(Value.quoted(text)): \(reason), \(place); "
        + "write them like 0 or 0,1,2 or [[0,1],[2,3]] or none"
    )
  }
}
