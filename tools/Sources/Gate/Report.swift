/// Text tables for people.

/// Columns padded to their widest cell, two spaces apart.
public func table(_ header: [String], _ rows: [[String]]) -> String {
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
        var text = ""
        for (column, cell) in cells.enumerated() {
            text +=
                cell + (column == cells.count - 1 ? "" : String(repeating: " ", count: widths[column] - cell.count + 2))
        }
        return text
    }
    return ([line(header), line(widths.map { String(repeating: "-", count: $0) })] + rows.map(line)).joined(
        separator: "\n")
}

extension ResidencyReport {
    /// Kinds by device, then every offender with its place, its share of the cost, and the author's line where that is known.
    public func text(_ lines: AuthorLines? = nil) -> String {
        var text = table(
            ["op", "device", "operations", "cost"],
            counts.map { [$0.kind, $0.device.rawValue, "\($0.operations)", percent($0.cost)] })
        if !offenders.isEmpty {
            let made = offenders.map { lines?.place(of: $0.values) }
            let located = made.contains { $0 != nil }
            text +=
                "\n\nnot on the Neural Engine:\n"
                + table(
                    ["value"] + (located ? ["made at"] : []) + ["op", "device", "supported by", "cost", "path"],
                    zip(offenders, made).map { one, at in
                        [one.values.joined(separator: ", ")] + (located ? [at ?? "-"] : []) + [
                            one.operatorName, one.device.rawValue,
                            one.supported.map(\.rawValue).joined(separator: ", "), percent(one.cost), one.path,
                        ]
                    })
        }
        return text
    }
}

extension ParityReport {
    /// One line a comparison, and the bounds they are held to; which rows each call was fed is the fixtures' to say.
    public func text(_ manifest: Manifest) -> String {
        let bounds =
            "bounds: relative L2 <= \(short(tolerances.relativeL2)), 1-cos <= \(short(tolerances.oneMinusCosine)), "
            + "worst/rms <= \(short(tolerances.worstOverRms)); per token, never one figure over all"
        let rows = comparisons.map {
            [
                "\($0.call)", manifest.calls[$0.call].draw.kind.rawValue, "\($0.token)", "\($0.row)", $0.value,
                $0.kind.rawValue, $0.equalBits ? "equal" : "differ",
                short($0.figures.relativeL2), short($0.figures.oneMinusCosine), short($0.figures.worstOverRms),
                $0.passes ? "ok" : "FAIL",
            ]
        }
        let noted =
            flushed == 0
            ? "" : "\nnoted: \(flushed) subnormal element\(flushed == 1 ? "" : "s") of untouched state rows became zero"
        let left = manifest.leftOut.map { "\nnoted: the packages bear no \($0.rawValue) rows, and none were fed" }
            .joined()
        let list = faults.map { "\nFAIL: \($0)" }.joined()
        return table(
            ["call", "rows", "token", "row", "value", "compared", "bits", "rel L2", "1-cos", "worst/rms", ""], rows)
            + "\n" + bounds + noted + left + list
    }
}

private func percent(_ x: Double?) -> String { x.map { short($0 * 100) + " %" } ?? "-" }
