package import FieldworkCore

extension PruningRule {
  package func encode(into writer: inout ByteWriter) {
    writer.append(statistic.rawValue)
    writer.append(interval)
    writer.append(limits) { writer, limit in
      writer.append(limit.iteration)
      writer.append(limit.lower) { $0.append($1) }
      writer.append(limit.upper) { $0.append($1) }
    }
  }

  package init(from reader: inout ByteReader) throws {
    let name = try reader.string()
    guard let statistic = Statistic(rawValue: name) else {
      throw reader.damaged("there is no statistic '\(name)'")
    }
    let interval = try reader.int()
    let limits = try reader.list { reader in
      let iteration = try reader.int()
      let lower = try reader.optional { try $0.double() }
      return Limit(from: iteration, lower: lower, upper: try reader.optional { try $0.double() })
    }
    self.init(limits, comparing: statistic, interval: interval)
  }
}
