/// A search over the domain of a research, as an element of it.
public struct SearchDescription: Sendable {
  public var algorithm: any SearchAlgorithm
  /// The condition under which the search ends; nil for none.
  public let end: SearchEnd?
  /// The names of the researches whose results it begins from.
  public let sources: [String]
  /// The number of configs that the element gives; nil if it gives none.
  package var configs: Int?
  public let place: SourceLocation

  package init(
    _ algorithm: any SearchAlgorithm,
    until end: SearchEnd?,
    from sources: [String] = [],
    place: SourceLocation
  ) {
    self.algorithm = algorithm
    self.end = end
    self.sources = sources
    self.place = place
  }
}

extension SearchDescription: CustomStringConvertible {
  public var description: String { "search \(algorithm.text)" }
}

extension SearchAlgorithm {
  /// The algorithm as a plain value: its name and its options.
  package var encoding: Value {
    [.string(Self.name), (try? ValueEncoder.encode(self)) ?? .null]
  }

  /// The algorithm as one writes it: `tpe(startup: 10)`.
  package var text: String {
    guard case .dictionary(let values)? = try? ValueEncoder.encode(self), !values.isEmpty else {
      return Self.name
    }
    let options = values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.literalText)" }
    return "\(Self.name)(\(options.joined(separator: ", ")))"
  }
}
