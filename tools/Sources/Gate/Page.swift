/// The evidence as one page of HTML that needs nothing else: for people, and judged by nobody.

extension Evidence {
    public var page: String {
        let verdict = passes ? "every step passed" : "not every step passed"
        let parts = [
            section("Steps", ["step", "verdict", ""], gates.map { [$0.gate, $0.verdict.rawValue, $0.message] }),
            section(
                "Machine and configuration", ["", ""],
                [
                    ["tool", "\(tool.name) \(tool.version), \(tool.engine)"], ["chip", system.chip],
                    ["model", system.model],
                    ["macOS", "\(system.osVersion) (\(system.osBuild))"], ["units asked for", units],
                ] + attested.map { ["\($0.role) ran with", "\($0.units), function \($0.function ?? "by default")"] }
                    + conditions.map { ["\($0.at)", "thermal \($0.thermal), low power \($0.lowPower ? "on" : "off")"] }),
            section("Packages", ["role", "package", "SHA-256"], packages.map { [$0.role, $0.name, $0.sha256] }),
            section(
                "Complaints of the on-device compiler", ["step", "where", "line", "of an earlier run"],
                complaints.map { [$0.gate, $0.stream.rawValue, $0.line, $0.earlier ? "yes" : "no"] }),
            section(
                "Operations that do not prefer the Neural Engine", ["role", "value", "op", "device", "supported by"],
                residency.flatMap { role in
                    role.operations.filter { $0.device != .neuralEngine }.map {
                        [
                            role.role, $0.values.joined(separator: ", "), $0.kind, $0.device.rawValue,
                            $0.supported.map(\.rawValue).joined(separator: ", "),
                        ]
                    }
                }),
            section(
                "Rows out of bounds", ["call", "token", "value", "compared", "rel L2", "1-cos", "worst/rms"],
                (parity?.comparisons ?? []).filter { !$0.passes }.map {
                    [
                        "\($0.call)", "\($0.token)", $0.value, $0.kind.rawValue, short($0.figures.relativeL2),
                        short($0.figures.oneMinusCosine), short($0.figures.worstOverRms),
                    ]
                }),
            section(
                "On the engine and on the CPU alone, CPU time in ms",
                ["role", "call", "token", "bits", "engine", "CPU alone"],
                crossCheck.map {
                    [
                        $0.role, "\($0.call)", $0.token.map(String.init) ?? "",
                        $0.engine.sha256 == $0.cpuOnly.sha256 ? "the CPU's" : "other", short($0.engine.cpuMs),
                        short($0.cpuOnly.cpuMs),
                    ]
                }),
            measured.map { "<h2>Measured</h2>\n<pre>\(escaped($0.text))</pre>" } ?? "",
        ]
        return """
            <!doctype html>
            <html lang="en"><meta charset="utf-8"><title>\(escaped(fixtures.name)): \(verdict)</title>
            <style>body{font:15px/1.4 system-ui;margin:2em;max-width:70em}table{border-collapse:collapse}\
            td,th{border:1px solid #999;padding:.2em .6em;text-align:left;vertical-align:top;overflow-wrap:anywhere}</style>
            <h1>\(escaped(fixtures.name)): \(verdict)</h1>
            <p>What graphc-ane saw. <code>graphc gate</code> judges it, and believes no verdict on this page.</p>
            \(parts.filter { !$0.isEmpty }.joined(separator: "\n"))
            </html>

            """
    }
}

private func section(_ title: String, _ header: [String], _ rows: [[String]]) -> String {
    if rows.isEmpty { return "<h2>\(title)</h2>\n<p>none</p>" }
    func row(_ cells: [String], _ tag: String) -> String {
        "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>"
    }
    return "<h2>\(title)</h2>\n<table>\n" + ([row(header, "th")] + rows.map { row($0, "td") }).joined(separator: "\n")
        + "\n</table>"
}

private func escaped(_ text: String) -> String {
    text.reduce(into: "") {
        switch $1 {
        case "&": $0 += "&amp;"
        case "<": $0 += "&lt;"
        case ">": $0 += "&gt;"
        case "\"": $0 += "&quot;"
        default: $0.append($1)
        }
    }
}
