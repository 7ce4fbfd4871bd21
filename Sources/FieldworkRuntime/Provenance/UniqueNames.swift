/// Names of which no two are equal.
enum UniqueNames {
  /// The names, a later one of several equal ones with a postfix: `a`, `a_1`, `a_2`. The number is the
  /// smallest free one, so that it never meets another name.
  static func of(_ names: [String]) -> [String] {
    let given = Set(names)
    var taken = Set<String>()
    return names.map { name in
      var unique = name
      var number = 1
      while !taken.insert(unique).inserted {
        repeat {
          unique = "\(name)_\(number)"
          number += 1
        } while given.contains(unique)
      }
      return unique
    }
  }
}
