import Fieldwork

final class Model {
  func train() -> Double { 0 }
}

let research = Research("bodiless") {
  let model = Instance("model") { _ in Model() }
  model
  // expected-error@+1 {{a unit needs a body: write Unit("name") { run in … } or Unit("name",}}
  Unit("train")
  // expected-error@+1 {{a unit needs a body: write Unit("name") { run in … } or Unit("name",}}
  Unit("test", when: .last, saving: "accuracy")
  // expected-error@+1 {{a unit needs a body: write Unit("name", on: instance) { instance, run in}}
  Unit("fit", on: model)
  // expected-error@+1 {{a unit needs a body: write Unit("name", on: instance) { instance, run in}}
  Unit("measure", when: .last, saving: "m", on: model)
  // expected-error@+1 {{a generator needs a body: write Generator("name") { run in sequence } or}}
  Generator("batch")
}
