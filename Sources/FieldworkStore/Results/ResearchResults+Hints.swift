public import FieldworkCore

// Each of these is a likely mistake; the message says what to write.

extension ResearchResults {
  @available(*, unavailable, message: "give one of config, alias and domain, and filter twice")
  public func filtered(config: Config, alias: [String: String]) throws -> ResearchResults { self }

  @available(*, unavailable, message: "give one of config, alias and domain, and filter twice")
  public func filtered(config: Config, domain: Domain) throws -> ResearchResults { self }

  @available(*, unavailable, message: "give one of config, alias and domain, and filter twice")
  public func filtered(alias: [String: String], domain: Domain) throws -> ResearchResults { self }
}
