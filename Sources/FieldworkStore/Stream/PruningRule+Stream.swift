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
    writer.append(isMinimized)
    writer.append(patience) { writer, patience in
      writer.append(patience.iterations)
      writer.append(patience.difference)
    }
    writer.append(comparison) { writer, comparison in
      writer.append(comparison.probability)
      writer.append(comparison.startup)
      writer.append(comparison.values.sorted { $0.key < $1.key }) { writer, point in
        writer.append(point.key)
        writer.append(point.value)
      }
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
    let isMinimized = try reader.bool()
    let patience = try reader.optional { reader in
      let iterations = try reader.int()
      return Patience(iterations: iterations, difference: try reader.double())
    }
    let comparison = try reader.optional { reader in
      let probability = try reader.double()
      let startup = try reader.int()
      let points = try reader.list { reader in
        let iteration = try reader.int()
        return (iteration, try reader.double())
      }
      return Comparison(
        values: Dictionary(points, uniquingKeysWith: { $1 }),
        probability: probability,
        startup: startup
      )
    }
    if let patience {
      self.init(patience, minimizing: isMinimized)
    } else if let comparison {
      self.init(comparison, minimizing: isMinimized)
    } else {
      self.init(limits, comparing: statistic, interval: interval)
    }
  }
}
