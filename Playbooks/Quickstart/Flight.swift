import Foundation

/// Follows a ball through the air until it lands.
///
/// - Parameters:
///   - speed: at the start, in metres per second.
///   - angle: above the ground, in degrees.
/// - Returns: how far it flies and how high, in metres.
@Sendable func flight(_ speed: Double, _ angle: Int) -> (distance: Double, height: Double) {
  let (gravity, drag, step) = (9.81, 0.005, 0.001)
  let radians = Double(angle) * .pi / 180
  var (vx, vy) = (speed * cos(radians), speed * sin(radians))
  var (x, y, top) = (0.0, 0.0, 0.0)
  while y >= 0 {
    let pull = drag * (vx * vx + vy * vy).squareRoot()
    vx -= pull * vx * step
    vy -= (gravity + pull * vy) * step
    x += vx * step
    y += vy * step
    top = max(top, y)
  }
  return (x, top)
}
