@_exported public import FieldworkAnalysis
@_exported public import FieldworkCore
@_exported public import FieldworkReport
@_exported public import FieldworkRuntime
@_exported public import FieldworkSearch
@_exported public import FieldworkStore
// Units write to `run.logger`, and levels are named in `logLevel:`.
@_exported public import Logging
