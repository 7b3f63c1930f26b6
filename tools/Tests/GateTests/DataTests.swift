/// fp16, strides, safetensors, slices.
import Foundation
import Gate
import Support
import Testing

@Test func everyHalf() {
    for bits in UInt16.min...UInt16.max {
        let expected = Double(Float16(bitPattern: bits))
        let got = halfValue(bits)
        #expect(got == expected && got.sign == expected.sign || got.isNaN && expected.isNaN)
        #expect(halfIsFinite(bits) == expected.isFinite)
    }
    #expect(halfEqual(0, 0x8000) && !halfEqual(0, 1) && halfEqual(5, 5))
    #expect(halfFlushed(0x0001, 0x8000) && !halfFlushed(0x0400, 0) && !halfFlushed(1, 2))
}

@Test(arguments: 0..<200) func stridesVisitEachElementOnce(_ seed: Int) throws {
    var random = Random(seed: UInt64(seed))
    let shape = (0..<Int(1 + random.next() % 4)).map { _ in Int(1 + random.next() % 5) }
    // Any order of axes, any padding.
    var order = Array(shape.indices)
    for i in order.indices { order.swapAt(i, Int(random.next() % UInt64(order.count))) }
    var strides = shape.map { _ in 0 }, reach = 1
    for axis in order {
        strides[axis] = reach + Int(random.next() % 3)
        reach = strides[axis] * (shape[axis] - 1) + reach
    }
    let layout = try Layout(shape: shape, strides: strides, capacity: reach, of: "x")
    var seen: [Int] = []
    layout.forEachOffset { seen.append($0) }
    #expect(Set(seen).count == shape.reduce(1, *))
    #expect(seen.allSatisfy { (0..<reach).contains($0) })
    // Row-major order: the last axis moves first.
    if let last = shape.last, last > 1 { #expect(seen[1] - seen[0] == strides[shape.count - 1]) }
    let biggest = shape.indices.max { strides[$0] * (shape[$0] - 1) < strides[$1] * (shape[$1] - 1) }!
    if shape[biggest] > 1 {
        #expect(throws: Failure.self) { try Layout(shape: shape, strides: strides, capacity: reach - 1, of: "x") }
        var wrong = strides
        wrong[biggest] = 0
        #expect(throws: Failure.self) { try Layout(shape: shape, strides: wrong, capacity: reach, of: "x") }
    }
}

@Test(arguments: [
    ([2, 2], [1, 1]), ([2, 2], [-2, 1]), ([2, 2], [2]), ([0, 2], [2, 1]), ([2, 2], [Int.max, 1]), ([2, 3], [2, 1]),
]) func impossibleStrides(_ shape: [Int], _ strides: [Int]) {
    #expect(throws: Failure.self) { try Layout(shape: shape, strides: strides, capacity: 100, of: "x") }
}

@Test func slices() {
    let tensor = Tensor(shape: [2, 3, 2], elements: .int32(Array(0..<12)))
    #expect(tensor.slice(axis: 1, at: 2) == Tensor(shape: [2, 1, 2], elements: .int32([4, 5, 10, 11])))
    #expect(tensor.slice(axis: 0, at: 1).elements == .int32(Array(6..<12)))
    #expect(tensor.slice(axis: 2, at: 1).elements == .int32([1, 3, 5, 7, 9, 11]))
}

@Test func safetensorsRoundTrip() throws {
    let tensors = [
        "a": Tensor(shape: [2, 2], elements: .half([0, 0x3c00, 0xfbff, 0x7e00])),
        "b/c": Tensor(shape: [3], elements: .double([1.5, -2, .infinity])),
        "d": Tensor(shape: [], elements: .int32([-7])),
    ]
    let file = try Safetensors(try safetensors(tensors), name: "t")
    #expect(file.names == ["a", "b/c", "d"])
    for (name, tensor) in tensors { #expect(try file.tensor(name) == tensor) }
    #expect(throws: Failure.self) { try file.tensor("e") }
}

@Test(arguments: [
    "{", "[]", #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,2]}}"#,
    #"{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}"#,
    #"{"a":{"dtype":"F16","shape":[1],"data_offsets":[7,9]}}"#,
    #"{"a":{"dtype":"F16","shape":[-1],"data_offsets":[2,0]}}"#,
    #"{"a":{"dtype":"F16","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}"#, #"{"a":"x"}"#,
    #"{"a":{"b":"c"}}"#,
]) func brokenSafetensors(_ header: String) {
    var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
    data += Data(count: 8)
    #expect(throws: Failure.self) { try Safetensors(data, name: "t") }
    #expect(throws: Failure.self) { try Safetensors(data.prefix(5), name: "t") }
}
