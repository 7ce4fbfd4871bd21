import Fieldwork
import Handwriting

/// Compares numbers of neighbours, and of dimensions, by which the digit of an image is recognised.
///
/// The projection of all images onto their principal components takes most of the time. It is a cached unit, so it is
/// computed once for each number of components, and 60 experiments use three projections.
@main
struct Neighbours: Playbook {
  static let components = Parameter<Int>("components")
  static let neighbours = Parameter<Int>("neighbours")

  var research: Research {
    Research("neighbours", objective: .maximize("accuracy")) {
      Domain(Self.components <- [4, 8, 16]) * Domain(Self.neighbours <- 1...20)
      Unit("project", cached: .version("1"), project, EC(Self.components))
      Unit("classify", saving: "accuracy", classify, O<Projection>("project"), EC(Self.neighbours))
    }
  }
}

@Sendable func project(_ components: Int) throws -> Projection {
  try Projection(of: Images.load(), components: components)
}

/// Returns the share of test images whose digit is that of most of their neighbours.
@Sendable func classify(_ projection: Projection, _ neighbours: Int) -> Double {
  let hits = projection.test.count { $0.digit == projection.digit(near: $0, neighbours) }
  return Double(hits) / Double(projection.test.count)
}
