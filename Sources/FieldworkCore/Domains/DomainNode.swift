import Synchronization

/// A domain's expression tree, with its members reached by index instead of being written out.
final class DomainNode: Sendable {
  enum Kind: Sendable {
    case options([ParameterOption])
    case sum([DomainNode])
    case product(DomainNode, DomainNode)
    case zip(DomainNode, DomainNode)
    case weighted(Double, DomainNode)
    case filtered(DomainNode, Predicate)
    /// The configs of the first node; those in which a parameter has a value, times the second node.
    case conditional(DomainNode, key: String, value: AnyAlias, DomainNode)
  }

  /// A term of the sum that is left when everything is multiplied out.
  struct Member: Sendable, Equatable {
    let block: DomainBlock
    /// nil for a member that is not drawn by weight.
    let weight: Double?
  }

  let kind: Kind
  let memberCount: Int
  /// Whether some member consists of samplers only.
  let isEndless: Bool
  let hasConditions: Bool
  /// With `sum`: the number of members before each child.
  private let offsets: [Int]
  /// The only member, if there is one and it is simple; nil elsewhere.
  let single: Member?
  private let flatBox = Mutex<FlatOptions??>(nil)

  static let empty = DomainNode(.sum([]))

  init(_ kind: Kind) {
    self.kind = kind
    var offsets: [Int] = []
    switch kind {
    case .options(let options):
      memberCount = 1
      isEndless = !options.isEmpty && options.allSatisfy { $0.values.count == nil }
      hasConditions = false
    case .sum(let nodes):
      var count = 0
      for node in nodes {
        offsets.append(count)
        count = saturatingSum(count, node.memberCount)
      }
      memberCount = count
      isEndless = nodes.contains(where: \.isEndless)
      hasConditions = nodes.contains(where: \.hasConditions)
    case .product(let left, let right):
      memberCount = saturatingProduct(left.memberCount, right.memberCount)
      isEndless = left.isEndless && right.isEndless
      hasConditions = left.hasConditions || right.hasConditions
    case .zip(let left, _):
      memberCount = left.pairCount ?? 0
      isEndless = false
      hasConditions = false
    case .weighted(_, let node):
      memberCount = node.memberCount
      isEndless = node.isEndless
      hasConditions = node.hasConditions
    case .filtered(let node, _):
      memberCount = node.memberCount
      isEndless = node.isEndless
      hasConditions = true
    case .conditional(let node, _, _, let inner):
      memberCount = node.memberCount
      isEndless = node.isEndless
      hasConditions = node.hasConditions || inner.hasConditions
    }
    self.offsets = offsets
    single =
      switch kind {
      case .options(let options): Member(block: DomainBlock(options: options), weight: nil)
      case .sum(let nodes): nodes.count == 1 ? nodes[0].single : nil
      case .product(let left, let right): Self.product(left.single, right.single)
      default: nil
      }
  }

  /// The options of the only member, if it can make configs by their numbers; nil elsewhere.
  var flat: FlatOptions? {
    guard let single else { return nil }
    return flatBox.withLock { flat in
      if let flat { return flat }
      let made = single.block.productOptions.flatMap { FlatOptions($0) }
      flat = made
      return made
    }
  }

  private static func product(_ left: Member?, _ right: Member?) -> Member? {
    guard let left, let right else { return nil }
    return Member(
      block: DomainBlock(product: left.block, right.block),
      weight: product(left.weight, right.weight)
    )
  }

  /// The parameters in order of first appearance in the members, each once.
  var names: [ParameterName] { nameSummary.all }

  /// What is known of the parameters' names: all, in order of first appearance in the members; those of
  /// the first member; and whether every config has the same.
  private typealias NameSummary = (all: [ParameterName], first: [ParameterName], areSame: Bool)

  /// Follows the order of the members without going through them, as far as that can be.
  private var nameSummary: NameSummary {
    switch kind {
    case .options(let options):
      let names = options.map(\.name).uniqueByKey
      return (names, names, true)
    case .sum(let nodes):
      let parts = nodes.filter { $0.memberCount > 0 }.map(\.nameSummary)
      guard parts.count != 1 else { return parts[0] }
      return (
        parts.flatMap(\.all).uniqueByKey, parts.first?.first ?? [], parts.isEmpty
      )
    case .product(let left, let right):
      guard memberCount > 0 else { return ([], [], true) }
      let (first, second) = (left.nameSummary, right.nameSummary)
      // The first left member meets all right ones before the second left member comes.
      return (
        (first.first + second.all + first.all).uniqueByKey,
        (first.first + second.first).uniqueByKey, first.areSame && second.areSame
      )
    case .zip(let left, let right):
      guard memberCount > 0 else { return ([], [], true) }
      let (first, second) = (left.nameSummary, right.nameSummary)
      let names = (first.first + second.first).uniqueByKey
      if first.areSame && second.areSame { return (names, names, true) }
      return (
        (0..<memberCount).flatMap { member(at: $0).block.keys }.uniqueByKey, names, false
      )
    case .weighted(_, let node), .filtered(let node, _): return node.nameSummary
    case .conditional(let node, _, _, let inner):
      guard memberCount > 0 else { return ([], [], true) }
      let (first, second) = (node.nameSummary, inner.nameSummary)
      return (
        (first.all + second.all).uniqueByKey, (first.first + second.all).uniqueByKey,
        false
      )
    }
  }

  /// The member at an index. Takes time in the depth of the expression, not in its size.
  func member(at index: Int) -> Member {
    if let single { return single }
    switch kind {
    case .options(let options): return Member(block: DomainBlock(options: options), weight: nil)
    case .sum(let nodes):
      let child = sumChild(holding: index)
      return nodes[child].member(at: index - offsets[child])
    case .product(let left, let right):
      let first = left.member(at: index / right.memberCount)
      let second = right.member(at: index % right.memberCount)
      return Member(
        block: DomainBlock(product: first.block, second.block),
        weight: Self.product(first.weight, second.weight)
      )
    case .zip(let left, let right):
      let first = left.pairMember(at: index)
      let second = right.pairMember(at: index)
      return Member(
        block: DomainBlock(product: first.block, second.block),
        weight: Self.product(first.weight, second.weight)
      )
    case .weighted(let weight, let node):
      let member = node.member(at: index)
      return Member(block: member.block, weight: weight * (member.weight ?? 1))
    case .filtered(let node, let predicate):
      let member = node.member(at: index)
      return Member(
        block: DomainBlock(filtered: member.block, by: predicate),
        weight: member.weight
      )
    case .conditional(let node, let key, let value, let inner):
      let member = node.member(at: index)
      guard let runs = member.block.split(by: key, matching: value),
        runs.contains(where: \.matches)
      else { return member }
      let blocks = runs.flatMap { run in
        guard run.matches else { return [run.block] }
        return (0..<inner.memberCount).map {
          DomainBlock(product: run.block, inner.member(at: $0).block)
        }
      }
      return Member(block: DomainBlock(chain: blocks), weight: member.weight)
    }
  }

  /// The last child that begins at or before a member; empty children hold none.
  private func sumChild(holding index: Int) -> Int {
    var low = 0
    var high = offsets.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if offsets[middle] <= index { low = middle } else { high = middle - 1 }
    }
    return low
  }

  private static func product(_ left: Double?, _ right: Double?) -> Double? {
    left == nil && right == nil ? nil : (left ?? 1) * (right ?? 1)
  }

  /// The number of configs of one pass, conditions on listed values tried one by one. Members of
  /// samplers only count as 1.
  func count() throws -> Int {
    if let single { return single.block.baseCount }
    switch kind {
    case .options(let options): return DomainBlock(options: options).baseCount
    case .sum(let nodes): return try nodes.reduce(0) { saturatingSum($0, try $1.count()) }
    case .product(let left, let right):
      return saturatingProduct(try left.count(), try right.count())
    case .zip: return memberCount
    case .weighted(_, let node): return try node.count()
    case .filtered, .conditional:
      var count = 0
      for index in 0..<memberCount {
        count = saturatingSum(count, try member(at: index).block.count())
      }
      return count
    }
  }

  /// The number of configs of one pass, conditions aside: never less than ``count()``.
  var baseCount: Int {
    if let single { return single.block.baseCount }
    switch kind {
    case .options(let options): return DomainBlock(options: options).baseCount
    case .sum(let nodes): return nodes.reduce(0) { saturatingSum($0, $1.baseCount) }
    case .product(let left, let right): return saturatingProduct(left.baseCount, right.baseCount)
    case .zip: return memberCount
    case .weighted(_, let node), .filtered(let node, _): return node.baseCount
    case .conditional:
      return (0..<memberCount).reduce(0) { saturatingSum($0, member(at: $1).block.baseCount) }
    }
  }

  // MARK: Element by element

  /// The number of elements that the node offers to an element-wise product; nil if it offers none.
  ///
  /// It does if it is one list of values, or if each of its members has just one config.
  var pairCount: Int? {
    if singleList != nil { return singleList?.values.count }
    return isSingleValued ? memberCount : nil
  }

  private var isSingleValued: Bool {
    switch kind {
    case .options(let options): options.allSatisfy { $0.values.count == 1 }
    case .sum(let nodes): nodes.allSatisfy(\.isSingleValued)
    case .product(let left, let right): left.isSingleValued && right.isSingleValued
    case .zip: true
    case .weighted(_, let node): node.isSingleValued
    case .filtered, .conditional: false
    }
  }

  private var singleList: ParameterOption? {
    switch kind {
    case .options(let options) where options.count == 1 && options[0].values.count != nil:
      options[0]
    case .sum(let nodes) where nodes.count == 1: nodes[0].singleList
    case .weighted(_, let node): node.singleList
    default: nil
    }
  }

  private var singleListWeight: Double? {
    switch kind {
    case .sum(let nodes) where nodes.count == 1: nodes[0].singleListWeight
    case .weighted(let weight, let node): weight * (node.singleListWeight ?? 1)
    default: nil
    }
  }

  private func pairMember(at index: Int) -> Member {
    guard let option = singleList else { return member(at: index) }
    let single = ParameterOption(
      option.name,
      .list([option.values.value(at: index)]),
      declaredType: option.declaredType,
      place: option.place
    )
    return Member(block: DomainBlock(options: [single]), weight: singleListWeight)
  }
}

extension DomainNode: Equatable {
  static func == (left: DomainNode, right: DomainNode) -> Bool {
    guard left !== right else { return true }
    guard left.memberCount == right.memberCount else { return false }
    return (0..<left.memberCount).allSatisfy { left.member(at: $0) == right.member(at: $0) }
  }
}
