/// The lower triangular factor of a symmetric matrix, whose rows lie one after another.
struct Cholesky {
  let size: Int
  /// The rows of the factor; what is above the diagonal is not used.
  private(set) var factor: [Double]

  /// Factorizes a matrix of which the lower triangle is used.
  /// - Returns: nil if the matrix is not positive definite.
  init?(_ matrix: [Double], size: Int) {
    self.size = size
    factor = matrix
    let isDefinite = factor.withUnsafeMutableBufferPointer { factor -> Bool in
      for row in 0..<size {
        let begin = row * size
        for column in 0...row {
          let other = column * size
          let sum =
            factor[begin + column]
            - Self.dot(factor.baseAddress! + begin, factor.baseAddress! + other, column)
          if column == row {
            guard sum > 0, sum.isFinite else { return false }
            factor[begin + row] = sum.squareRoot()
          } else {
            factor[begin + column] = sum / factor[other + column]
          }
        }
      }
      return true
    }
    guard isDefinite else { return nil }
  }

  /// Returns the product of two vectors, in eight sums whose order does not depend on the machine.
  @inline(__always)
  static func dot(
    _ first: UnsafePointer<Double>,
    _ second: UnsafePointer<Double>,
    _ count: Int
  ) -> Double {
    var sums = SIMD8<Double>()
    var index = 0
    while index + 8 <= count {
      let left = UnsafeRawPointer(first + index).loadUnaligned(as: SIMD8<Double>.self)
      let right = UnsafeRawPointer(second + index).loadUnaligned(as: SIMD8<Double>.self)
      sums += left * right
      index += 8
    }
    var sum = sums.sum()
    while index < count {
      sum += first[index] * second[index]
      index += 1
    }
    return sum
  }

  /// The logarithm of the determinant of the matrix.
  var logDeterminant: Double {
    2 * (0..<size).reduce(0) { $0 + Numbers.log(factor[$1 * size + $1]) }
  }

  /// Solves `L x = b`.
  func solvedLower(_ vector: [Double]) -> [Double] {
    var result = vector
    factor.withUnsafeBufferPointer { factor in
      result.withUnsafeMutableBufferPointer { result in
        for row in 0..<size {
          let begin = factor.baseAddress! + row * size
          let sum = Self.dot(begin, UnsafePointer(result.baseAddress!), row)
          result[row] = (result[row] - sum) / begin[row]
        }
      }
    }
    return result
  }

  /// Solves `Lᵀ x = b`.
  func solvedUpper(_ vector: [Double]) -> [Double] {
    var result = vector
    factor.withUnsafeBufferPointer { factor in
      result.withUnsafeMutableBufferPointer { result in
        for row in stride(from: size - 1, through: 0, by: -1) {
          let begin = row * size
          let value = result[row] / factor[begin + row]
          result[row] = value
          for column in 0..<row { result[column] -= value * factor[begin + column] }
        }
      }
    }
    return result
  }

  /// Solves `A x = b` for the matrix `A`.
  func solved(_ vector: [Double]) -> [Double] { solvedUpper(solvedLower(vector)) }

  /// The lower triangle of the inverse of the matrix.
  func inverse() -> [Double] {
    let size = size
    // The rows of the transposed inverse of the factor: row j has the column j of it.
    var columns = [Double](repeating: 0, count: size * size)
    var inverse = [Double](repeating: 0, count: size * size)
    factor.withUnsafeBufferPointer { factor in
      columns.withUnsafeMutableBufferPointer { columns in
        for column in 0..<size {
          let own = columns.baseAddress! + column * size
          own[column] = 1 / factor[column * size + column]
          var row = column + 1
          while row < size {
            let begin = factor.baseAddress! + row * size
            let sum = Self.dot(begin + column, UnsafePointer(own + column), row - column)
            own[row] = -sum / begin[row]
            row += 1
          }
        }
        inverse.withUnsafeMutableBufferPointer { inverse in
          for row in 0..<size {
            for column in 0...row {
              inverse[row * size + column] = Self.dot(
                UnsafePointer(columns.baseAddress! + row * size + row),
                UnsafePointer(columns.baseAddress! + column * size + row),
                size - row
              )
            }
          }
        }
      }
    }
    return inverse
  }
}
