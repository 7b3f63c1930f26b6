/** How far two rows are apart. One row is one token: figures are never taken over all tokens together. */
import { fp16Bits } from "../../dsl/number.ts";

/** Figures of one row against another. */
export interface Distance {
  /** Every bit equal, the sign of zero aside; NaN equals NaN. */
  readonly equal: boolean;
  /** ‖a − b‖ / ‖b‖; 0 for two zero rows. */
  readonly relativeL2: number;
  /** 1 − cos(a, b). */
  readonly cosine: number;
  /** max |a − b| / rms(b). */
  readonly worstOverRms: number;
  /** Largest difference in steps between neighbouring fp16 numbers. */
  readonly ulps: number;
}

/** Of `a` (the block) from `b` (the steps). */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): Distance {
  let [dot, aa, bb, dd, worst, ulps] = [0, 0, 0, 0, 0, 0];
  let equal = true;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) {
      dot += x * y;
      aa += x * x;
      bb += y * y;
      continue;
    }
    equal = false;
    dot += x * y;
    aa += x * x;
    bb += y * y;
    dd += (x - y) ** 2;
    worst = Math.max(worst, Number.isNaN(x - y) ? Number.POSITIVE_INFINITY : Math.abs(x - y));
    ulps = Math.max(ulps, Math.abs(ordinal(x) - ordinal(y)));
  }
  const rms = Math.sqrt(bb / b.length);
  return {
    equal,
    relativeL2: dd === 0 ? 0 : Math.sqrt(dd / bb),
    cosine: equal ? 0 : 1 - dot / Math.sqrt(aa * bb),
    worstOverRms: worst === 0 ? 0 : worst / rms,
    ulps,
  };
}

/** fp16 numbers in order: neighbours differ by one, and both zeros are 0. */
function ordinal(x: number): number {
  const bits = fp16Bits(x);
  return bits & 0x8000 ? -(bits & 0x7fff) : bits;
}
