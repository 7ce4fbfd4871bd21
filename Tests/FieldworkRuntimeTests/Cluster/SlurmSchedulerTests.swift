import FieldworkCore
import Foundation
import XCTest

@testable import FieldworkRuntime

/// Scripts and the output of Slurm's commands, without Slurm.
final class SlurmSchedulerTests: XCTestCase {
  private func array(_ count: Int = 3) -> PilotArray {
    PilotArray(
      name: "fieldwork-x-1",
      count: count,
      slots: 2,
      key: "k",
      program: "p1",
      path: "/shared/it's 100% #1",
      command: ["/shared/program", "run", "--where", "x > 'a b'"],
      environment: ["LD_LIBRARY_PATH": "/shared/lib"],
      workingDirectory: "/home/me"
    )
  }

  private func options(_ change: (inout SlurmOptions) -> Void = { _ in }) -> SlurmOptions {
    var options = SlurmOptions()
    change(&options)
    return options
  }

  func testAScriptHasWhatWasAskedFor() {
    let scheduler = SlurmScheduler(
      options {
        $0.cpusPerTask = 4
        $0.memory = "8G"
        $0.time = "90m"
        $0.partition = "long"
        $0.account = "lab"
        $0.gres = "gpu:2"
        $0.arrayParallelism = 2
        $0.options = ["qos": "low", "exclusive": "", "comment": "a b"]
      }
    )
    let lines = scheduler.script(array()).split(separator: "\n").map(String.init)
    XCTAssertEqual(lines.first, "#!/bin/bash")
    for line in [
      "#SBATCH --array=0-2%2", "#SBATCH --cpus-per-task=4", "#SBATCH --mem=8G",
      "#SBATCH --time=0-01:30:00", "#SBATCH --partition=long", "#SBATCH --account=lab",
      "#SBATCH --gres=gpu:2", "#SBATCH --qos=low", "#SBATCH --exclusive", "#SBATCH --requeue",
      "#SBATCH --signal=B:USR1@120", "export FIELDWORK_SLOTS=2", "export FIELDWORK_KEY=p1",
      #"#SBATCH --output="/shared/it's 100%% #1/%A_%a.out""#, "#SBATCH --comment=\"a b\"",
      #"exec /shared/program run --where 'x > '\''a b'\'''"#,
    ] {
      XCTAssertTrue(lines.contains(line), "\(line) is missing in\n\(lines.joined(separator: "\n"))")
    }
  }

  func testTheNoticeOfAShortTimeLimitIsAQuarterOfIt() {
    let scheduler = SlurmScheduler(options { $0.time = "2:00" })
    XCTAssertTrue(scheduler.script(array()).contains("--signal=B:USR1@30\n"))
  }

  func testTimes() {
    for (text, slurm) in [
      ("2:00:00", "2:00:00"), ("1-12", "1-12"), ("90", "90"), ("90s", "0-00:01:30"),
      ("1.5h", "0-01:30:00"), ("2d", "2-00:00:00"),
    ] {
      XCTAssertEqual(SlurmOptions.slurmTime(text), slurm)
    }
    for text in ["", "soon", "-", "h", "2 h", "-1h"] {
      XCTAssertNil(SlurmOptions.slurmTime(text), text)
    }
    XCTAssertEqual(SlurmScheduler.duration("1-02:03:04"), .seconds(93_784))
    XCTAssertEqual(SlurmScheduler.duration("5:07"), .seconds(307))
    XCTAssertEqual(SlurmScheduler.duration("2"), .seconds(120))
    XCTAssertEqual(SlurmScheduler.duration("1-12"), .seconds(129_600))
    XCTAssertEqual(SlurmScheduler.duration("1-12:30"), .seconds(131_400))
    XCTAssertNil(SlurmScheduler.duration("UNLIMITED"))
    XCTAssertNil(SlurmScheduler.duration("INVALID"))
  }

  func testLinesOfSqueue() throws {
    func state(_ line: String) throws -> BatchTask.State {
      try XCTUnwrap(SlurmScheduler.task(line[...])).state
    }
    let running = try XCTUnwrap(SlurmScheduler.task("17_3|RUNNING|1:30|fieldwork-x|None"))
    XCTAssertEqual(running.id, "17_3")
    XCTAssertEqual(running.array, "fieldwork-x")
    XCTAssertEqual(running.timeLeft, .seconds(90))
    XCTAssertEqual(running.state, .running)
    XCTAssertEqual(try state("17_3|PENDING|1:30|a|Priority"), .waiting("Priority"))
    XCTAssertEqual(try state("17_3|PENDING|1:30|a|JobHeldUser"), .held("JobHeldUser"))
    XCTAssertEqual(
      try state("17_3|PENDING|1:30|a|launch failed requeued held"),
      .held("launch failed requeued held")
    )
    XCTAssertEqual(try state("17_3|CANCELLED|1:30|a|None"), .cancelled)
    XCTAssertEqual(try state("17_3|FAILED|1:30|a|NonZeroExitCode"), .failed("NonZeroExitCode"))
    XCTAssertEqual(try state("17_3|TIMEOUT|0:00|a|TimeLimit"), .ended("TIMEOUT"))
    XCTAssertEqual(try state("17_3|NODE_FAIL|0:00|a|None"), .ended("NODE_FAIL"))
    XCTAssertNil(SlurmScheduler.task("slurm_load_jobs error: Invalid job id specified"))
  }

  func testOptionsThatCannotBe() {
    for change: (inout SlurmOptions) -> Void in [
      { $0.tasks = 0 }, { $0.workersPerTask = 0 }, { $0.cpusPerTask = -1 }, { $0.idleTime = 0 },
      { $0.time = "soon" }, { $0.memory = "1G\n#SBATCH --wrap=x" },
      { $0.options = ["array": "1-2"] }, { $0.arrayParallelism = 0 },
    ] {
      XCTAssertEqual(options(change).problems.count, 1)
    }
    XCTAssertEqual(options().problems, [])
  }
}
