/// The eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's method of rotations.
///
/// Source: G. H. Golub and C. F. Van Loan, "Matrix computations", 1996, section 8.4.
enum Eigen {
  /// - Returns: the eigenvalues, and a matrix whose columns are the eigenvectors, row by row.
  static func decompose(_ matrix: [Double], size: Int) -> (values: [Double], vectors: [Double]) {
    var matrix = matrix
    var vectors = (0..<size * size).map { $0 % (size + 1) == 0 ? 1.0 : 0 }
    for _ in 0..<60 {
      var (outside, inside) = (0.0, 0.0)
      for row in 0..<size {
        inside += matrix[row * size + row] * matrix[row * size + row]
        for column in 0..<row {
          outside += matrix[row * size + column] * matrix[row * size + column]
        }
      }
      guard outside > 1e-26 * inside else { break }
      for first in 0..<size {
        for second in (first + 1)..<max(size, first + 1) {
          let element = matrix[first * size + second]
          guard element != 0 else { continue }
          let difference = matrix[second * size + second] - matrix[first * size + first]
          let ratio = difference / (2 * element)
          let tangent =
            (ratio >= 0 ? 1.0 : -1) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
          let cosine = 1 / (1 + tangent * tangent).squareRoot()
          let sine = tangent * cosine
          for index in 0..<size {
            let (a, b) = (matrix[index * size + first], matrix[index * size + second])
            matrix[index * size + first] = cosine * a - sine * b
            matrix[index * size + second] = sine * a + cosine * b
          }
          for index in 0..<size {
            let (a, b) = (matrix[first * size + index], matrix[second * size + index])
            matrix[first * size + index] = cosine * a - sine * b
            matrix[second * size + index] = sine * a + cosine * b
          }
          for index in 0..<size {
            let (a, b) = (vectors[index * size + first], vectors[index * size + second])
            vectors[index * size + first] = cosine * a - sine * b
            vectors[index * size + second] = sine * a + cosine * b
          }
        }
      }
    }
    return ((0..<size).map { matrix[$0 * size + $0] }, vectors)
  }
}
