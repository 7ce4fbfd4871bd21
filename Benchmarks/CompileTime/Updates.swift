import Fieldwork

let updates = [
  UpdateDomain(when: .last) { u in
    u.updates < 4 ? Domain("x" <- [10 * u.updates, 10 * u.updates + 1]) : nil
  },
  UpdateDomain(when: .last) { u in
    u.updates < 3 ? Domain("x" <- [u.produced * 2, u.produced + 1]) : nil
  },
  UpdateDomain(when: .every(10)) { u in
    u.updates < 4
      ? Domain("x" <- [0.5 * Double(u.updates) + 1, 2 - 0.1 * Double(u.produced)])
        * Domain("y" <- [u.produced * 2 + 1])
      : nil
  },
]

func narrowed(_ n: Double) -> Domain {
  Domain("x" <- .uniform((n - 0.1 * n)...(n + 0.1 * n))) * Domain("z" <- [n * 2 - 1, n / 3 - 1])
}
