import FieldworkCore
import XCTest

/// A domain of one listed parameter.
func list(
  _ name: ParameterName,
  _ values: AnyAlias...,
  file: String = #fileID,
  line: Int = #line
) -> Domain {
  Domain([ParameterOption(name, values)], file: file, line: line)
}

/// A domain of one drawn parameter.
func drawn(
  _ name: ParameterName,
  _ sampler: Sampler<Double>,
  file: String = #fileID,
  line: Int = #line
) -> Domain {
  Domain([ParameterOption(name, AnySampler(sampler))], file: file, line: line)
}

/// A domain of one parameter with a range of integers, which is never written out.
func integers(_ name: ParameterName, _ range: ClosedRange<Int>) -> Domain {
  Domain([ParameterOption(name, .integers(range))])
}

extension Domain {
  /// The configs of one pass as texts.
  func texts(limit: Int? = nil, seed: UInt64 = 0) throws -> [String] {
    try configs(limit: limit, seed: seed).map(\.description)
  }
}

/// Small domains of every kind without samplers, each with its name.
let finiteDomains: [(name: String, domain: Domain)] = {
  let a = list("a", 1, 2)
  let b = list("b", "x", "y", "z")
  let c = list("c", 0.5)
  let even: @Sendable (Config) throws -> Bool = { try $0["k", as: Int.self] % 2 == 0 }
  let optimizers = list("o", "sgd", "adam", "sgd")
  return [
    ("empty", Domain()),
    ("no values", list("n")),
    ("list", a),
    ("one value", c),
    ("sum", a.concatenated(with: b)),
    ("product", a.product(b)),
    ("product of sums", a.concatenated(with: c).product(b.concatenated(with: a))),
    ("zip", list("p", 1, 2, 3).zipped(with: b)),
    ("zip and sum", list("p", 1, 2).zipped(with: list("q", 3, 4)).concatenated(with: c)),
    ("zip times list", list("p", 1, 2, 3).zipped(with: b).product(a)),
    ("same parameter twice", a.product(list("a", 3, 4))),
    ("range", integers("k", 3...7)),
    ("where", integers("k", 1...6).where(even)),
    ("where over product", integers("k", 1...5).product(a).where(even)),
    ("where in product", b.product(integers("k", 1...5).where(even))),
    ("given", optimizers.given("o", "sgd", list("m", 0.9, 0.99))),
    ("given times list", optimizers.given("o", "adam", list("m", 1, 2, 3)).product(a)),
    ("given a sum", optimizers.given("o", "sgd", list("m", 1).concatenated(with: list("n", 2, 3)))),
    ("sum with empty", Domain().concatenated(with: b).concatenated(with: Domain())),
  ]
}()

/// Asserts that an expression throws a ``FieldworkError``, and gives it on.
@discardableResult
func assertThrows<T>(
  _ code: FieldworkError.Code,
  containing texts: String...,
  file: StaticString = #filePath,
  line: UInt = #line,
  _ body: () throws -> T
) -> FieldworkError? {
  do {
    let value = try body()
    XCTFail("no error, but \(value)", file: file, line: line)
  } catch let error as FieldworkError {
    XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
    for text in texts where !error.message.contains(text) {
      XCTFail("'\(error.message)' lacks '\(text)'", file: file, line: line)
    }
    return error
  } catch {
    XCTFail("another error: \(error)", file: file, line: line)
  }
  return nil
}
