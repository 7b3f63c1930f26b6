/// What one prediction did to the cache: the rows it wrote, and whether it left all others alone.

/// One prediction as it was seen on the device.
public struct Observation: Sendable {
    public let outputs: Named
    /// Rows that the call was to write, and new rows for the host, along the row axis in the order of the live tokens.
    public let rows: Named
    /// What is wrong whatever the tolerance: rows changed that no token writes, a state that never changed.
    public let faults: [String]
    /// Elements of untouched rows that went from subnormal to zero: the device flushes, which is noted and not a fault.
    public let flushed: Int
    /// Whether all outputs and states are.
    public let finite: Bool
    /// What it took, and the digest of all outputs.
    public let run: Run

    public init(outputs: Named, rows: Named, faults: [String], flushed: Int, finite: Bool, run: Run) {
        (self.outputs, self.rows, self.faults, self.flushed) = (outputs, rows, faults, flushed)
        (self.finite, self.run) = (finite, run)
    }
}

/// Compares the cache before and after a call that writes `cacheRows`.
/// `expected` are the rows the reference writes: a state that stays as it was is a fault only if they differ from it.
public func watch(
    _ states: [Manifest.State], before: Named, after: Named, cacheRows: [Int], expected: Named, what: String = "state"
) throws -> (rows: Named, faults: [String], flushed: Int) {
    var rows: Named = [:], faults: [String] = [], flushed = 0
    for state in states {
        guard let old = before[state.name]?.halves, let new = after[state.name]?.halves,
            old.count == state.shape.reduce(1, *), new.count == old.count
        else { throw Failure.fault("\(what) \(state.name) is not fp16 of shape \(state.shape)") }
        let written = selectRows(Tensor(shape: state.shape, elements: .half(new)), axis: state.rowAxis, cacheRows)
        rows[state.name] = written
        let replaced = selectRows(Tensor(shape: state.shape, elements: .half(old)), axis: state.rowAxis, cacheRows)
        if old == new, expected[state.name] != replaced {
            faults.append("\(what) \(state.name) did not change: the write was lost")
        }
        let (changed, gone) = untouched(state, old: old, new: new, cacheRows: Set(cacheRows))
        flushed += gone
        if !changed.isEmpty {
            let list = changed.prefix(8).map(String.init).joined(separator: ", ") + (changed.count > 8 ? ", ..." : "")
            faults.append("\(what) \(state.name) changed in row \(list), which the call does not write")
        }
    }
    return (rows, faults, flushed)
}

/// Rows outside `cacheRows` whose bits changed (sign of zero aside), and how many elements were flushed to zero.
private func untouched(_ state: Manifest.State, old: [UInt16], new: [UInt16], cacheRows: Set<Int>) -> (
    rows: [Int], flushed: Int
) {
    let size = state.shape[state.rowAxis], inner = state.shape[(state.rowAxis + 1)...].reduce(1, *)
    var changed = Set<Int>(), flushed = 0
    for i in old.indices where old[i] != new[i] && !halfEqual(old[i], new[i]) {
        let row = i / inner % size
        if cacheRows.contains(row) { continue }
        if halfFlushed(old[i], new[i]) { flushed += 1 } else { changed.insert(row) }
    }
    return (changed.sorted(), flushed)
}

/// The rows of an fp16 tensor along `axis`, in the order given.
public func selectRows(_ tensor: Tensor, axis: Int, _ rows: [Int]) -> Tensor {
    let halves = tensor.halves ?? []
    let outer = tensor.shape[..<axis].reduce(1, *), size = tensor.shape[axis],
        inner = tensor.shape[(axis + 1)...].reduce(1, *)
    var picked: [UInt16] = []
    picked.reserveCapacity(outer * rows.count * inner)
    for o in 0..<outer {
        for row in rows {
            let start = (o * size + row) * inner
            picked += halves[start..<start + inner]
        }
    }
    var shape = tensor.shape
    shape[axis] = rows.count
    return Tensor(shape: shape, elements: .half(picked))
}
