/// Reads safetensors files: an 8-byte header length, a JSON header, the data (huggingface/safetensors, README).
import Foundation

public struct Safetensors: Sendable {
    private let data: Data
    private let start: Int
    private let entries: [String: Entry]

    private struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    private enum HeaderValue: Decodable {
        case tensor(Entry)
        case metadata([String: String])

        init(from decoder: any Decoder) throws {
            if let entry = try? Entry(from: decoder) {
                self = .tensor(entry)
            } else {
                self = .metadata(try [String: String](from: decoder))
            }
        }
    }

    /// `name` is the file's, for messages.
    public init(_ data: Data, name: String) throws {
        func broken(_ why: String) -> Failure { .mistake("\(name) is not a safetensors file: \(why)") }
        guard data.count >= 8 else { throw broken("it is shorter than its header") }
        let length = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length <= 100_000_000, 8 + Int(length) <= data.count else { throw broken("its header leaves the file") }
        let start = 8 + Int(length)
        guard let header = try? JSONDecoder().decode([String: HeaderValue].self, from: data[8..<start]) else {
            throw broken("its header is not the JSON it should be")
        }
        var entries: [String: Entry] = [:]
        for (key, value) in header {
            guard case .tensor(let entry) = value else {
                if key == "__metadata__" { continue }
                throw broken("entry \(key) describes no tensor")
            }
            guard let size = sizes[entry.dtype] else {
                throw broken("tensor \(key) is \(entry.dtype); F16, F64 or I32 expected")
            }
            let offsets = entry.data_offsets
            guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= data.count - start,
                byteCount(entry.shape, of: size) == offsets[1] - offsets[0]
            else { throw broken("the extent of tensor \(key) is wrong") }
            entries[key] = entry
        }
        self.data = data
        self.start = start
        self.entries = entries
    }

    public var names: Set<String> { Set(entries.keys) }

    /// - Throws: a mistake when there is no such tensor.
    public func tensor(_ name: String) throws -> Tensor {
        guard let entry = entries[name] else { throw Failure.mistake("the fixtures have no tensor \(name)") }
        let from = start + entry.data_offsets[0], to = start + entry.data_offsets[1]
        return data[from..<to].withUnsafeBytes { raw in
            func read<T>(_ type: T.Type) -> [T] {
                (0..<raw.count / MemoryLayout<T>.size).map {
                    raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: type)
                }
            }
            let elements: Elements =
                switch entry.dtype {
                case "F16": .half(read(UInt16.self).map(UInt16.init(littleEndian:)))
                case "F64": .double(read(UInt64.self).map { Double(bitPattern: UInt64(littleEndian: $0)) })
                default: .int32(read(Int32.self).map(Int32.init(littleEndian:)))
                }
            return Tensor(shape: entry.shape, elements: elements)
        }
    }
}

/// Nil for a negative size and for one beyond all bounds.
private func byteCount(_ shape: [Int], of size: Int) -> Int? {
    shape.reduce(size) { product, n in
        guard let product, n >= 0 else { return nil }
        let (next, overflow) = product.multipliedReportingOverflow(by: n)
        return overflow ? nil : next
    }
}

private let sizes = ["F16": 2, "F64": 8, "I32": 4]
