/// Asserts, on what is about to be fed, the preconditions that the proof of block = steps leans on.

/// What became of one precondition.
public struct PreconditionCheck: Codable, Equatable, Sendable {
    public let id: String
    /// "asserted" on every call, or "assumed": not visible in what the tool feeds.
    public let status: String
    public let meaning: String
}

/// Every precondition this tool knows (docs/equivalence.md). P8 bounds scores inside the graph, which no input shows.
private let known: [String: (meaning: String, asserted: Bool)] = [
    "P1": ("each live column of the write mask is one-hot", true),
    "P2": ("the rows written by a call are distinct and inside the cache", true),
    "P2'": ("the rows written by a call are consecutive", true),
    "P3": ("the mask closes rows of later tokens of the block", true),
    "P4": ("the mask opens each token's own row", true),
    "P5": ("the mask holds only 0 and the closed value", true),
    "P6": ("block and steps are fed the same rows", true),
    "P7": ("everything fed, and the cache, is finite", true),
    "P8": ("scores stay far from the closed value", false),
    "P9": ("inputs without a token axis are the same at every call", false),
    "P10": ("all inputs that give positions give the same ones", true),
]

/// Checks the preconditions on every call: P5 and P2' when `ids` has them, all others always.
/// - Throws: a mistake that names the call, the input and the token.
public func assertPreconditions(_ ids: [String], on fixtures: Fixtures) throws -> [PreconditionCheck] {
    for id in ids where known[id] == nil {
        throw Failure.mistake("the certificate names precondition \(id), which this tool cannot check")
    }
    let initial = try fixtures.initialStates()
    if let bad = initial.keys.sorted().first(where: { !initial[$0]!.isFinite }) {
        throw Failure.mistake("P7 does not hold: the initial state \(bad) is not finite")
    }
    for call in fixtures.manifest.calls.indices {
        let block = try fixtures.block(call)
        let check = CallCheck(manifest: fixtures.manifest, call: call, inputs: block.inputs)
        try check.finite()
        try check.writes(contiguous: ids.contains("P2'"))
        try check.writeMasks()
        try check.positions(block.inputs, of: fixtures.manifest.calls[call].rows)
        try check.masks(twoValued: ids.contains("P5"))
        for token in fixtures.manifest.calls[call].steps {
            let step = try fixtures.step(call, token: token).inputs
            try check.sameRows(token: token, step: step)
            try check.positions(step, of: [check.rows[token]])
        }
    }
    return ids.map {
        PreconditionCheck(id: $0, status: known[$0]!.asserted ? "asserted" : "assumed", meaning: known[$0]!.meaning)
    }
}

private struct CallCheck {
    let manifest: Manifest
    let call: Int
    let inputs: Named

    var rows: [Int?] { manifest.calls[call].rows }

    func wrong(_ id: String, _ why: String) -> Failure {
        .mistake("\(id) does not hold in call \(call) (\(manifest.calls[call].label)): \(why)")
    }

    func finite() throws {
        for input in manifest.inputs where !inputs[input.name]!.isFinite {
            throw wrong("P7", "\(input.name) is not finite")
        }
    }

    func writes(contiguous: Bool) throws {
        let live = rows.compactMap { $0 }
        guard Set(live).count == live.count else { throw wrong("P2", "two tokens write the same row") }
        guard !contiguous || zip(live, live.dropFirst()).allSatisfy({ $0 + 1 == $1 }) else {
            throw wrong("P2'", "the rows \(live) are not consecutive")
        }
    }

    /// Column t of a write mask is one-hot at the row of token t; all zero for a dead token.
    func writeMasks() throws {
        for input in manifest.inputs where input.role == .writeMask {
            try forEachToken(input) { token, column in
                for (row, value) in column.enumerated() where value != (row == rows[token] ? 1 : 0) {
                    throw wrong("P1", "\(input.name) of token \(token) is \(value) at row \(row)")
                }
            }
        }
    }

    /// A position input names the cache row of each live token; with no token axis, that of the first.
    func positions(_ inputs: Named, of rows: [Int?]) throws {
        for input in manifest.inputs where input.role == .position {
            let values = inputs[input.name]!.values
            if input.tokenAxis == nil { try writes(contiguous: true) }
            let expected = input.tokenAxis == nil ? Array(rows.prefix(1)) : rows
            guard values.count == expected.count, zip(values, expected).allSatisfy({ $1 == nil || $0 == Double($1!) })
            else {
                throw wrong(
                    "P2", "\(input.name) is \(values), the rows are \(rows.map { $0.map(String.init) ?? "none" })")
            }
        }
    }

    func masks(twoValued: Bool) throws {
        for input in manifest.inputs where input.role == .mask {
            try forEachToken(input) { token, row in
                if twoValued, let bad = row.first(where: { $0 != 0 && $0 != manifest.closed }) {
                    throw wrong("P5", "\(input.name) of token \(token) holds \(bad)")
                }
                guard let own = rows[token] else { return }
                guard row[own] == 0 else {
                    throw wrong("P4", "\(input.name) of token \(token) is \(row[own]) at its own row \(own)")
                }
                for later in rows[(token + 1)...].compactMap({ $0 }) where row[later] != manifest.closed {
                    throw wrong(
                        "P3", "\(input.name) of token \(token) is \(row[later]) at row \(later) of a later token")
                }
            }
        }
    }

    /// Row `token` of the block's inputs is what the step call gets.
    func sameRows(token: Int, step: Named) throws {
        for input in manifest.inputs where input.role != .position {
            let whole = inputs[input.name]!
            if let axis = input.tokenAxis, !whole.shape.indices.contains(axis) || whole.shape[axis] != rows.count {
                throw Failure.mistake(
                    "call \(call): \(input.name) is \(whole.summary), without \(rows.count) tokens on axis \(axis)")
            }
            let expected = input.tokenAxis.map { whole.slice(axis: $0, at: token) } ?? whole
            guard step[input.name] == expected else {
                throw wrong("P6", "\(input.name) of token \(token) differs between block and step")
            }
        }
    }

    /// The cache-row vector of each token. Other axes must have size 1: one mask for all heads.
    private func forEachToken(_ input: Manifest.Input, _ body: (Int, [Double]) throws -> Void) throws {
        let tensor = inputs[input.name]!
        guard tensor.shape.indices.contains(input.tokenAxis!), tensor.shape[input.tokenAxis!] == rows.count,
            tensor.shape.indices.contains(input.slotAxis!), tensor.shape[input.slotAxis!] == manifest.maxSeq,
            tensor.elements.count == rows.count * manifest.maxSeq
        else {
            throw Failure.mistake(
                "call \(call): \(input.name) is \(tensor.summary), not one row of \(manifest.maxSeq) a token")
        }
        for token in rows.indices { try body(token, tensor.slice(axis: input.tokenAxis!, at: token).values) }
    }
}
