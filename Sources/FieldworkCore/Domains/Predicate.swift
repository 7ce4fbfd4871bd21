/// A condition on configs, with the place at which it was written.
final class Predicate: Sendable {
  let body: @Sendable (Config) throws -> Bool
  let place: SourceLocation

  init(place: SourceLocation, body: @escaping @Sendable (Config) throws -> Bool) {
    self.place = place
    self.body = body
  }

  /// - Throws: ``FieldworkError`` with the predicate's place.
  func passes(_ config: Config) throws -> Bool {
    do {
      return try body(config)
    } catch let error as FieldworkError {
      // The usual reason for a missing parameter: `where` applies only to the term before it.
      let advice =
        error.code == .missingParameter
        ? "; the condition belongs to the term directly before it: write (A * B).where { … } for one on all of a product"
        : ""
      throw FieldworkError(
        error.code,
        "where: \(error.message)\(advice)",
        place: error.place ?? place
      )
    } catch {
      throw FieldworkError(
        .invalidDefinition,
        "where: the condition failed for \(config)",
        cause: "\(error)",
        place: place
      )
    }
  }
}

/// Where in a domain a value is drawn. Each place has its own random numbers, so a value depends on
/// nothing that was drawn elsewhere.
struct DrawPlace {
  let key: Philox.Key
  /// The member of the domain, from 0.
  let member: Int
  /// The number of the config within its member, counted through all passes.
  let ordinal: Int
  /// A number made of how often each of the conditions around has rejected the draw.
  private(set) var attempt: UInt64 = 0
  /// The number of conditions around.
  private var depth: UInt64 = 0

  init(key: Philox.Key, member: Int, ordinal: Int) {
    self.key = key
    self.member = member
    self.ordinal = ordinal
  }

  func generator(for name: ParameterName) -> Philox {
    // FNV-1a of the name; the attempt is spread over all bits.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return Philox(
      key: key,
      counter: Philox.Counter(
        0,
        UInt64(ordinal),
        UInt64(member),
        hash ^ (attempt &* 0x9E37_79B9_7F4A_7C15)
      )
    )
  }

  /// The place within one more condition, after so many rejections by it. Rejections by an inner and by
  /// an outer condition lead to different numbers, else the outer one would see a draw again, and draws
  /// that it has rejected would come up too often.
  func nested(_ attempt: Int) -> DrawPlace {
    var place = self
    place.depth += 1
    guard attempt > 0 else { return place }
    place.attempt =
      self.attempt &* 0xD134_2543_DE82_EF95 &+ (place.depth << 32 | UInt64(attempt))
    return place
  }
}

/// A product that stays at the largest integer instead of overflowing.
package func saturatingProduct(_ left: Int, _ right: Int) -> Int {
  let (product, overflow) = left.multipliedReportingOverflow(by: right)
  return overflow ? .max : product
}

/// A sum that stays at the largest integer instead of overflowing.
func saturatingSum(_ left: Int, _ right: Int) -> Int {
  let (sum, overflow) = left.addingReportingOverflow(right)
  return overflow ? .max : sum
}
