import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread whose start may fail. Foundation's does not tell.
package enum SystemThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs a function on a thread of its own.
  /// - Returns: 0, or the number of the error of the system.
  package static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
    start(body, stackSize: nil).error
  }

  private static func start(
    _ body: @escaping @Sendable () -> Void,
    stackSize: Int?
  ) -> (thread: pthread_t?, error: Int32) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    if let stackSize {
      pthread_attr_setstacksize(&attributes, stackSize)
    } else {
      pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    }
    let argument = Unmanaged.passRetained(Body(body))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let error = pthread_create(&thread, &attributes, threadBody, argument.toOpaque())
    if error != 0 { argument.release() }
    return (error == 0 ? thread : nil, error)
  }

  #if canImport(Darwin)
    private static let threadBody:
      @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
        Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run()
        return nil
      }
  #else
    private static let threadBody:
      @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }
  #endif

  /// Starts so many threads at once and ends them.
  ///
  /// The system's queues wait without end, and without an error, for threads that cannot be started.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if fewer can be had.
  package static func require(_ count: Int) throws {
    let opened = DispatchSemaphore(value: 0)
    var threads: [pthread_t] = []
    var failure: Int32 = 0
    while threads.count < count, failure == 0 {
      let (thread, error) = start({ opened.wait() }, stackSize: 1 << 17)
      if let thread { threads.append(thread) }
      failure = error
    }
    for _ in threads { opened.signal() }
    for thread in threads { pthread_join(thread, nil) }
    guard failure != 0 else { return }
    throw FieldworkError(
      .invalidDefinition,
      "only \(threads.count) of \(count) threads can be started (\(String(cString: strerror(failure)))): raise the limit of processes (ulimit -u, or pids.max of the container), or run with fewer --workers"
    )
  }
}
