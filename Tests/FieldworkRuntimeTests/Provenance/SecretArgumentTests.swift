import XCTest

@testable import FieldworkRuntime

final class SecretArgumentTests: XCTestCase {
  func testNamesThatSuggestASecret() {
    let suggestive = [
      "KEY", "API_KEY", "apiKey", "--api-key", "TOKEN", "GITHUB_TOKEN", "hfToken", "SECRET",
      "ClientSecret", "PASSWORD", "passwd", "DB_PASS", "dbPass", "MYSQL_PWD", "CREDENTIAL",
      "AWS_CREDENTIALS", "AUTH", "NPM_AUTH", "COOKIE", "PRIVATE_X", "SESSION", "SESSION_ID", "JWT",
      "PIN", "x-otp", "SENTRY_DSN", "passphrase", "SLACK_WEBHOOK", "CONNECTION_STRING", "SLURM_JWT",
    ]
    for name in suggestive {
      for name in [name, name.lowercased(), name.uppercased()] {
        XCTAssertTrue(SecretMask.suggestsSecret(name), name)
      }
    }
    let innocent = [
      "", "PATH", "HOME", "PWD", "OLDPWD", "LANG", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS",
      "--seed",
      "SLURM_JOB_ID", "lr", "pinned", "LD_LIBRARY_PATH", "spinning", "passes",
    ]
    for name in innocent { XCTAssertFalse(SecretMask.suggestsSecret(name), name) }
  }

  func testArguments() {
    let cases: [([String], [String])] = [
      (["run", "--seed", "1"], ["run", "--seed", "1"]),
      (["--token", "x"], ["--token", "***"]),
      (["-token", "x", "y"], ["-token", "***", "y"]),
      (["--token", "-x"], ["--token", "-x"]),
      (["--token", "-xyz"], ["--token", "***"]),
      (["--token", "--seed", "1"], ["--token", "--seed", "1"]),
      (["--token"], ["--token"]),
      (["--token", "a b'c"], ["--token", "***"]),
      (["--password=x"], ["--password=***"]),
      (["--password=a=b"], ["--password=***"]),
      (["--password=", "x"], ["--password=***", "x"]),
      (["password=x"], ["password=***"]),
      (["--set", "api_key=a,b"], ["--set", "api_key=***"]),
      (["--set=api_key=a,b"], ["--set=api_key=***"]),
      (["--set", "lr=0.1"], ["--set", "lr=0.1"]),
      (["--where", "key == 3"], ["--where", "key == 3"]),
      (["-u", "me:x", "b"], ["-u", "***", "b"]),
      (["--user", "me"], ["--user", "me"]),
      (["https://u:p@host"], ["https://***@host"]),
      (["-H", "Authorization: Bearer x"], ["-H", "Authorization: Bearer ***"]),
      (["--auth-token", "x", "--api-key", "y"], ["--auth-token", "***", "--api-key", "***"]),
    ]
    let mask = SecretMask()
    for (arguments, expected) in cases {
      XCTAssertEqual(mask.masked(arguments: arguments), expected)
      XCTAssertEqual(mask.masked(arguments: expected), expected, "masking twice")
    }
  }

  /// Every option of a suggestive name hides its value, wherever it stands.
  func testTheValueIsHiddenWhereverTheOptionStands() {
    let words = ["run", "--seed", "1", "-v", "a=b"]
    for place in 0...words.count {
      for option in [
        ["--token", "hunter2"], ["--token=hunter2"], ["api_key=hunter2"], ["-p-key", "hunter2"],
      ] {
        let arguments = words[..<place] + option + words[place...]
        let masked = SecretMask().masked(arguments: Array(arguments))
        XCTAssertFalse(masked.joined().contains("hunter2"), "\(masked)")
        XCTAssertEqual(masked.count, arguments.count)
      }
    }
  }

  func testShellWords() {
    let cases: [([String], String)] = [
      ([], ""), (["a", "--b=c", "/d/e.f"], "a --b=c /d/e.f"), (["a b"], "'a b'"), ([""], "''"),
      (["it's"], #"'it'\''s'"#), (["$x", "*"], "'$x' '*'"),
      (["--token", "***", "k=***"], "--token *** k=***"),
    ]
    for (words, text) in cases { XCTAssertEqual(ShellWords.joined(words), text) }
  }
}
