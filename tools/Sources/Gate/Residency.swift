/// The strict rule of residency: what a compute plan says, judged. Pure; Device/Plan.swift reads the plan.

public enum Placement: String, Codable, Sendable {
    case neuralEngine = "Neural Engine", gpu = "GPU", cpu = "CPU", unknown = "a device unknown to this tool",
        undetermined
}

/// One operation of a compute plan.
public struct PlannedOperation: Sendable {
    /// Where it is: main.block.operations[17], nested blocks likewise.
    public let path: String
    /// With the opset's prefix, as the plan gives it.
    public let operatorName: String
    /// The names of its results: those of the author's values.
    public let values: [String]
    /// `undetermined` where the plan has no usage for it.
    public let preferred: Placement
    public let supported: [Placement]
    /// Share of the estimated cost of the whole, 0...1.
    public let cost: Double?

    public init(
        path: String, operatorName: String, values: [String], preferred: Placement, supported: [Placement],
        cost: Double?
    ) {
        (self.path, self.operatorName, self.values) = (path, operatorName, values)
        (self.preferred, self.supported, self.cost) = (preferred, supported, cost)
    }

    /// The name without its opset: `ios18.conv` is `conv` (john-rocky/CoreML-LLM lost 133 operations to the prefix).
    public var kind: String { String(operatorName.split(separator: ".").last ?? "") }

    /// Constants hold data and compute nothing; the plan has no usage for them (ane-book, journal 112).
    public var isConstant: Bool { kind == "const" || kind.hasPrefix("constexpr_") }

    /// Every other operation without a usage is a failure: pytorch/executorch's script drops them, and a real operation with them.
    public var isResident: Bool { preferred == .neuralEngine || (preferred == .undetermined && isConstant) }
}

/// The verdict on one function of one package, with what is needed to act on it.
public struct ResidencyReport: Codable, Equatable, Sendable {
    public let function: String
    public let computeOperations: Int
    public let constants: Int
    public let counts: [Count]
    public let offenders: [Offender]
    /// Share of the estimated cost that prefers the Neural Engine; nil when the plan estimates nothing.
    public let residentCost: Double?

    public struct Count: Codable, Equatable, Sendable {
        public let kind: String
        public let device: Placement
        public let operations: Int
        public let cost: Double?
    }

    public struct Offender: Codable, Equatable, Sendable {
        public let path: String
        public let operatorName: String
        public let values: [String]
        public let device: Placement
        public let supported: [Placement]
        public let cost: Double?
    }

    public var passes: Bool { offenders.isEmpty && computeOperations > 0 }

    /// One sentence for people and for the evidence.
    public var message: String {
        if let first = offenders.max(by: { ($0.cost ?? 0) < ($1.cost ?? 0) }) {
            let name = first.values.joined(separator: ", ")
            return "\(offenders.count) of \(computeOperations) operations are not on the Neural Engine; first by cost: "
                + "\(first.operatorName) \(name) at \(first.path) is \(first.device.phrase)"
        }
        if computeOperations == 0 { return "the plan lists no compute operations, so it shows nothing" }
        return "all \(computeOperations) operations prefer the Neural Engine"
    }
}

extension Placement {
    var phrase: String {
        self == .undetermined ? "undetermined" : "on \(self == .unknown ? rawValue : "the \(rawValue)")"
    }
}

public func judgeResidency(function: String, operations: [PlannedOperation]) -> ResidencyReport {
    let compute = operations.filter { !$0.isConstant }
    let offenders = operations.filter { !$0.isResident }
    let groups = Dictionary(grouping: operations) { [$0.kind, $0.preferred.rawValue] }
    let counts = groups.values.map { group in
        ResidencyReport.Count(
            kind: group[0].kind, device: group[0].preferred, operations: group.count, cost: sum(group))
    }
    let total = sum(operations) ?? 0
    return ResidencyReport(
        function: function, computeOperations: compute.count, constants: operations.count - compute.count,
        counts: counts.sorted {
            ($1.cost ?? 0, $0.kind, $0.device.rawValue) < ($0.cost ?? 0, $1.kind, $1.device.rawValue)
        },
        offenders: offenders.map {
            .init(
                path: $0.path, operatorName: $0.operatorName, values: $0.values, device: $0.preferred,
                supported: $0.supported, cost: $0.cost)
        }.sorted { ($0.cost ?? 0) > ($1.cost ?? 0) },
        residentCost: total > 0 ? (sum(operations.filter { $0.preferred == .neuralEngine }) ?? 0) / total : nil)
}

private func sum(_ operations: [PlannedOperation]) -> Double? {
    let costs = operations.compactMap(\.cost)
    return costs.isEmpty ? nil : costs.reduce(0, +)
}
