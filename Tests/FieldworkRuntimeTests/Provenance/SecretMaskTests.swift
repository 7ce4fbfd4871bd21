import XCTest

@testable import FieldworkRuntime

final class SecretMaskTests: XCTestCase {
  private let mask = SecretMask()

  /// Letters, digits and both cases, as tokens have them.
  private func random(_ count: Int, _ characters: String = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0z")
    -> String
  {
    let characters = Array(characters)
    return String((0..<count).map { characters[($0 * 7 + count) % characters.count] })
  }

  // MARK: Tokens

  /// Tokens of known shapes; put together here, so that no scanner takes them for real ones.
  private var tokens: [String] {
    let capitals = random(16, "ABC2DEF3GHI4JKL5")
    let hexadecimal = random(32, "0a1b2c3d4e5f6789")
    return [
      "ghp" + "_" + random(36), "gho" + "_" + random(36), "ghs" + "_" + random(36),
      "github_pat" + "_" + random(22) + "_" + random(59), "glpat" + "-" + random(20),
      "sk" + "-" + random(48), "sk" + "-proj-" + random(40), "sk" + "-ant-api03-" + random(60),
      "AKIA" + capitals, "ASIA" + capitals, "xoxb" + "-123456789012-" + random(24),
      "xapp" + "-1-" + random(24), "AIza" + random(35), "ya29" + "." + random(40),
      "hf" + "_" + random(34), "npm" + "_" + random(36), "dckr_pat" + "_" + random(27),
      "pypi" + "-" + random(60), "sk_live" + "_" + random(24),
      "SG" + "." + random(22) + "." + random(43),
      "dop_v1" + "_" + hexadecimal, "dapi" + hexadecimal, "hvs" + "." + random(24),
      "eyJ" + random(20) + ".eyJ" + random(30) + "." + random(43),
      "123456789" + ":AA" + random(33),
    ]
  }

  private let surroundings = [
    "%", "a % b", "x=%", "x: %", "\"%\"", "'%'", "(%)", "+%\n-%", "[\"%\", \"%\"]", "<%>", "é%",
    "%,%;%",
    "https://host/%/path", "https://host/path?id=%&x=1", "# %\r\n", "\t%\t", "%\\n%", "/%/%",
    "a\\t%", "\\u0022%\\u0022",
  ]

  func testTokensAreHiddenWhereverTheyStand() {
    for token in tokens {
      for surrounding in surroundings {
        let text = surrounding.replacingOccurrences(of: "%", with: token)
        let expected = surrounding.replacingOccurrences(of: "%", with: "***")
        XCTAssertEqual(mask.masked(text), expected, "in: \(text)")
      }
    }
  }

  func testPartsOfWordsAreNoTokens() {
    for token in tokens {
      XCTAssertEqual(mask.masked("x" + token), "x" + token)
    }
  }

  // MARK: Addresses

  func testCredentialsInAddresses() {
    let cases = [
      ("https://user:pass@host/a", "https://***@host/a"),
      ("https://user:pass@host", "https://***@host"),
      ("https://token@host/a.git", "https://***@host/a.git"),
      ("https://user:p@ss@host/a", "https://***@host/a"),
      ("https://user:p/a:s?s@host/a", "https://***@host/a"),
      ("https://:pass@host:8080/a", "https://***@host:8080/a"),
      ("postgres://u:p@host:5432/db?x=1", "postgres://***@host:5432/db?x=1"),
      ("redis://:p@host", "redis://***@host"),
      ("ssh://git:p@host/a", "ssh://***@host/a"),
      ("origin\thttps://u:p@host/a (fetch)", "origin\thttps://***@host/a (fetch)"),
      ("\"https://u:p@host\" and 'ftp://v:q@host'", "\"https://***@host\" and 'ftp://***@host'"),
      ("https://host/a?access_token=abc&x=1", "https://host/a?access_token=***&x=1"),
      ("https://host/a?x=1&api_key=abc#top", "https://host/a?x=1&api_key=***#top"),
      ("https://host/a?X-Amz-Signature=0a1b", "https://host/a?X-Amz-Signature=***"),
      ("https://host/a?sig=abc", "https://host/a?sig=***"),
      ("https://hooks.slack.com/services/T1/B2/c3", "https://hooks.slack.com/services/***"),
    ]
    for (text, expected) in cases { XCTAssertEqual(mask.masked(text), expected) }
  }

  // MARK: Headers and assignments

  /// Texts in which % is a secret, and no more than it is hidden.
  private let assignments = [
    "Authorization: Bearer %", "authorization: basic %", "{\"Authorization\": \"Token %\"}",
    "curl -H 'Authorization: Bearer %' https://host", "Bearer %", "X-Api-Key: %", "x-auth-token: %",

    "password = \"%\"", "password = '%'", "PASSWORD=%", "DB_PASS=%", "MYSQL_PWD=%",
    "export API_KEY=%",
    "+API_KEY=\"%\"", "-  API_KEY: '%'", "\"api_key\": \"%\",", "'secret': '%'",
    "let apiKey = \"%\"",
    "let token: String = \"%\"", "token: str = b'%'", "headers[\"api-key\"] = \"%\"",
    "  \"client_secret\" : \"%\"", "secret => \"%\"", "password := \"%\"",
    "\"a\": \"api_key = \\\"%\\\"\\n\"",
    "password: %", "password = %", "  db.password=%", "+password: %", "passphrase: % ",
    "secret_key: %",
    "aws_secret_access_key = %", "//registry.npmjs.org/:_authToken=%", "--password=%",
    "--api-key=%",
    "tool --access-token % --seed 1", "machine host login me password %",
    "password = \"\"\"%\"\"\"",
    "Server=host;User=me;Password=%;Timeout=5", "AccountName=a;AccountKey=%;Suffix=b",
    "connectionString = \"%\"", "if password == \"%\" {",
  ]

  func testAssignedSecretsAreHidden() {
    for secret in [
      "hunter2hunter2", "a1b2c3d4e5f6a7b8c9d0", "Tr0ub4dor&3+/==x", "12345678901234567890",
    ] {
      for assignment in assignments {
        // There `&` ends a variable's value, and is none of the signs of a bearer.
        let isBare = ["PASS=", "KEY=", "PWD=", "PASSWORD="].contains { assignment.contains($0) }
        if secret.contains("&"), isBare || assignment == "Bearer %" { continue }
        let text = assignment.replacingOccurrences(of: "%", with: secret)
        let expected = assignment.replacingOccurrences(of: "%", with: "***")
        XCTAssertEqual(mask.masked(text), expected, "in: \(text)")
      }
    }
  }

  func testCookiesAreHiddenAsAWhole() {
    XCTAssertEqual(mask.masked("Cookie: id=a; b=c\nx"), "Cookie: ***\nx")
    XCTAssertEqual(mask.masked("curl -H \"Cookie: id=a; b=c\" x"), "curl -H \"Cookie: ***\" x")
    XCTAssertEqual(mask.masked("Set-Cookie: id=a; Path=/"), "Set-Cookie: ***")
  }

  func testQuotedSecretsMayHoldAnything() {
    for secret in [#"a"b'c d"#, #"\"#, "x y\tz", #"\\"x""#, "é{}()[];,&"] {
      let quoted = secret.replacingOccurrences(of: "\\", with: "\\\\")
        .replacingOccurrences(of: "\"", with: "\\\"")
      XCTAssertEqual(mask.masked("password = \"\(quoted)\" # end"), "password = \"***\" # end")
    }
  }

  func testOrdinaryTextsStay() {
    let texts = [
      "", "a", "Über 50% of é 日本 🙂", "let x = values[\"key\"]", "for key in keys { print(key) }",
      "+  let tokens = tokenizer.tokenize(text)", "tokenizer = \"bert-base-uncased\"",
      "pad_token = \"<pad>\"", "eos_token: \"</s>\"", "max_tokens=512", "token = tokens[0]",
      "password = getpass.getpass()", "password: str", "password: String,",
      "api_key: Optional[str] = None", "api_key = os.environ[\"API_KEY\"]", "API_KEY=$(cat key)",
      "TOKEN=${TOKEN}", "--token", "use --token to log in", "ssh://git@github.com/a/b.git",
      "git@github.com:a/b.git", "https://host:8080/@scope/package", "https://host/@user",
      "https://github.com/a/b", "file:///home/me/a@b", "me@example.com", "see http://a and b@c",
      "?x=1&y=2", "bearer of good news", "Cookie: a sweet", "var cookie: Cookie = x",
      "scikit-learn task-sk-learn sk-learn-contrib-something-long", "AKIA", "ghp_short", "eyJ.eyJ",
      "commit 4c6b85195dd624c35357485de500180a341bd7c1", "index 0a1b2c3d..4e5f6a7b 100644",
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "secrets are kept in a file",
      "the secret: be patient", "keys: [1, 2]", "\"key\": \"value\"", "sort(key=lambda x: x)",
      "password = \"\"", "a == b && c != d", "Author: me", "-----", "@@ -1,3 +1,4 @@ func f()",
    ]
    for text in texts { XCTAssertEqual(mask.masked(text), text) }
  }

  // MARK: Private keys

  private func key(
    _ kind: String = "RSA ",
    lines: Int = 12,
    prefix: String = "",
    end: String = "\n"
  )
    -> (begin: String, body: [String], end: String)
  {
    let body =
      (0..<lines).map { prefix + String(random(64 + $0).prefix(64)) } + [prefix + random(6) + "=="]
    return (
      prefix + "-----BEGIN \(kind)PRIVATE KEY-----", body,
      prefix + "-----END \(kind)PRIVATE KEY-----"
    )
  }

  func testPrivateKeysAreHidden() {
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
      for prefix in ["", "+", "-", " "] {
        for separator in ["\n", "\r\n"] {
          let key = key(kind, prefix: prefix)
          let whole = ([key.begin] + key.body + [key.end]).joined(separator: separator)
          XCTAssertEqual(
            mask.masked("a\n" + whole + "\nb"),
            "a\n\(prefix)***\nb",
            "\(kind) \(prefix)"
          )
        }
      }
    }
    let block =
      "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n=x\n-----END PGP PRIVATE KEY BLOCK-----"
    XCTAssertEqual(mask.masked(block), "***")
  }

  func testAPrivateKeyInAString() {
    let key = key()
    let string = ([key.begin] + key.body + [key.end]).joined(separator: "\\n")
    XCTAssertEqual(
      mask.masked("{\"pem\": \"\(string)\\n\", \"x\": 1}"),
      "{\"pem\": \"***\\n\", \"x\": 1}"
    )
  }

  /// A diff shows a part of a key, or the text was cut.
  func testPartsOfPrivateKeysAreHidden() {
    for prefix in ["", "+", " "] {
      let key = key(prefix: prefix)
      for count in 0...key.body.count {
        let start = ([key.begin] + key.body.prefix(count)).joined(separator: "\n")
        let end = (key.body.suffix(count) + [key.end]).joined(separator: "\n")
        for text in [start, end] {
          let masked = mask.masked("before {\n" + text + "\n}")
          for line in key.body {
            let secret = line.dropFirst(prefix.count)
            XCTAssertFalse(masked.contains(secret), "\(secret) of \(count) lines in: \(masked)")
          }
          XCTAssertTrue(masked.hasPrefix("before {\n"), masked)
          XCTAssertTrue(masked.hasSuffix("***\n}"), masked)
        }
      }
    }
    let headed =
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,0A\n\n" + random(64)
    XCTAssertEqual(mask.masked(headed), "***")
  }

  // MARK: Known values

  func testValuesOfSecretVariablesAreHiddenEverywhere() {
    let mask = SecretMask(environment: [
      "DB_PASSWORD": "correct horse", "API_KEY": "correct horse battery", "SHORT_TOKEN": "short",
      "AUTH_MODE": "disabled", "PWD": "/home/me/research", "PLAIN": "not hidden here",
    ])
    XCTAssertEqual(
      mask.masked(
        "correct horse battery, correct horse, short, disabled, /home/me/research, not hidden here"
      ),
      "***, ***, short, disabled, /home/me/research, not hidden here"
    )
  }

  func testVariables() {
    XCTAssertEqual(mask.masked("x", of: "MY_API_KEY"), "***")
    XCTAssertEqual(mask.masked("", of: "MY_API_KEY"), "")
    XCTAssertEqual(mask.masked("0,1", of: "CUDA_VISIBLE_DEVICES"), "0,1")
    XCTAssertEqual(mask.masked("http://u:p@host", of: "FIELDWORK_PROXY"), "http://***@host")
  }

  // MARK: Laws

  func testMaskingIsIdempotent() {
    let samples =
      tokens + assignments.map { $0.replacingOccurrences(of: "%", with: "hunter2hunter2") }
      + [
        "https://u:p@host", key().begin, key().end,
        (key().body + [key().end]).joined(separator: "\n"),
      ]
    for first in samples {
      for second in samples.prefix(40) {
        for separator in ["\n", " ", ","] {
          let once = mask.masked(first + separator + second)
          XCTAssertEqual(mask.masked(once), once, "of: \(first + separator + second)")
        }
      }
    }
  }

  /// What stands on another line neither saves a secret nor is lost by it.
  func testLinesDoNotMatterToEachOther() {
    let lines =
      tokens + ["plain text", "", "https://u:p@host/a", "é"]
      + assignments.map { $0.replacingOccurrences(of: "%", with: "hunter2hunter2") }
    let apart = lines.map(mask.masked).joined(separator: "\n")
    XCTAssertEqual(mask.masked(lines.joined(separator: "\n")), apart)
    let backwards = lines.reversed().map(mask.masked).joined(separator: "\n")
    XCTAssertEqual(mask.masked(lines.reversed().joined(separator: "\n")), backwards)
  }

  /// Patterns that went back over a long text again and again would not come to an end here.
  func testLongTextsOfOneKind() {
    let pieces = [
      "a", "A", "-", "://", "://x:", "sk-", "-----BEGIN PRIVATE KEY-----", "KEY", "password", "--",
      "eyJa", "x-", "?a", " \t", "\n", "+\n", "\"", "\\", random(64) + "\n", "login x ",
    ]
    for piece in pieces {
      let text = String(repeating: piece, count: 100_000 / piece.utf8.count)
      XCTAssertLessThanOrEqual(mask.masked(text).utf8.count, text.utf8.count, piece)
    }
  }
}
