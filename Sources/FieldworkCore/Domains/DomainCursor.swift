/// Goes through a domain, config by config.
///
/// It is a value: a copy goes on from the same position and gives the very same configs, which is how
/// repetitions repeat a block without keeping it.
struct DomainCursor {
  /// A member that is being drawn from.
  private struct OpenMember {
    let index: Int
    let block: DomainBlock
    let weight: Double
    let flat: FlatOptions?
    var position: Int
  }

  private let node: DomainNode
  private let key: Philox.Key
  private let choiceKey: Philox.Key
  private(set) var pass = 0
  /// The member that the last config came from.
  private(set) var lastMember = 0
  private var nextMember = 0
  private var open: [OpenMember] = []
  /// The options of the only open member, if its configs are numbers; nil elsewhere.
  private var numbered: FlatOptions?
  private var nextNumber = 0
  private var numberCount = 0
  private var isWeighted = false
  private var choices: UInt64 = 0
  /// The weights of the open members; nil when they have changed.
  private var table: CumulativeWeights?

  init(_ node: DomainNode, seed: UInt64) {
    self.node = node
    let generator = Philox(text: "domain|\(seed)")
    key = generator.streamKey
    choiceKey = generator.split("weights").streamKey
  }

  /// Begins the next pass; samplers and weights draw anew.
  mutating func startNextPass() {
    pass += 1
    nextMember = 0
    open = []
    numbered = nil
    table = nil
  }

  /// The next config of this pass.
  /// - Returns: nil at the end of the pass.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  mutating func next() throws -> Config? {
    while true {
      if let options = numbered {
        let number = nextNumber
        nextNumber += 1
        if nextNumber == numberCount { numbered = nil }
        return Config(options, number)
      }
      if open.isEmpty {
        guard try openNextGroup() else { return nil }
        continue
      }
      let slot = isWeighted && open.count > 1 ? chooseSlot() : 0
      let config = try take(open[slot])
      if config != nil { lastMember = open[slot].index }
      if try !advance(&open[slot]) {
        open.remove(at: slot)
        table = nil
      }
      if let config { return config }
    }
  }

  /// Opens the next member, or the next run of weighted members.
  /// - Returns: false if no members are left.
  private mutating func openNextGroup() throws -> Bool {
    guard nextMember < node.memberCount else { return false }
    let first = node.member(at: nextMember)
    isWeighted = first.weight != nil
    table = nil
    if !isWeighted, !first.block.hasSamplers, let options = flat(first.block) {
      lastMember = nextMember
      nextMember += 1
      numberCount = first.block.baseCount
      nextNumber = 0
      numbered = numberCount > 0 ? options : nil
      return true
    }
    try openMember(first)
    guard isWeighted else { return true }
    while nextMember < node.memberCount {
      let member = node.member(at: nextMember)
      guard member.weight != nil else { break }
      try openMember(member)
    }
    return true
  }

  private mutating func openMember(_ member: DomainNode.Member) throws {
    var opened = OpenMember(
      index: nextMember,
      block: member.block,
      weight: member.weight ?? 1,
      // Weighted members are all open at the same time; listed values alone are numbered.
      flat: member.weight == nil && member.block.hasSamplers ? flat(member.block) : nil,
      position: -1
    )
    nextMember += 1
    if try advance(&opened) { open.append(opened) }
  }

  /// The number of configs from which on it is worth while to make the options of one member of several.
  private static let flatLimit = 16

  private func flat(_ block: DomainBlock) -> FlatOptions? {
    if node.single != nil { return node.flat }
    guard block.isEndless || block.baseCount >= Self.flatLimit else { return nil }
    return block.productOptions.flatMap { FlatOptions($0) }
  }

  /// Goes to the next position that conditions on listed values admit.
  /// - Returns: false if there is none.
  private func advance(_ member: inout OpenMember) throws -> Bool {
    member.position += 1
    guard !member.block.isEndless else { return true }
    while member.position < member.block.baseCount {
      if try member.block.admits(member.position) { return true }
      member.position += 1
    }
    return false
  }

  private func take(_ member: OpenMember) throws -> Config? {
    let count = member.block.baseCount
    let ordinal = member.block.isEndless ? member.position : pass &* count &+ member.position
    let index = member.block.isEndless ? 0 : member.position
    let draw = DrawPlace(key: key, member: member.index, ordinal: ordinal)
    if let flat = member.flat { return try flat.config(index, draw: draw) }
    var config = Config()
    return try member.block.write(at: index, draw: draw, into: &config) ? config : nil
  }

  /// Chooses among the open members in proportion to their weights.
  private mutating func chooseSlot() -> Int {
    var generator = Philox(key: choiceKey, counter: Philox.Counter(0, choices, 0, 0))
    choices += 1
    if table == nil {
      // Relative to the largest, products of large weights do not overflow when they are summed up.
      let largest = open.map(\.weight).max() ?? 1
      table = CumulativeWeights(open.map { $0.weight / largest })
    }
    return table?.index(at: generator.nextUnit()) ?? 0
  }
}
