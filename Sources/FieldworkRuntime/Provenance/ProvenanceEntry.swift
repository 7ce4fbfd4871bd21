/// An item of a topic and its text.
struct ProvenanceEntry: Sendable, Hashable {
  let item: String
  let text: String
  /// True for the content of a file, which is kept with all its characters.
  let isContent: Bool

  init(_ item: String, _ text: String, isContent: Bool = false) {
    self.item = item
    self.text = text
    self.isContent = isContent
  }
}
