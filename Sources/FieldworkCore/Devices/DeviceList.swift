/// The devices of a research, as one writes them.
///
///     nil                        // none
///     0                          // one for all workers and branches
///     [0, 1, "cuda:2"]           // shared out among them, see DeviceAssignment
///     [[0, 1], [2, 3]]           // by worker, by branch
///     [[[0, 1]], [[2, 3]]]       // by worker, by branch, several for one branch
///
/// A device is its number in the order of the PCI bus, or a name: `cuda:0` for a number, `GPU-…` for
/// a UUID, or any other text without spaces, commas, brackets and quotes. What is written is taken as
/// it is; ``DeviceAssignment`` says what is wrong with it.
public enum DeviceList: Sendable, Hashable {
  case noDevice
  case number(Int)
  case name(String)
  case list([DeviceList])

  /// The list of devices with the given numbers, in their order: `DeviceList(0..<4)`.
  public init(_ numbers: some Sequence<Int>) { self = .list(numbers.map(DeviceList.number)) }

  /// The list of devices with the given names, in their order.
  public init(_ names: some Sequence<String>) { self = .list(names.map(DeviceList.name)) }
}

extension DeviceList: ExpressibleByNilLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringInterpolation, ExpressibleByArrayLiteral
{
  public init(nilLiteral: ()) { self = .noDevice }
  public init(integerLiteral value: Int) { self = .number(value) }
  public init(stringLiteral value: String) { self = .name(value) }
  public init(arrayLiteral elements: DeviceList...) { self = .list(elements) }
}

extension DeviceList: ValueConvertible {
  public var value: Value {
    switch self {
    case .noDevice: .null
    case .number(let number): .int(number)
    case .name(let name): .string(name)
    case .list(let devices): .list(devices.map(\.value))
    }
  }

  /// Takes what a literal may hold: null, an integer, a text, or a list of these.
  public init?(_ value: Value) {
    switch value {
    case .null: self = .noDevice
    case .int(let number): self = .number(number)
    case .string(let name): self = .name(name)
    case .list(let values):
      guard let devices = [DeviceList](.list(values)) else { return nil }
      self = .list(devices)
    case .bool, .double, .dictionary: return nil
    }
  }
}
