import XCTest

@testable import FieldworkRuntime

final class AvailableCoresTests: XCTestCase {
  private func cores(_ files: [String: String], online: Int = 16) -> Int {
    AvailableCores.cores(online: online) { files[$0] }
  }

  func testWithoutLimits() {
    XCTAssertEqual(cores([:]), 16)
    XCTAssertEqual(cores(["/proc/self/status": "Cpus_allowed_list:\t0-15\n"]), 16)
  }

  func testABoundProcess() {
    for (list, count) in [("0", 1), ("0-3", 4), ("0,2,4-6", 5), ("12-15", 4), ("x", 16), ("", 16)] {
      XCTAssertEqual(
        cores(["/proc/self/status": "Name:\tp\nCpus_allowed_list:\t\(list)\n"]),
        count,
        list
      )
    }
  }

  func testAUnifiedControlGroup() {
    func group(_ limits: [String: String], path: String = "/a/b") -> Int {
      cores(["/proc/self/cgroup": "0::\(path)\n"].merging(limits) { $1 })
    }
    XCTAssertEqual(group(["/sys/fs/cgroup/a/b/cpu.max": "200000 100000\n"]), 2)
    XCTAssertEqual(group(["/sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"]), 2, "rounded up")
    XCTAssertEqual(group(["/sys/fs/cgroup/a/b/cpu.max": "5000 100000\n"]), 1)
    XCTAssertEqual(group(["/sys/fs/cgroup/a/b/cpu.max": "max 100000\n"]), 16)
    XCTAssertEqual(
      group([
        "/sys/fs/cgroup/a/b/cpu.max": "max 100000", "/sys/fs/cgroup/a/cpu.max": "300000 100000",
      ]),
      3,
      "the group above"
    )
    // In a container the path may be that outside of it, and its own group the root.
    XCTAssertEqual(group(["/sys/fs/cgroup/cpu.max": "400000 100000"], path: "/docker/x"), 4)
    XCTAssertEqual(group(["/sys/fs/cgroup/cpu.max": "400000 100000"], path: "/"), 4)
  }

  func testAnOlderControlGroup() {
    func group(_ quota: String, _ folder: String) -> Int {
      cores([
        "/proc/self/cgroup": "11:memory:/m\n4:cpu,cpuacct:/a\n1:name=systemd:/s\n",
        "\(folder)/cpu.cfs_quota_us": quota, "\(folder)/cpu.cfs_period_us": "100000\n",
      ])
    }
    XCTAssertEqual(group("250000\n", "/sys/fs/cgroup/cpu/a"), 3)
    XCTAssertEqual(group("250000\n", "/sys/fs/cgroup/cpu,cpuacct/a"), 3)
    XCTAssertEqual(group("250000\n", "/sys/fs/cgroup/cpu"), 3)
    XCTAssertEqual(group("-1\n", "/sys/fs/cgroup/cpu/a"), 16)
  }

  func testTheSmallestCounts() {
    XCTAssertEqual(
      cores([
        "/proc/self/status": "Cpus_allowed_list: 0-7", "/proc/self/cgroup": "0::/",
        "/sys/fs/cgroup/cpu.max": "300000 100000",
      ]),
      3
    )
    XCTAssertGreaterThan(AvailableCores.count, 0)
  }
}
