import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A headless Chromium with one page, told what to do by its own protocol over two pipes.
final class Browser {
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  private let process = Process()
  private let folder: URL
  private let input: Int32
  private let output: Int32
  private var buffer: [UInt8] = []
  private var number = 0
  private var session: String?
  /// What the page reported as errors.
  private(set) var errors: [String] = []
  private var hasLoaded = false
  private var begunDownloads = 0
  private var endedDownloads = 0

  /// The path of the browser; nil if none is installed.
  static var path: String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return ["chromium", "chromium-browser", "google-chrome"].lazy
      .flatMap { name in folders.map { "\($0)/\(name)" } }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// - Throws: `XCTSkip` if no browser is installed.
  init() throws {
    guard let path = Self.path else { throw XCTSkip("no Chromium is installed") }
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-browser-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (requests, answers) = (folder.path + "/requests", folder.path + "/answers")
    guard mkfifo(requests, 0o600) == 0, mkfifo(answers, 0o600) == 0 else {
      throw Problem(description: "no pipes for the browser")
    }
    // Both ways, so that opening waits for nobody.
    input = open(requests, O_RDWR | O_CLOEXEC)
    output = open(answers, O_RDWR | O_CLOEXEC)
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c",
      """
      exec "$0" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --hide-scrollbars \
        --user-data-dir="$1/profile" --remote-debugging-pipe about:blank 3<"$1/requests" 4>"$1/answers"
      """,
      path, folder.path,
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let target: [String: Any]
    do {
      target = try call("Target.createTarget", ["url": "about:blank"])
    } catch let problem as Problem where !process.isRunning {
      throw XCTSkip("\(path) cannot be used: \(problem)")
    }
    let attached = try call(
      "Target.attachToTarget",
      ["targetId": target["targetId"] ?? "", "flatten": true]
    )
    session = attached["sessionId"] as? String
    for domain in ["Page", "Runtime", "Log", "Network"] { _ = try call("\(domain).enable") }
  }

  deinit {
    _ = try? call("Browser.close")
    process.terminate()
    process.waitUntilExit()
    close(input)
    close(output)
    try? FileManager.default.removeItem(at: folder)
  }

  // MARK: The page

  /// Opens a file at a width, and waits until it and its script are ready.
  func show(_ path: String, width: Int = 1280, height: Int = 900, isDark: Bool = false) throws {
    try resize(width, height)
    _ = try call(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]]]
    )
    hasLoaded = false
    _ = try call("Page.navigate", ["url": URL(fileURLWithPath: path).absoluteString])
    while !hasLoaded { try receive() }
    XCTAssertEqual(
      try value("document.documentElement.dataset.ready") as? String,
      "yes",
      "\(errors)"
    )
  }

  /// Opens a file as a mail program does that runs no scripts.
  func showWithoutScripts(_ path: String) throws {
    _ = try call("Emulation.setScriptExecutionDisabled", ["value": true])
    hasLoaded = false
    _ = try call("Page.navigate", ["url": URL(fileURLWithPath: path).absoluteString])
    while !hasLoaded { try receive() }
  }

  func resize(_ width: Int, _ height: Int) throws {
    _ = try call(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600]
    )
  }

  /// What an expression of the page's language is.
  func value(_ expression: String) throws -> Any? {
    let answer = try call(
      "Runtime.evaluate",
      ["expression": expression, "returnByValue": true, "awaitPromise": true]
    )
    if let thrown = answer["exceptionDetails"] {
      throw Problem(description: "\(expression): \(thrown)")
    }
    return (answer["result"] as? [String: Any])?["value"]
  }

  func number(_ expression: String) throws -> Double {
    try XCTUnwrap(try value(expression) as? NSNumber, expression).doubleValue
  }

  func text(_ expression: String) throws -> String {
    try XCTUnwrap(try value(expression) as? String, expression)
  }

  func texts(_ selector: String) throws -> [String] {
    let list = try value("[...document.querySelectorAll('\(selector)')].map((e) => e.textContent)")
    return try XCTUnwrap(list as? [String], selector)
  }

  func count(_ selector: String) throws -> Int {
    Int(try number("document.querySelectorAll('\(selector)').length"))
  }

  /// The middle of an element, brought into view.
  private func place(_ selector: String) throws -> (x: Double, y: Double) {
    let script = """
      (() => { const e = document.querySelector('\(selector)');
        e.scrollIntoView({ block: "center", behavior: "instant" });
        const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()
      """
    let pair = try XCTUnwrap(try value(script) as? [NSNumber], selector)
    return (pair[0].doubleValue, pair[1].doubleValue)
  }

  private func mouse(_ type: String, _ x: Double, _ y: Double, isDown: Bool = true) throws {
    _ = try call(
      "Input.dispatchMouseEvent",
      [
        "type": type, "x": x, "y": y, "button": isDown ? "left" : "none", "buttons": isDown ? 1 : 0,
        "clickCount": 1,
      ]
    )
  }

  /// Clicks with the mouse, as a person does.
  func click(_ selector: String) throws {
    let (x, y) = try place(selector)
    try mouse("mouseMoved", x, y, isDown: false)
    try mouse("mousePressed", x, y)
    try mouse("mouseReleased", x, y)
  }

  func point(at selector: String, dx: Double = 0) throws {
    let (x, y) = try place(selector)
    try mouse("mouseMoved", x + dx, y, isDown: false)
  }

  /// Drags from the middle of an element by some pixels.
  func drag(_ selector: String, from dy: Double, by distance: Double) throws {
    let (x, y) = try place(selector)
    try mouse("mouseMoved", x, y + dy, isDown: false)
    try mouse("mousePressed", x, y + dy)
    try mouse("mouseMoved", x, y + dy + distance / 2)
    try mouse("mouseMoved", x, y + dy + distance)
    try mouse("mouseReleased", x, y + dy + distance)
  }

  func type(_ text: String) throws { _ = try call("Input.insertText", ["text": text]) }

  func press(_ key: String) throws {
    for type in ["keyDown", "keyUp"] {
      _ = try call("Input.dispatchKeyEvent", ["type": type, "key": key, "code": key])
    }
  }

  func select(_ id: String, _ value: String) throws {
    _ = try self.value(
      """
      (() => { const e = document.getElementById('\(id)'); e.value = '\(value)';
        e.dispatchEvent(new Event("change", { bubbles: true })); return e.value; })()
      """
    )
  }

  /// A picture of the whole page, as PNG.
  func screenshot() throws -> Data {
    let answer = try call(
      "Page.captureScreenshot",
      ["format": "png", "captureBeyondViewport": true]
    )
    return try XCTUnwrap(Data(base64Encoded: answer["data"] as? String ?? ""))
  }

  /// The files that the page has saved while something was done, by name.
  func files(_ action: (Browser) throws -> Void) throws -> [URL] {
    let downloads = folder.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: downloads, withIntermediateDirectories: true)
    _ = try call(
      "Page.setDownloadBehavior",
      ["behavior": "allow", "downloadPath": downloads.path]
    )
    (begunDownloads, endedDownloads) = (0, 0)
    try action(self)
    // A click is through before its download has begun.
    while begunDownloads == 0 || endedDownloads < begunDownloads { try receive() }
    _ = try value("new Promise((done) => setTimeout(done, 300))")
    while endedDownloads < begunDownloads { try receive() }
    return try FileManager.default
      .contentsOfDirectory(at: downloads, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }
  }

  /// The page as it would be printed, as PDF.
  func printed() throws -> Data {
    let answer = try call("Page.printToPDF", [:])
    return try XCTUnwrap(Data(base64Encoded: answer["data"] as? String ?? ""))
  }

  // MARK: The protocol

  @discardableResult
  private func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    number += 1
    var request: [String: Any] = ["id": number, "method": method, "params": parameters]
    if let session { request["sessionId"] = session }
    var bytes = try [UInt8](JSONSerialization.data(withJSONObject: request)) + [0]
    while !bytes.isEmpty {
      let written = write(input, bytes, bytes.count)
      guard written > 0 else { throw Problem(description: "\(method): the browser is gone") }
      bytes.removeFirst(written)
    }
    while true {
      let answer = try receive()
      guard answer["id"] as? Int == number else { continue }
      if let error = answer["error"] { throw Problem(description: "\(method): \(error)") }
      return answer["result"] as? [String: Any] ?? [:]
    }
  }

  /// The next message.
  @discardableResult
  private func receive() throws -> [String: Any] {
    let deadline = ContinuousClock.now + .seconds(180)
    while true {
      if let end = buffer.firstIndex(of: 0) {
        let message = Data(buffer[..<end])
        buffer.removeSubrange(...end)
        let parsed = try JSONSerialization.jsonObject(with: message)
        let object = parsed as? [String: Any] ?? [:]
        note(object)
        return object
      }
      var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      // This process has the pipe open itself, so that it does not end with the browser.
      guard poll(&entry, 1, 500) > 0 else {
        guard process.isRunning else { throw Problem(description: "the browser is gone") }
        guard .now < deadline else { throw Problem(description: "the browser does not answer") }
        continue
      }
      var part = [UInt8](repeating: 0, count: 1 << 20)
      let count = read(output, &part, part.count)
      guard count > 0 else { throw Problem(description: "the browser is gone") }
      buffer += part[..<count]
    }
  }

  private func note(_ message: [String: Any]) {
    let parameters = message["params"] as? [String: Any] ?? [:]
    switch message["method"] as? String {
    case "Page.loadEventFired": hasLoaded = true
    case "Page.downloadWillBegin": begunDownloads += 1
    case "Page.downloadProgress" where parameters["state"] as? String != "inProgress":
      endedDownloads += 1
    case "Runtime.exceptionThrown": errors.append("\(parameters)")
    case "Runtime.consoleAPICalled"
    where ["error", "warning"].contains(parameters["type"] as? String):
      errors.append("\(parameters)")
    case "Log.entryAdded":
      let entry = parameters["entry"] as? [String: Any]
      if entry?["level"] as? String == "error" { errors.append("\(parameters)") }
    case "Network.requestWillBeSent":
      let request = parameters["request"] as? [String: Any]
      let url = request?["url"] as? String ?? ""
      if !url.hasPrefix("file:"), !url.hasPrefix("about:"), !url.hasPrefix("data:"),
        !url.hasPrefix("blob:")
      {
        errors.append("the page asked for \(url)")
      }
    default: break
    }
  }
}
