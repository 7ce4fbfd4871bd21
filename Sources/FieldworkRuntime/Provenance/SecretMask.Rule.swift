import Foundation

extension SecretMask {
  /// A shape of secrets in texts, and what stands there afterwards.
  ///
  /// Repetitions are bounded or possessive, and no pattern begins with one, so that the time grows with
  /// the length of the text alone.
  struct Rule: Sendable {
    let pattern: NSRegularExpression
    /// `$1` is the part of the match that stays.
    let template: String

    init(_ pattern: String, _ template: String = SecretMask.mark) {
      self.pattern = try! NSRegularExpression(pattern: pattern)
      self.template = template
    }

    /// In the order in which they are applied.
    static let all = privateKeys + addresses + headers + tokens + assignments

    // MARK: Private keys

    /// In files, in strings with `\n`, and in diffs; also when a diff shows only one of the two ends.
    private static let privateKeys: [Rule] = {
      let begin = #"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"#
      let end = #"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"#
      let between = #"(?:(?!-----BEGIN)[\s\S]){0,20000}?"#
      // Headers, then runs of base64 between line ends, quotes and signs of a diff.
      let rest =
        #"(?:[\s+\-]*(?:Proc-Type|DEK-Info|Version|Comment):[^\n]*)*+"#
        + #"(?:[\s\\"'+,\-]{0,40}[A-Za-z0-9+/=]{16,})*+(?:[\s\\"'+,\-]{1,40}[A-Za-z0-9+/]{0,15}={1,2})?"#
      return [
        Rule(begin + between + end),
        Rule(begin + rest),
        Rule(
          #"(?m)(?:^[ +\-]?[A-Za-z0-9+/=]{16,80}\r?\n){0,60}+(?:^[ +\-]?[A-Za-z0-9+/=]{1,15}\r?\n)?^[ +\-]?"#
            + end
        ),
        Rule(end),
      ]
    }()

    // MARK: Addresses and headers

    private static let addresses = [
      // user:password@host. Of `ssh://git@host` the name stays, since it is no secret.
      Rule(
        #"(?<=://)[^\s/?#:@"'<>]*+:(?![0-9]{1,5}(?:[/?#\s]|$))[^\s"'<>]{0,500}?@(?![^\s/?#"'<>]*@)"#,
        "***@"
      ),
      Rule(#"(?<=://)(?<!ssh://)(?<!sftp://)(?<!rsync://)[^\s/?#:@"'<>]++@"#, "***@"),
      Rule(#"(hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_+\-]++"#, "$1***"),
      Rule(
        #"(?i)([?&](?:[a-z0-9_.\-]{0,40}?(?:token|key|secret|password|passwd|signature|credential|auth|session|jwt)[a-z0-9_\-]{0,20}|sig|pwd|pass)=)[^\s&#"'<>]++"#,
        "$1***"
      ),
    ]

    private static let headers = [
      Rule(
        #"(?i)(authorization["']?[ \t]*[:=][ \t]*["']?(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)[ \t]+)[^\r\n"']++"#,
        "$1***"
      ),
      Rule(#"(?i)(\bcookie["']?[ \t]*:[ \t]*["']?)(?=[^\s=;"']{1,80}=)[^\r\n"']++"#, "$1***"),
      Rule(
        #"(?i)((?<![a-z0-9\-])x-[a-z\-]{0,40}(?:key|token|secret|auth|signature)["']?[ \t]*:[ \t]*["']?)[^\s"']++"#,
        "$1***"
      ),
      Rule(#"(?i)(\bbearer[ \t]+)(?=[a-z._~+/\-]{0,200}+[0-9])[a-z0-9._~+/\-]{8,}+=*+"#, "$1***"),
    ]

    // MARK: Tokens

    private static let tokens = [
      // GitHub, GitLab, Hugging Face, npm, Docker, Replicate, Databricks, DigitalOcean, Vault, PyPI.
      #"gh[opsur]_[A-Za-z0-9]{16,}+"#,
      #"github_pat_[A-Za-z0-9_]{16,}+"#,
      #"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_\-]{16,}+"#,
      #"hf_[A-Za-z0-9]{16,}+"#,
      #"npm_[A-Za-z0-9]{30,}+"#,
      #"dckr_pat_[A-Za-z0-9_\-]{16,}+"#,
      #"r8_[A-Za-z0-9]{30,}+"#,
      #"dapi[a-f0-9]{32,}+"#,
      #"do[opr]_v1_[a-f0-9]{32,}+"#,
      #"hv[bs]\.[A-Za-z0-9_\-]{16,}+"#,
      #"pypi-[A-Za-z0-9_\-]{40,}+"#,
      // OpenAI, Anthropic and others; a digit or a capital tells them from words with hyphens.
      #"sk-(?=[a-z_\-]{0,200}+[A-Z0-9])[A-Za-z0-9_\-]{16,}+"#,
      // Stripe, SendGrid, Slack.
      #"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}+"#,
      #"whsec_[A-Za-z0-9+/=]{16,}+"#,
      #"SG\.[A-Za-z0-9_\-]{16,}+\.[A-Za-z0-9_\-]{16,}+"#,
      #"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{8,}+"#,
      #"xapp-[A-Za-z0-9\-]{16,}+"#,
      // Amazon, Google.
      #"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}"#,
      #"AIza[A-Za-z0-9_\-]{30,}+"#,
      #"ya29\.[A-Za-z0-9_\-]{16,}+"#,
      #"GOCSPX-[A-Za-z0-9_\-]{16,}+"#,
      // Telegram, and JSON web tokens.
      #"[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,}+"#,
      #"eyJ[A-Za-z0-9_\-]{8,}+\.eyJ[A-Za-z0-9_\-]{8,}+(?:\.[A-Za-z0-9_\-]*+)?"#,
    ].map { Rule(start + $0) }

    /// Not within a word, but after an escape sequence: `\nghp_…`, `%3Dghp_…`.
    private static let start =
      #"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"#

    // MARK: Assignments

    /// Names that nothing but a secret has; a bare `key` has many meanings in a text.
    private static let strong =
      #"(?:password|passwd|passphrase|passcode|secret|credential|jwt|(?:api|access|account|auth|encryption|master|private|secret|signing|ssh)[_\-]?key|session[_\-]?(?:id|key)|connection[_\-]?string)"#
    /// Words that stand where a value would, and are none.
    private static let noValue =
      #"(?!(?:str|string|text|bool|boolean|int|integer|none|null|nil|true|false|required|optional|any)\b)"#

    private static let assignments: [Rule] = {
      // After a name: the rest of it, the quote or bracket around it, a type, and the sign.
      let sign =
        #"[A-Za-z0-9_.\-]{0,40}[\\"'\]]{0,3}[ \t]*(?::[ \t]*[A-Za-z]{1,20}\??[ \t]*)?(?:=>|:=|==?|:)[ \t]*"#
      // A quote, which has a backslash in a notebook, and what stands up to the next one of its kind.
      let quote = #"[A-Za-z]{0,2}(\\?(?:"""|'''|["'])))"#
      let content = #"(?!\2)(?:(?!\2)(?:\\.|[^\\\n]))++"#
      let strongOrToken = "(?:" + strong + "|token)"
      // A call or a subscript is code, and no value.
      let noCode = #"(?![\w.$]*[({\[]\S*[)}\]][:,;]{0,2}[ \t]*$)"#
      let bareValue = noCode + #"(?![A-Za-z]{0,2}\\?["'])\S"#
      let line = #"(?im)(^[ \t+\-]*+(?:export[ \t]++)?[a-z0-9_./:\-]{0,80}?"#
      return [
        Rule("(?i)(" + strong + sign + quote + content, "$1***"),
        // Language models have tokens too; those are short, or have spaces or angle brackets.
        Rule(#"(?i)(token(?!iz)"# + sign + quote + #"(?=[^\s"'<>\\]{8})"# + content, "$1***"),
        // NAME=value, as in files of variables.
        Rule("(" + variable + #"=(\\?["']))"# + content, "$1***"),
        Rule("(" + variable + #"=)(?!\$[({A-Z_]|=|\\?["'])[^\s"'&;,()\[\]{}<>]++"#, "$1***"),
        // --password=value, ;Password=value, --password value.
        Rule(
          #"(?i)((?:(?<![a-z0-9\-])--?(?=[a-z0-9])[a-z0-9\-]{0,40}|;[ \t]*)(?:"# + strong
            + #"|token|pwd)[a-z0-9\-]{0,20}=)[^\s"';]++"#,
          "$1***"
        ),
        Rule(
          #"(?i)((?<![a-z0-9\-])--(?=[a-z0-9])[a-z0-9\-]{0,40}"# + strongOrToken
            + #"[ \t]+)(?=[^\s"']{0,200}[0-9])[^\s"'\-][^\s"']{5,}+"#,
          "$1***"
        ),
        // A line of a file of settings: name = value, name: value.
        Rule(
          line + #"(?:password|passwd|passphrase)[ \t]*[:=][ \t]*)"# + noValue + bareValue
            + #"++(?=[ \t]*$)"#,
          "$1***"
        ),
        Rule(
          line + strongOrToken + #"s?[ \t]*[:=][ \t]*)(?=\S{0,200}[0-9+/=])"# + bareValue
            + #"{8,}+(?=[ \t]*$)"#,
          "$1***"
        ),
        // .netrc
        Rule(#"(?i)(\blogin[ \t]+\S{1,200}\s+password[ \t]+)\S++"#, "$1***"),
      ]
    }()

    /// The end of a variable's name in capitals.
    private static let variable =
      #"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|AUTH(?!OR)|COOKIE|PRIVATE|SESSION|JWT|_PASS|_PWD)[A-Z0-9_]{0,40}"#
  }
}
