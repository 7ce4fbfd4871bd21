@_exported public import FieldworkCore
@_exported public import FieldworkRuntime
@_exported public import FieldworkStore
