import Fieldwork
import Foundation

/// Mean powers of a magnetisation per spin.
struct Moments {
  var second = 0.0
  var fourth = 0.0
}

/// Spins on a square lattice that is closed to a torus, each up or down and coupled to its four
/// neighbours with energy 1.
final class Lattice {
  /// The length of a side.
  let size: Int
  /// +1 or -1, row by row.
  private(set) var spins: [Int8]
  private let bondProbability: Double
  private let random: RandomStream
  /// The sum of all spins.
  private(set) var total: Int

  private var measurements = 0
  private var sums = (absolute: 0.0, second: 0.0, fourth: 0.0)
  private var stack: [Int] = []

  /// Begins with all spins up.
  /// - Parameter temperature: in units of the coupling energy over Boltzmann's constant.
  init(size: Int, temperature: Double, random: RandomStream) {
    self.size = size
    self.random = random
    spins = [Int8](repeating: 1, count: size * size)
    total = size * size
    bondProbability = 1 - exp(-2 / temperature)
  }

  /// Turns over one cluster of equal spins.
  ///
  /// Source: U. Wolff, "Collective Monte Carlo updating for spin systems", Phys. Rev. Lett. 62, 1989.
  /// How often it is called must not depend on the size of the clusters: a sweep that ends once enough
  /// spins have turned ends after large clusters more often, and measures a magnet too ordered.
  func turnCluster() {
    let start = random.integer(0...spins.count - 1)
    let spin = spins[start]
    turn(start)
    stack.append(start)
    while let site = stack.popLast() {
      let (row, column) = (site / size, site % size)
      let neighbours = [
        row * size + (column + 1) % size, row * size + (column + size - 1) % size,
        (row + 1) % size * size + column, (row + size - 1) % size * size + column,
      ]
      for neighbour in neighbours
      where spins[neighbour] == spin && random.uniform() < bondProbability {
        turn(neighbour)
        stack.append(neighbour)
      }
    }
  }

  private func turn(_ site: Int) {
    spins[site] = -spins[site]
    total += 2 * Int(spins[site])
  }

  /// Adds the present magnetisation to the means.
  func measure() {
    let magnetisation = abs(Double(total)) / Double(spins.count)
    let square = magnetisation * magnetisation
    measurements += 1
    sums.absolute += magnetisation
    sums.second += square
    sums.fourth += square * square
  }

  /// The mean absolute magnetisation per spin, of all measurements so far.
  var meanMagnetisation: Double { sums.absolute / Double(measurements) }

  /// The mean powers of the magnetisation, of all measurements so far.
  var moments: Moments {
    Moments(
      second: sums.second / Double(measurements),
      fourth: sums.fourth / Double(measurements)
    )
  }
}

/// The size, the temperature and the random numbers come back when the lattice is built again.
extension Lattice: Checkpointable {
  private struct State: Codable {
    let spins: [Int8]
    let measurements: Int
    let sums: [Double]
  }

  func checkpoint() throws -> [UInt8] {
    try CheckpointCoder.encode(
      State(
        spins: spins,
        measurements: measurements,
        sums: [sums.absolute, sums.second, sums.fourth]
      )
    )
  }

  func restore(from checkpoint: [UInt8]) throws {
    let state = try CheckpointCoder.decode(checkpoint, as: State.self)
    spins = state.spins
    total = spins.reduce(0) { $0 + Int($1) }
    measurements = state.measurements
    sums = (state.sums[0], state.sums[1], state.sums[2])
  }
}
