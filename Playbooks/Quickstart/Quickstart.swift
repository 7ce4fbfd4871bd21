import Fieldwork

/// How far does a ball fly? Thrown at some speed and angle, with a drag that slows it down.
@main
struct Quickstart: Playbook {
  static let speed = Parameter<Double>("speed")
  static let angle = Parameter<Int>("angle")

  var research: Research {
    Research("quickstart", objective: .maximize("distance")) {
      Domain(Self.speed <- [10, 20, 30])
        * Domain(Self.angle <- stride(from: 20, through: 60, by: 5))
      Unit("throw", saving: ["distance", "height"], flight, EC(Self.speed), EC(Self.angle))
    }
  }
}
