import Fieldwork

/// The values of a parameter in some configs, from the least to the largest; 0 if there are none.
func range(
  of parameter: Parameter<Double>,
  in configs: [Config]
) throws -> ClosedRange<Double> {
  let values = try configs.map { try $0[parameter] }
  return (values.min() ?? 0)...(values.max() ?? 0)
}

extension ClosedRange<Double> {
  var width: Double { upperBound - lowerBound }

  /// The range with half its width more on each side: the lowest point may lie outside.
  var widened: ClosedRange { (lowerBound - width / 2)...(upperBound + width / 2) }
}
