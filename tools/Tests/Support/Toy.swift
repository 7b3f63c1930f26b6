/// A small fixture folder as `graphc emit --fixtures` would write it, with random values: enough to drive the whole tool.
import Foundation
import Gate

/// Numbers from a seed (splitmix64).
public struct Random {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A normal fp16 between 0.25 and 2 in magnitude.
    public mutating func half() -> UInt16 {
        let value = 0.25 + Double(next() % 1024) / 1024 * 1.75
        return Float16(next() % 2 == 0 ? value : -value).bitPattern
    }
}

/// The parts of a toy folder. Change them, then `write`.
public final class Toy {
    public let tokens = 4, width = 8, maxSeq = 16, heads = 2, headDim = 4
    public var calls: [(label: String, rows: [Int?], accepted: Int, steps: [Int])] = [
        ("rejection", [3, 4, 5, 6], 2, [0, 1, 2, 3]), ("dead column", [5, 6, 7, nil], 3, [0, 1, 2]),
        ("scattered", [11, 8, 10, 9], 4, [0, 1, 2, 3]), ("last block", [12, 13, 14, 15], 4, [0, 1, 2, 3]),
    ]
    /// Which calls are said to feed other rows than the usual ones, by label; and which kinds none feeds.
    public var draws: [String: (kind: String, factor: Double)] = [:]
    public var leftOut: [String] = []
    public var tensors: [String: Tensor] = [:]
    public var preconditions: [String]? = ["P1", "P2", "P3", "P4", "P6", "P7", "P8"]
    public var verdict = "PROVEN"
    /// The functions to run; nil for the default ones.
    public var blockFunction: String?
    public var stepFunction: String?
    /// The input that tells the host the slots.
    public var place = "kv_write_mask"
    /// The chip that the fixtures predict; `predict` adds the tensors.
    public var predicted: String?
    /// The engine's script; honest as it stands.
    public var script: [String: Any] = [
        "system": [
            "osVersion": [15, 5, 0], "osBuild": "24F74", "chip": "Apple M4 Max", "model": "Mac16,5",
            "neuralEngine": true, "freeBytes": 1 << 40,
        ] as [String: Any]
    ]
    /// Whether the host keeps k and v, as inputs, in place of states.
    public let hostKeeps: Bool
    public let folder: URL

    public init(hostKeeps: Bool = false) throws {
        self.hostKeeps = hostKeeps
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("graphc-ane-\(UUID().uuidString)")
            .resolvingSymlinksInPath()
        fill()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func fill() {
        var random = Random(seed: 7)
        func halves(_ shape: [Int]) -> Tensor {
            Tensor(shape: shape, elements: .half((0..<shape.reduce(1, *)).map { _ in random.half() }))
        }
        for state in ["k", "v"] {
            let shape = [1, heads, maxSeq, headDim]
            let zeros = Tensor(shape: shape, elements: .half(.init(repeating: 0, count: shape.reduce(1, *))))
            tensors[hostKeeps ? "final/\(state)" : "initial/\(state)"] = hostKeeps ? zeros : halves(shape)
        }
        for (index, call) in calls.enumerated() {
            let base = "calls/\(index)"
            let live = call.rows.enumerated().filter { $0.element != nil }.map(\.offset)
            let x = halves([1, width, tokens, 1]), rope = halves([tokens, 2]), hidden = halves([1, width, tokens, 1])
            let mask = tensor([1, 1, tokens, maxSeq]) { i in
                guard let own = call.rows[i / 16] else { return -10000 }
                let later = call.rows[(i / 16 + 1)...].contains(i % 16)
                return i % 16 == own || (i % 16 < 3 && !later) ? 0 : -10000
            }
            let write = tensor([1, 1, maxSeq, tokens]) { i in call.rows[i % 4] == i / 4 ? 1 : 0 }
            let positions = Tensor(shape: [tokens], elements: .int32(call.rows.map { Int32($0 ?? 0) }))
            let inputs = [
                "position": (positions, 0), "x": (x, 2), "rope_cos": (rope, 0), "attn_mask": (mask, 2),
                "kv_write_mask": (write, 3),
            ]
            for (name, input) in inputs {
                tensors["\(base)/block/in/\(name)"] = input.0
                for token in call.steps {
                    tensors["\(base)/steps/\(token)/in/\(name)"] = input.0.slice(axis: input.1, at: token)
                }
            }
            tensors["\(base)/block/out/hidden"] = hidden
            tensors["\(base)/exact/out/hidden"] = Tensor(shape: hidden.shape, elements: .double(hidden.values))
            for token in call.steps { tensors["\(base)/steps/\(token)/out/hidden"] = hidden.slice(axis: 2, at: token) }
            for state in ["k", "v"] {
                let rows = halves([1, heads, live.count, headDim])
                tensors["\(base)/block/rows/\(state)"] = rows
                if hostKeeps { keep(rows, of: state, call: call, live: live) }
                tensors["\(base)/exact/rows/\(state)"] = Tensor(shape: rows.shape, elements: .double(rows.values))
                for token in call.steps {
                    tensors["\(base)/steps/\(token)/rows/\(state)"] = rows.slice(
                        axis: 2, at: live.firstIndex(of: token)!)
                }
            }
        }
    }

    /// The rows of accepted tokens at their slots, in what is kept in the end.
    private func keep(
        _ rows: Tensor, of state: String, call: (label: String, rows: [Int?], accepted: Int, steps: [Int]), live: [Int]
    ) {
        var kept = tensors["final/\(state)"]!.halves!
        for (j, token) in live.enumerated() where token < call.accepted {
            for head in 0..<heads {
                for i in 0..<headDim {
                    kept[(head * maxSeq + call.rows[token]!) * headDim + i] =
                        rows.halves![(head * live.count + j) * headDim + i]
                }
            }
        }
        tensors["final/\(state)"] = Tensor(shape: [1, heads, maxSeq, headDim], elements: .half(kept))
    }

    private func tensor(_ shape: [Int], _ element: (Int) -> Double) -> Tensor {
        Tensor(shape: shape, elements: .half((0..<shape.reduce(1, *)).map { Float16(element($0)).bitPattern }))
    }

    /// What a chip's engine is said to give: outputs so many times as far from x, and rows so many times as large.
    public func predict(_ chip: String, factor: Double) {
        predicted = chip
        for call in calls.indices {
            let base = "calls/\(call)", x = tensors["\(base)/block/in/x"]!.halves!
            func scaled(_ tensor: Tensor, from: [UInt16]?) -> Tensor {
                let halves = tensor.halves!.enumerated().map { i, half in
                    let zero = from.map { halfValue($0[i]) } ?? 0
                    return Float16(zero + (halfValue(half) - zero) * factor).bitPattern
                }
                return Tensor(shape: tensor.shape, elements: .half(halves))
            }
            tensors["\(base)/predicted/out/hidden"] = scaled(tensors["\(base)/block/out/hidden"]!, from: x)
            for state in ["k", "v"] {
                tensors["\(base)/predicted/rows/\(state)"] = scaled(tensors["\(base)/block/rows/\(state)"]!, from: nil)
            }
        }
    }

    /// Writes everything; call again after a change.
    public func write() throws {
        let manager = FileManager.default
        for name in ["toy.T4", "toy.T1"] {
            let package = folder.appendingPathComponent("\(name).mlpackage")
            try manager.createDirectory(at: package.appendingPathComponent("Data"), withIntermediateDirectories: true)
            try Data("{\"name\":\"\(name)\"}".utf8).write(to: package.appendingPathComponent("Manifest.json"))
            try Data("model of \(name)".utf8).write(to: package.appendingPathComponent("Data/model.mlmodel"))
        }
        let data = try safetensors(tensors)
        try data.write(to: folder.appendingPathComponent("toy.fixtures.safetensors"))
        var manifest: [String: Any] = [
            "format": "graphc-fixtures", "version": 3, "name": "toy", "graph": "toy-graph", "maxSeq": maxSeq,
            "closed": -10000,
            "identity": [
                "weightsSHA256": sha256(Data("weights".utf8)), "settingsSHA256": sha256(Data("settings".utf8)),
            ],
            "data": ["file": "toy.fixtures.safetensors", "sha256": sha256(data)],
            "block": try reference("toy.T4.mlpackage", tokens: 4, function: blockFunction),
            "step": try reference("toy.T1.mlpackage", tokens: 1, function: stepFunction),
            "inputs": [
                ["name": "x", "role": "rows", "tokenAxis": 2], ["name": "rope_cos", "role": "rows", "tokenAxis": 0],
                ["name": "position", "role": "position", "tokenAxis": 0],
                ["name": "attn_mask", "role": "mask", "tokenAxis": 2, "slotAxis": 3],
                ["name": "kv_write_mask", "role": "write_mask", "tokenAxis": 3, "slotAxis": 2],
            ] as [[String: Any]],
            "outputs": [["name": "hidden", "tokenAxis": 2, "residual": "x"] as [String: Any]],
            "states": hostKeeps ? [] : ["k", "v"].map(cache),
            "calls": calls.map { call in
                [
                    "label": call.label, "rows": call.rows.map { $0.map { $0 as Any } ?? NSNull() },
                    "accepted": call.accepted, "steps": call.steps,
                    "draw": ["kind": draws[call.label]?.kind ?? "usual", "factor": draws[call.label]?.factor ?? 1],
                ] as [String: Any]
            },
        ]
        manifest["leftOut"] = leftOut
        if let predicted { manifest["predicted"] = ["chip": predicted] }
        if hostKeeps {
            manifest["caches"] = ["k", "v"].map { name in
                cache(name).merging(["update": "slot", "rows": "\(name)_rows", "place": place]) { one, _ in one }
            }
        }
        if let preconditions {
            let certificate = try JSONSerialization.data(
                withJSONObject: ["verdict": verdict, "preconditions": preconditions.map { ["id": $0] }] as [String: Any]
            )
            try certificate.write(to: folder.appendingPathComponent("toy.certificate.json"))
            manifest["certificate"] = ["file": "toy.certificate.json", "sha256": sha256(certificate)]
        }
        try JSONSerialization.data(withJSONObject: manifest).write(
            to: folder.appendingPathComponent("toy.fixtures.json"))
        try JSONSerialization.data(withJSONObject: script).write(
            to: folder.appendingPathComponent("scripted-engine.json"))
    }

    private func cache(_ name: String) -> [String: Any] {
        ["name": name, "shape": [1, heads, maxSeq, headDim], "rowAxis": 2]
    }

    private func reference(_ name: String, tokens: Int, function: String?) throws -> [String: Any] {
        let identity = try digest(ofFolder: folder.appendingPathComponent(name))
        let result: [String: Any] = [
            "package": name, "tokens": tokens, "sha256": identity.sha256, "files": identity.files,
        ]
        return function.map { result.merging(["function": $0]) { $1 } } ?? result
    }
}

/// A safetensors file; written here anew, so that the reader is not tested against itself.
public func safetensors(_ tensors: [String: Tensor]) throws -> Data {
    var header: [String: Any] = [:], body = Data()
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
        let start = body.count
        let dtype: String
        switch tensor.elements {
        case .half(let x):
            dtype = "F16"; for v in x { withUnsafeBytes(of: v.littleEndian) { body.append(contentsOf: $0) } }
        case .double(let x):
            dtype = "F64"; for v in x { withUnsafeBytes(of: v.bitPattern.littleEndian) { body.append(contentsOf: $0) } }
        case .int32(let x):
            dtype = "I32"; for v in x { withUnsafeBytes(of: v.littleEndian) { body.append(contentsOf: $0) } }
        }
        header[name] = ["dtype": dtype, "shape": tensor.shape, "data_offsets": [start, body.count]] as [String: Any]
    }
    let text = try JSONSerialization.data(withJSONObject: header)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + body
}
