import Fieldwork

extension TestPlaybook {
  /// Researches that say themselves how they run.
  func execution(_ name: String?) -> Research? {
    switch name {
    case "listed":
      Research("small", workers: [["w": 1], ["w": 2]], branches: [["b": 1]]) {
        domain
        Unit("one", saving: "one") { _ in 1 }
      }
    case "serial":
      Research("small", parallel: .serial) {
        domain
        Unit("one", saving: "one") { _ in 1 }
      }
    case "cluster": cluster
    case "program": program
    case "caching": caching
    case "doubles": doubles
    case "random": random
    case "cleanup": cleanup
    default: nil
    }
  }
}
