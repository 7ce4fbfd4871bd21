/// An item of a topic and its text.
struct ProvenanceEntry: Sendable, Hashable {
  let item: String
  let text: String

  init(_ item: String, _ text: String) {
    self.item = item
    self.text = text
  }
}
