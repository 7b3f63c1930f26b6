/// fp16 as bit patterns. Not Float16, which Swift does not offer on Intel Macs.

/// The value of an fp16 bit pattern; exact.
public func halfValue(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10) & 31
    let fraction = Double(bits & 1023)
    let magnitude: Double
    switch exponent {
    case 0: magnitude = fraction / 16_777_216
    case 31: magnitude = fraction == 0 ? .infinity : .nan
    default: magnitude = Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
    }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
}

public func halfIsFinite(_ bits: UInt16) -> Bool { bits & 0x7c00 != 0x7c00 }

/// Equal bits, or both zero: the equality that proofs and parity speak of.
public func halfEqual(_ a: UInt16, _ b: UInt16) -> Bool { a == b || (a | b) & 0x7fff == 0 }

/// Whether `now` is zero where `before` was too small for a normal number: a flush, not a wrong value.
public func halfFlushed(_ before: UInt16, _ now: UInt16) -> Bool { now & 0x7fff == 0 && before & 0x7c00 == 0 }
