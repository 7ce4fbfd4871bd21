/// The random numbers of one experiment, shared by its instances and units.
///
/// It is a reference, so everything that holds it draws from one stream. The stream depends on the
/// research's seed and the experiment's id alone: never on workers, order or time.
///
///     let lattice = Instance("lattice") { run in Lattice(size: try run[size], random: run.random) }
///
/// It also serves the standard library: `Int.random(in: 1...6, using: &run.random)`.
public final class RandomStream: RandomNumberGenerator {
  private lazy var generator = Philox(text: text)
  /// The text from which the generator is made.
  private let text: String
  /// Where streams that are split off are noted; nil if the experiment is not checkpointed.
  private var registry: StreamRegistry?
  /// The labels by which the stream was split off, one after the other.
  private var path = ""

  public init(_ generator: Philox) {
    text = ""
    self.generator = generator
  }

  /// Makes a stream that depends on a text.
  package init(text: String) { self.text = text }

  public convenience init(seed: UInt64) { self.init(Philox(seed: seed)) }

  /// Everything that the next numbers depend on.
  package var state: [UInt64] {
    get { generator.state }
    set { generator = Philox(state: newValue) ?? generator }
  }

  /// Notes from now on which streams are split off.
  /// - Parameter label: what the labels of streams that are split off begin with; nil for nothing.
  package func register(in registry: StreamRegistry, as label: String? = nil) {
    self.registry = registry
    if let label { path = label }
  }

  /// The next 64 random bits.
  public func next() -> UInt64 { generator.next() }

  /// Another stream, which depends on this one's seed and on the label alone, not on how much has been
  /// drawn: give one to each part that is to keep its numbers when another part draws more.
  public func split(_ label: String) -> RandomStream {
    let stream = RandomStream(generator.split(label))
    guard let registry else { return stream }
    stream.registry = registry
    stream.path = path.isEmpty ? label : "\(path)/\(label)"
    registry.add(stream, path: stream.path)
    return stream
  }

  /// The first 64 bits of the stream of a label, which is not noted.
  func bits(of label: String) -> UInt64 {
    var stream = generator.split(label)
    return stream.next()
  }

  /// A number in 0 ..< 1.
  public func uniform() -> Double { generator.nextUnit() }

  /// A number between the bounds, uniformly.
  public func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * generator.nextUnit()
  }

  /// An integer between the bounds, each with the same probability.
  public func integer(_ range: ClosedRange<Int>) -> Int {
    let width = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound))
    guard width < .max else { return Int(truncatingIfNeeded: next()) }
    return range.lowerBound &+ Int(truncatingIfNeeded: generator.nextInteger(below: width + 1))
  }

  /// A normally distributed number.
  public func normal(mean: Double = 0, deviation: Double = 1) -> Double {
    mean + deviation * generator.nextNormal()
  }

  /// One value of a sampler.
  /// - Throws: ``FieldworkError`` if the sampler is ill-formed or nothing passes its limits.
  public func sample<Output>(_ sampler: Sampler<Output>) throws -> Output {
    try sampler.draw(using: &generator)
  }

  /// Puts a list in random order (Fisher and Yates).
  public func shuffled<Element>(_ elements: some Sequence<Element>) -> [Element] {
    var result = Array(elements)
    for index in result.indices.dropFirst().reversed() {
      result.swapAt(index, integer(0...index))
    }
    return result
  }
}
