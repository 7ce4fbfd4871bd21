import Fieldwork
import FieldworkTesting
import Foundation
import XCTest

@testable import Ising

final class IsingTests: XCTestCase {
  func testDomain() throws {
    XCTAssertConfigs(
      try XCTUnwrap(Ising().research.domain),
      [8, 16].flatMap { size in
        [2.1, 2.2, 2.25, 2.3, 2.35, 2.45].map { temperature in
          ["size": AnyAlias(size), "temperature": AnyAlias(temperature)]
        }
      }
    )
    XCTAssertSound(Ising().research)
  }

  func testTotalFollowsTheSpins() {
    let lattice = Lattice(size: 8, temperature: 2.3, random: RandomStream(seed: 1))
    for _ in 0..<50 {
      lattice.turnCluster()
      XCTAssertEqual(lattice.total, lattice.spins.reduce(0) { $0 + Int($1) })
    }
  }

  /// On 3 × 3 spins all 512 states can be summed up, so the means are known exactly.
  func testMomentsOfASmallLatticeAreExact() {
    let (size, temperature) = (3, 2.5)
    var sums = (weight: 0.0, absolute: 0.0, second: 0.0, fourth: 0.0)
    for state in 0..<(1 << (size * size)) {
      let spins = (0..<size * size).map { state >> $0 & 1 == 1 ? 1 : -1 }
      var energy = 0
      for row in 0..<size {
        for column in 0..<size {
          let spin = spins[row * size + column]
          energy -= spin * spins[row * size + (column + 1) % size]
          energy -= spin * spins[(row + 1) % size * size + column]
        }
      }
      let weight = exp(-Double(energy) / temperature)
      let magnetisation = abs(Double(spins.reduce(0, +))) / Double(size * size)
      sums.weight += weight
      sums.absolute += weight * magnetisation
      sums.second += weight * pow(magnetisation, 2)
      sums.fourth += weight * pow(magnetisation, 4)
    }
    let lattice = Lattice(size: size, temperature: temperature, random: RandomStream(seed: 2))
    for _ in 0..<60_000 {
      lattice.turnCluster()
      lattice.measure()
    }
    XCTAssertEqual(lattice.meanMagnetisation, sums.absolute / sums.weight, accuracy: 0.005)
    XCTAssertEqual(lattice.moments.second, sums.second / sums.weight, accuracy: 0.005)
    XCTAssertEqual(lattice.moments.fourth, sums.fourth / sums.weight, accuracy: 0.005)
  }

  func testBinderCumulant() {
    XCTAssertEqual(binderCumulant(Moments(second: 1, fourth: 1)), 2.0 / 3, accuracy: 1e-12)
    XCTAssertEqual(binderCumulant(Moments(second: 2, fourth: 12)), 0, accuracy: 1e-12)
  }

  /// The curves of the two sizes cross near the critical temperature that Onsager found.
  func testCumulantsCrossAtTheCriticalTemperature() async throws {
    var research = Ising().research
    research.settings.seed = 1
    research.settings.repetitions = 2
    research.settings.iterations = 6000
    let means = try await research.run().table().lastValues()
      .grouped(by: ["size", "temperature"]).mean(["binder"])
    let small = means.filter { $0["size"] == 8 }
    let large = means.filter { $0["size"] == 16 }
    let temperatures = try small["temperature", as: Double.self].compactMap(\.self)
    let differences = try zip(
      small["binder", as: Double.self],
      large["binder", as: Double.self]
    ).map { try XCTUnwrap($0) - XCTUnwrap($1) }
    let index = try XCTUnwrap(differences.firstIndex { $0 > 0 })
    XCTAssertGreaterThan(index, 0, "below the critical temperature the larger lattice is higher")
    let share = differences[index - 1] / (differences[index - 1] - differences[index])
    let crossing =
      temperatures[index - 1] + share * (temperatures[index] - temperatures[index - 1])
    XCTAssertEqual(crossing, 2 / log(1 + 2.0.squareRoot()), accuracy: 0.03)
  }

  /// Goes on with more iterations from where it was with fewer, to the same table.
  func testGoingOnFromCheckpoints() async throws {
    func research(_ iterations: Int) -> Research {
      var research = Ising().research
      research.settings.seed = 1
      research.settings.repetitions = 1
      research.settings.iterations = iterations
      return research
    }
    let store = try DatabaseStore.inMemory()
    for iterations in [700, 2500] {
      let summary = try await ResearchRunner(research(iterations), store: store, changes: .accept)
        .run()
      XCTAssertEqual(summary.done, 12)
    }
    let undisturbed = try await research(2500).run()
    XCTAssertEqual(
      try store.contents().table().formatted(.csv),
      undisturbed.table().formatted(.csv)
    )
  }
}
