import ArgumentParser
import Dispatch
import Fieldwork
import FieldworkCore
import FieldworkSearch
import Foundation

/// `search`: how small a loss searches reach, beside the samplers of Optuna.
struct SearchFigures: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Losses that searches reach on functions whose optima are moved, beside Optuna's."
  )

  @Option(help: "How many seeds, each of which moves the optima.")
  var seeds = 30

  @Option(help: "How many configs of a search: the losses after 50, 100 and 300 are shown.")
  var configs = 300

  @Option(help: "The beginnings of the names of the functions; all by default.")
  var functions: [String] = []

  @Option(help: "The algorithm of Fieldwork.")
  var algorithm: SearchAlgorithmName = .auto

  @Option(help: "How many configs may run while the next one is chosen.")
  var window = 1

  @Option(help: "The samplers of Optuna to run: tpe, cma, gp.")
  var peers: [String] = ["tpe", "cma", "gp"]

  @Option(help: "A Python with Optuna; `make bench-peers` makes .peers/bin/python.")
  var python = ".peers/bin/python"

  @Option(
    help: "The file that keeps the losses of Optuna, so that another run need not repeat them."
  )
  var kept = ".peers/search.jsonl"

  @Flag(help: "Show what a suggestion costs at 100 and 1,000 results in ten dimensions.")
  var cost = false

  @Flag(help: ArgumentHelp("Evaluate what another process asks for.", visibility: .private))
  var evaluate = false

  private static let marks = [50, 100, 300]

  func run() async throws {
    if evaluate { return try serve() }
    if cost { return try showCost() }
    let names = SearchFunction.all(seed: 0).map(\.name).filter { name in
      functions.isEmpty || functions.contains { name.hasPrefix($0) }
    }
    let marks = Self.marks.filter { $0 <= configs }
    var rivals: [String: [String: [[Double]]]] = [:]
    for peer in peers { rivals[peer] = try losses(of: peer, names) }
    var (won, cells) = (0, 0)
    for name in names {
      let own = try search(name, marks)
      for (index, mark) in marks.enumerated() {
        let mine = own.map { $0[index] }
        var line = "\(name) \(mark): \(Self.text(mine))"
        var best = Double.infinity
        for peer in peers {
          guard let losses = rivals[peer]?[name]?.filter({ $0.count > index }), !losses.isEmpty
          else { continue }
          let theirs = losses.map { $0[index] }
          best = min(best, Self.median(theirs))
          line += " | \(peer) \(Self.text(theirs))"
        }
        if best < .infinity {
          cells += 1
          if Self.median(mine) < best { won += 1 }
          line += Self.median(mine) < best ? " | better" : " | worse"
        }
        print(line)
        fflush(nil)
      }
    }
    if cells > 0 { print("better than the best sampler of Optuna in \(won) of \(cells) cells") }
  }

  private static func median(_ numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The median and the quartiles.
  private static func text(_ numbers: [Double]) -> String {
    let sorted = numbers.sorted()
    func quantile(_ part: Double) -> String {
      String(format: "%.3g", sorted[Int(part * Double(sorted.count - 1))])
    }
    return "\(String(format: "%.3g", median(numbers))) (\(quantile(0.25))…\(quantile(0.75)))"
  }

  /// Returns the losses of each seed after each number of configs.
  private func search(_ name: String, _ marks: [Int]) throws -> [[Double]] {
    let results = Results(seeds)
    let (configs, window, algorithm) = (configs, window, algorithm.algorithm)
    DispatchQueue.concurrentPerform(iterations: seeds) { seed in
      results.set(
        seed,
        Result {
          try Self.losses(name, UInt64(seed), algorithm, configs, window, marks)
        }
      )
    }
    return try results.all.map { try $0.get() }
  }

  private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all: [Result<[Double], any Error>]

    init(_ count: Int) { all = Array(repeating: .success([]), count: count) }

    func set(_ index: Int, _ result: Result<[Double], any Error>) {
      lock.withLock { all[index] = result }
    }
  }

  private static func losses(
    _ name: String,
    _ seed: UInt64,
    _ algorithm: any SearchAlgorithm,
    _ configs: Int,
    _ window: Int,
    _ marks: [Int]
  ) throws -> [Double] {
    guard let function = SearchFunction.all(seed: seed).first(where: { $0.name == name }) else {
      return []
    }
    let space = try DomainSpace(function.domain)
    var (trials, losses): ([SearchTrial], [Double]) = ([], [])
    var best = (value: Double.infinity, loss: Double.infinity)
    for number in 0..<configs {
      let known = max(0, number - (window - 1))
      let request = SearchRequest(
        space: space.space,
        number: number,
        trials: Array(trials.prefix(known)),
        running: trials.dropFirst(known).map(\.point),
        seed: seed
      )
      var random = Philox(seed: 0)
      let config = try space.config(try algorithm.suggest(request), using: &random)
      let value = try function.value(config, seed: seed, number: number)
      if value < best.value { best = (value, try function.loss(config)) }
      trials.append(
        SearchTrial(try space.point(config) ?? request.draw(using: &random), losses: [value])
      )
      if marks.contains(number + 1) { losses.append(best.loss) }
    }
    return losses
  }

  // MARK: Optuna

  private struct Kept: Codable {
    let searcher: String
    let window: Int
    let function: String
    let seed: Int
    let losses: [Double]
  }

  /// Returns by function: the losses of each seed. What is kept is not computed again.
  private func losses(of peer: String, _ names: [String]) throws -> [String: [[Double]]] {
    func read() -> [Kept] {
      let text = (try? String(contentsOfFile: kept, encoding: .utf8)) ?? ""
      return text.split(separator: "\n").compactMap {
        try? JSONDecoder().decode(Kept.self, from: Data($0.utf8))
      }.filter {
        $0.searcher == peer && $0.window == window && $0.seed < seeds
          && $0.losses.count >= Self.marks.count { $0 <= configs }
      }
    }
    let known = read()
    for name in names {
      let missing = Set(0..<seeds).subtracting(known.filter { $0.function == name }.map(\.seed))
      guard let first = missing.min(), let last = missing.max() else { continue }
      guard FileManager.default.fileExists(atPath: python) else {
        FileHandle.standardError.write(Data("there is no \(python): \(peer) is left out\n".utf8))
        break
      }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: python)
      process.arguments = [
        "Benchmarks/peers/search.py", CommandLine.arguments[0], peer, "\(configs)",
        "\(first)-\(last + 1)", "\(window)", name,
      ]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      let before = (try? Data(contentsOf: URL(fileURLWithPath: kept))) ?? Data()
      try (before + text).write(to: URL(fileURLWithPath: kept))
    }
    return Dictionary(grouping: read(), by: \.function).mapValues { $0.map(\.losses) }
  }

  /// Answers requests on the standard input, a line of JSON each.
  private func serve() throws {
    var functions: [String: SearchFunction] = [:]
    while let line = readLine() {
      guard case .dictionary(let request) = try Value(parsing: line),
        case .string(let name)? = request["function"]
      else { throw ValidationError("'\(line)' is no request") }
      let seed = request["seed"].flatMap { Int($0) } ?? 0
      let key = "\(name) \(seed)"
      let known = functions[key]
      guard
        let function = known
          ?? SearchFunction.all(seed: UInt64(seed)).first(where: { $0.name == name })
      else { throw ValidationError("there is no function '\(name)'") }
      functions[key] = function
      if case .dictionary(let values)? = request["values"] {
        let config = Config(values.map { Config.Entry(ParameterName($0.key), AnyAlias($0.value)) })
        let number = request["number"].flatMap { Int($0) } ?? 0
        let value = try function.value(config, seed: UInt64(seed), number: number)
        print("[\(value), \(try function.loss(config))]")
      } else {
        print(function.specification.jsonText)
      }
      fflush(nil)
    }
  }

  // MARK: Cost

  private func showCost() throws {
    let space = try DomainSpace(
      Domain(
        (0..<10).map { index in
          ParameterOption(ParameterName("x\(index)"), AnySampler(Sampler.uniform(0...1)))
        }
      )
    ).space
    var random = Philox(seed: 1)
    let trials = (0..<1000).map { _ in
      let point = space.draw(using: &random)
      return SearchTrial(
        point,
        losses: [point.positions.reduce(0) { $0 + ($1 - 0.3) * ($1 - 0.3) }]
      )
    }
    let algorithm = algorithm.algorithm
    for count in [100, 1000] {
      var times: [Double] = []
      for round in 0..<20 {
        let request = SearchRequest(
          space: space,
          number: count + round,
          trials: Array(trials.prefix(count)),
          seed: 1
        )
        let elapsed = try ContinuousClock().measure { _ = try algorithm.suggest(request) }
        times.append(elapsed / .milliseconds(1))
      }
      print("\(self.algorithm.rawValue), \(count) results: \(Self.text(times)) ms")
    }
  }
}

extension SearchAlgorithmName: ExpressibleByArgument {}
