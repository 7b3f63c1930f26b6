/// analytics.mil: what Core ML's planner notes of each operation, in MIL text. Its form is documented nowhere and was seen on
/// macOS 27 only, so that nothing is taken for granted: what is not understood is an error or left out.
import Foundation

/// One operation as the planner saw it.
public struct AnalyzedOperation: Codable, Equatable, Sendable {
    /// Names of the results.
    public let values: [String]
    public let kind: String
    /// Backends that can run it, such as ane, bnns, classic_cpu.
    public let supported: [String]
    /// Estimated time by backend, in milliseconds.
    public let estimatedMs: [String: Double]
    public let selected: String?
    /// Texts under other keys, by key: reasons of a refusal among them.
    public let texts: [String: String]
}

/// - Throws: a mistake when no operation says where it can run: the file is of a form that is not known.
public func readAnalytics(_ text: String) throws -> [AnalyzedOperation] {
    let all = statements(of: text).compactMap(operation)
    guard !all.isEmpty else {
        throw Failure.mistake(
            "analytics.mil is of a form that this tool does not know: no operation has BackendSupport")
    }
    return all
}

/// The stretches that end in a semicolon, outside of all brackets and quotes. Braces outside of brackets begin and end blocks.
private func statements(of text: String) -> [Substring] {
    var result: [Substring] = [], start = text.startIndex, depth = 0, quoted = false
    for index in text.indices {
        let c = text[index]
        if c == "\"" { quoted.toggle() }
        if quoted { continue }
        switch c {
        case "(", "[": depth += 1
        case ")", "]": depth -= 1
        case ";" where depth == 0:
            result.append(text[start..<index])
            start = text.index(after: index)
        case "{" where depth == 0, "}" where depth == 0: start = text.index(after: index)
        default: break
        }
    }
    return result
}

/// `TYPE NAME, TYPE NAME = KIND(...)[KEY = VALUE, ...]`; nil for anything else, and for what says nothing of backends.
private func operation(_ statement: Substring) -> AnalyzedOperation? {
    let sides = split(statement, at: "=", most: 1)
    guard sides.count == 2, let open = sides[1].firstIndex(of: "("), sides[1].last == "]" else { return nil }
    let call = sides[1][open...]
    guard let close = end(of: call), let bracket = call[close...].firstIndex(of: "[") else { return nil }
    let inside = call[call.index(after: bracket)..<call.index(before: call.endIndex)]
    var attributes: [String: Substring] = [:]
    for one in split(inside, at: ",") {
        let pair = split(one, at: "=", most: 1)
        if pair.count == 2 { attributes[String(pair[0])] = pair[1] }
    }
    guard let support = attributes["BackendSupport"] else { return nil }
    return AnalyzedOperation(
        values: split(sides[0], at: ",").map { plainName($0.split(separator: " ").last ?? "") },
        kind: String(sides[1][..<open]), supported: quotes(in: support).filter { $0 != "unsupported" },
        estimatedMs: times(in: attributes["EstimatedRuntime"] ?? ""),
        selected: attributes["SelectedBackend"].flatMap { quotes(in: $0).first },
        texts: attributes.filter { !known.contains($0.key) }.mapValues { quotes(in: $0).joined(separator: "; ") }
            .filter { !$0.value.isEmpty })
}

private let known: Set<String> = ["BackendSupport", "EstimatedRuntime", "SelectedBackend", "milId", "name"]

/// The parts between separators that are in no brackets, angle ones included, and in no quotes; trimmed.
private func split(_ text: Substring, at separator: Character, most: Int = .max) -> [Substring] {
    var parts: [Substring] = [], start = text.startIndex, depth = 0, quoted = false
    for index in text.indices {
        let c = text[index]
        if c == "\"" { quoted.toggle() }
        if quoted { continue }
        if "([{<".contains(c) { depth += 1 } else if ")]}>".contains(c) { depth -= 1 }
        if c == separator, depth == 0, parts.count < most {
            parts.append(text[start..<index])
            start = text.index(after: index)
        }
    }
    return (parts + [text[start...]]).map { part in
        let left = part.drop(while: \.isWhitespace)
        let count = left.reversed().prefix(while: \.isWhitespace).count
        return left.dropLast(count)
    }
}

/// Where the bracket that `text` begins with is closed.
private func end(of text: Substring) -> Substring.Index? {
    var depth = 0, quoted = false
    for index in text.indices {
        let c = text[index]
        if c == "\"" { quoted.toggle() }
        if quoted { continue }
        if "([{".contains(c) { depth += 1 } else if ")]}".contains(c) { depth -= 1 }
        if depth == 0 { return index }
    }
    return nil
}

private func quotes(in text: Substring) -> [String] {
    text.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map {
        String($0.element)
    }
}

/// Pairs `{"ane", 0x1.3p-10}`; numbers may be hexadecimal.
private func times(in text: Substring) -> [String: Double] {
    let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
    var result: [String: Double] = [:]
    for index in stride(from: 1, to: parts.count - 1, by: 2) {
        let number = parts[index + 1].drop { ", ".contains($0) }.prefix { !"}, ".contains($0) }
        if let value = Double(number), value.isFinite, value >= 0 { result[String(parts[index])] = value }
    }
    return result
}

/// Values at the border carry the planner's own suffix.
private func plainName(_ name: Substring) -> String {
    let suffix = "_4D454D5F4F5054"
    return String(name.hasSuffix(suffix) ? name.dropLast(suffix.count) : name)
}

/// Why operations are where they are.
public struct Reasons: Codable, Equatable, Sendable {
    /// "analytics.mil", or "compute plan" where there is none.
    public let source: String
    /// Why there is no analytics.mil to read, if there is none.
    public let missing: String?
    /// The file with the author's lines, or why there is none to use; nil where nobody wrote one.
    public let lines: String?
    public let operations: [Reason]

    public struct Reason: Codable, Equatable, Sendable {
        public let path: String
        public let kind: String
        public let values: [String]
        /// The author's `FILE:LINE:COLUMN`.
        public let at: String?
        public let device: Placement
        /// Devices of the plan, or the backends of analytics.mil.
        public let supported: [String]
        public let estimatedMs: [String: Double]
        public let selected: String?
        public let texts: [String: String]
    }

    /// Those that do not prefer the Neural Engine, constants without a place aside.
    public var offenders: [Reason] {
        operations.filter {
            $0.device != .neuralEngine
                && !($0.device == .undetermined && ($0.kind == "const" || $0.kind.hasPrefix("constexpr_")))
        }
    }
}

/// The author's lines, or why they are of no use.
public typealias FoundLines = Result<AuthorLines, Failure>

/// The plan's operations with what the planner noted of the same values, and the author's lines.
public func reasons(
    _ plan: [PlannedOperation], _ analyzed: [AnalyzedOperation]?, missing: String?, lines: FoundLines? = nil
) -> Reasons {
    let known = try? lines?.get()
    let byValue = Dictionary((analyzed ?? []).flatMap { one in one.values.map { ($0, one) } }) { first, _ in first }
    return Reasons(
        source: analyzed == nil ? "compute plan" : "analytics.mil", missing: missing,
        lines: lines.map { found in
            switch found {
            case .success(let lines): lines.file
            case .failure(let why): why.message
            }
        },
        operations: plan.map { operation in
            let found = operation.values.lazy.compactMap { byValue[$0] }.first
            return .init(
                path: operation.path, kind: operation.kind, values: operation.values,
                at: known?.place(of: operation.values), device: operation.preferred,
                supported: found?.supported ?? operation.supported.map(\.rawValue),
                estimatedMs: found?.estimatedMs ?? [:], selected: found?.selected, texts: found?.texts ?? [:])
        })
}

extension Reasons {
    public var text: String {
        let head = source + (missing.map { " (\($0))" } ?? "") + (lines.map { "\nlines: \($0)" } ?? "")
        if operations.isEmpty { return "\(head): no operations" }
        if offenders.isEmpty { return "\(head): every operation prefers the Neural Engine" }
        let located = offenders.contains { $0.at != nil }
        let rows = offenders.map { one in
            let times = one.estimatedMs.sorted { $0.key < $1.key }.map { "\($0.key) \(short($0.value)) ms" }
            let texts = one.texts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            return [one.values.joined(separator: ", ")] + (located ? [one.at ?? "-"] : []) + [
                one.kind, one.selected ?? one.device.rawValue,
                one.supported.joined(separator: ", "), times.joined(separator: ", "), texts.joined(separator: "; "),
            ]
        }
        return "\(head)\n\n"
            + table(
                ["value"] + (located ? ["made at"] : []) + ["op", "goes to", "can run on", "estimated", "reason"], rows)
    }
}
