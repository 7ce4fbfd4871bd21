import Fieldwork
import Foundation
import XCTest

/// Statistics against those that pandas and SciPy compute from the same store.
final class PandasTests: CommandLineTestCase {
  private static let script = """
    import json, sqlite3, sys
    import numpy as np, pandas as pd
    from scipy import stats
    df = pd.read_sql("SELECT * FROM results_wide", sqlite3.connect(sys.argv[1]))
    last = df.groupby("id", sort=False).last().reset_index()
    rows = []
    for rate, group in last.groupby("rate", sort=False):
        for name in ["loss", "accuracy"]:
            x = group[name]
            low, high = stats.t.interval(0.95, len(x) - 1, loc=x.mean(), scale=stats.sem(x))
            low99, high99 = stats.t.interval(0.99, len(x) - 1, loc=x.mean(), scale=stats.sem(x))
            rows.append([rate, name, x.mean(), x.std(), x.sem(), low, high, low99, high99, x.median(),
                x.quantile(0.25), x.quantile(0.9), x.min(), x.max(), x.sum(), int(x.count())])
    wide = last.pivot_table(index=["width", "activation", "repetition"], columns="rate", values="accuracy")
    a, b = wide[0.02], wide[0.1]
    d = b - a
    low, high = stats.t.interval(0.95, len(d) - 1, loc=d.mean(), scale=stats.sem(d))
    ranks = stats.wilcoxon(d, zero_method="wilcox", method="exact" if not (d.abs().duplicated().any() or (d == 0).any()) else "auto")
    signs = stats.permutation_test((d.values,), np.mean, permutation_type="samples", n_resamples=np.inf)
    best = last.groupby(["rate", "width", "activation"], sort=False)["accuracy"].mean().sort_values(ascending=False)
    print(json.dumps({"groups": rows, "difference": d.mean(), "low": low, "high": high, "p": signs.pvalue,
        "ties": bool(d.abs().duplicated().any() or (d == 0).any()), "ranks": ranks.pvalue, "best": best.iloc[0],
        "pairs": len(d)}))
    """

  func testGroupsAndComparisons() throws {
    for module in ["pandas", "scipy"] {
      try XCTSkipUnless(try Python.has(module), "no Python with \(module)")
    }
    let run = try ProcessRun(
      Self.executable("Digits"),
      complete(["run", "--seed", "1", "--iterations", "4"])
    )
    XCTAssertEqual(run.status, 0, run.error)
    let python = try ProcessRun(
      URL(fileURLWithPath: Python.path),
      ["-c", Self.script, "\(directory.path)/digits/research.sqlite"]
    )
    XCTAssertEqual(python.status, 0, python.error)
    let object = try JSONSerialization.jsonObject(with: Data(python.output.utf8))
    let answer = try XCTUnwrap(object as? [String: Any])
    func number(_ name: String) throws -> Double {
      try XCTUnwrap(answer[name] as? NSNumber, name).doubleValue
    }

    let results = try ResearchResults.load("\(directory.path)/digits")
    let names = [
      "mean", "std", "sem", "ci", "ci99", "median", "q25", "q90", "min", "max", "sum", "n",
    ]
    let table = try results.table().lastValues().grouped(by: "rate")
      .aggregate(names.compactMap { Aggregate($0) }, columns: ["loss", "accuracy"])
    let suffixes = [
      "mean", "std", "sem", "low", "high", "low99", "high99", "median", "q25", "q90", "min", "max",
      "sum", "n",
    ]
    let groups = try XCTUnwrap(answer["groups"] as? [[Any]])
    XCTAssertEqual(groups.count, 6)
    for group in groups {
      let rate = try XCTUnwrap(group[0] as? NSNumber).doubleValue
      let name = try XCTUnwrap(group[1] as? String)
      let row = try XCTUnwrap(table["rate", as: Double.self].firstIndex(of: rate))
      for (index, suffix) in suffixes.enumerated() {
        let expected = try XCTUnwrap(group[index + 2] as? NSNumber).doubleValue
        let found = try XCTUnwrap(table.column("\(name)_\(suffix)").numbers[row])
        XCTAssertEqual(
          found,
          expected,
          accuracy: 1e-12 * max(1, abs(expected)),
          "\(name) \(suffix)"
        )
      }
    }

    let comparison = try results.compare(
      Condition("rate == 0.02"),
      Condition("rate == 0.1"),
      by: "accuracy"
    )
    let interval = try XCTUnwrap(comparison.pairs.differences.interval())
    XCTAssertEqual(Double(comparison.pairs.count), try number("pairs"))
    XCTAssertEqual(comparison.pairs.differences.mean, try number("difference"), accuracy: 1e-12)
    XCTAssertEqual(interval.low, try number("low"), accuracy: 1e-12)
    XCTAssertEqual(interval.high, try number("high"), accuracy: 1e-12)
    XCTAssertEqual(try XCTUnwrap(comparison.pairs.probability), try number("p"), accuracy: 1e-12)
    // With ties SciPy only approximates.
    let ranks = try XCTUnwrap(comparison.pairs.rankProbability)
    XCTAssertEqual(
      ranks,
      try number("ranks"),
      accuracy: answer["ties"] as? Bool == true ? 0.01 : 1e-12
    )
    XCTAssertEqual(
      results.best(by: .maximize("accuracy"))[0].mean,
      try number("best"),
      accuracy: 1e-12
    )
  }
}
