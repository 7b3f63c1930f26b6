/**
 * What a device gave for 1×1 convolutions of 64 inputs, whole: 751K/Apple-Neural-Engine-Microarchitecture-Study-M6,
 * data/06_numerics/numerics2_m6.txt to numerics6_m6.txt (M6, macOS 27.0.1; the first of them was the same on M4, numerics2_m4.txt).
 * The sums that multiply-add.test.ts has by hand are a part of it.
 */
import { roundFp16 } from "../../../src/dsl/number.ts";

/** Columns of one convolution, all of whose weights are one number. An input is a number, or the bits of a fp16 as a text. */
export interface Recorded {
  readonly file: string;
  readonly weight: number;
  readonly bias?: number;
  /** Inputs that are not 0, in their order, and what left the engine. */
  readonly columns: readonly (readonly [inputs: readonly (number | string)[], out: number])[];
}

const INF = Number.POSITIVE_INFINITY;
const LSB = 2 ** -16;
const p = (exponent: number): number => 2 ** exponent;
const range = (from: number, to: number, step = 1): readonly number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, k) => from + k * step);

type Column = Recorded["columns"][number];
const single = (...pairs: readonly (readonly [x: number | string, out: number])[]): readonly Column[] =>
  pairs.map(([x, out]) => [[x], out]);
const unchanged = (...xs: readonly number[]): readonly Column[] => xs.map((x) => [[x], x]);

/** Inputs between two large ones that cancel, and what was left of them. */
const between = (large: number): readonly Column[] =>
  range(0, 24, 2).map((k) => [[large, p(-k), -large], k <= 16 ? p(-k) : 0]);

const far = [16384, 16384, 1, ...new Array<number>(59).fill(0), -16384, -16384];

const SUMS: readonly Column[] = [
  ...unchanged(16384, 24576, 30000, 32000, 32736, 32752, -32752),
  ...single([32768, INF], [32784, INF], [40000, INF], [49152, INF], [65504, INF], [-32768, -INF], [-65504, -INF]),
  [[16000, 16000], 32000],
  [[16376, 16376], 32752],
  [[16384, 16368], 32752],
  [[16384, 16376], 32768],
  [[16384, 16384], INF],
  [[30000, 2752], 32752],
  [[30000, 2768], INF],
  ...unchanged(p(-13), p(-14), p(-15), p(-16), 1.5 * p(-13), 1.5 * p(-14), 1.5 * p(-15)),
  ...single([p(-17), LSB], [1.5 * p(-16), 2 * LSB], [1.5 * p(-17), LSB], [1.5 * p(-18), 0]),
  ...range(18, 24).map((k): Column => [[p(-k)], 0]),
  ...range(19, 24).map((k): Column => [[roundFp16(1.5 * p(-k))], 0]),
  [[2048, 1], 2050],
  [[-2048, -1], -2050],
  [[2050, 1], 2052],
  [[-2050, -1], -2052],
  [[1, p(-11)], 1 + p(-10)],
  [[-1, -p(-11)], -1 - p(-10)],
  [[1, p(-12)], 1],
  [[1, p(-11), p(-13)], 1 + p(-10)],
  [[1, p(-11), -p(-13)], 1],
  [[1, p(-12), p(-13)], 1],
  [[1, p(-13)], 1],
  [[-1, -p(-12), -p(-13)], -1],
  [[4096, 2], 4100],
  [[4096, 6], 4104],
  [[-4096, -2], -4100],
  ...between(1024),
  ...between(16384),
  [[16384, 16384, -16384, -16384, 1], INF],
  [[16384, 16384, 16384, -16384, -16384, -16384, 1], INF],
  [[30000, 30000, -30000, -30000, 1], INF],
  [far, INF],
];

/** The same product by weights of different size: what is lost depends on the exponents, not on the product. */
const byWeight = (weight: number, half: number, more: readonly Column[]): Recorded => ({
  file: "numerics3",
  weight,
  columns: [
    ...single([p(-14) / weight, p(-14)], [p(-15) / weight, p(-15)], [p(-16) / weight, LSB], [p(-17) / weight, half]),
    ...range(18, 20).map((k): Column => [[p(-k) / weight], 0]),
    ...single([1 / weight, 1]),
    ...more,
  ],
});
const large = (weight: number): readonly Column[] => single([32752 / weight, 32752], [32768 / weight, INF]);

/** Infinities and NaNs are the numbers that their bits spell; the host quiets 0x7C01 before it gets there. */
const SPELLED = [
  ["7c00", 65536],
  ["fc00", -65536],
  ["7e00", 98304],
  ["7e01", 98368],
  ["7fff", 131008],
  ["fe00", -98304],
  ["7bff", 65504],
  ["8000", 0],
] as const;
const spelled = (weight: number): Recorded => ({
  file: "numerics4",
  weight,
  columns: SPELLED.map(([bits, taken]): Column => [[bits], taken * weight]),
});

/** Products of so many units of the last place, and how many were left. */
const UNITS = [0.25, 0.5, 0.75, 1, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5];
const units = (weight: number, left: readonly number[]): Recorded => ({
  file: "numerics5",
  weight,
  columns: left.map((n, k): Column => [[roundFp16((UNITS[k]! * LSB) / weight)], n * LSB]),
});
/** Below a weight of 1/4 such inputs are normal, and half a unit is lost by the exponents. */
const LOST = [0, 0, 0, 1, 2, 3, 4, 0, -2, -3];
const KEPT = [0, 1, 1, 1, 2, 3, 4, -1, -2, -3];

const biased = (bias: number, ...columns: readonly Column[]): Recorded => ({
  file: "numerics5",
  weight: 1,
  bias: roundFp16(bias),
  columns,
});

const lost = (weight: number, ...inputs: readonly number[]): Recorded => ({
  file: "numerics6",
  weight,
  columns: inputs.map((x): Column => [[roundFp16(x)], 0]),
});

/** Every group of the record. */
export const RECORDED: readonly Recorded[] = [
  { file: "numerics2", weight: 1, columns: SUMS },
  {
    file: "numerics2",
    weight: 256,
    columns: [
      ...single([127, 32512], [128, INF], [129, INF], [p(-8), 1], [p(-10), 0.25], [p(-14), p(-6)], [p(-16), p(-8)]),
      ...single([1, 256], [3, 768]),
    ],
  },
  {
    file: "numerics2",
    weight: p(-8),
    columns: [
      ...single([127, 127 / 256], [128, 0.5], [129, 129 / 256], [p(-8), LSB], [p(-10), 0], [p(-14), 0], [p(-16), 0]),
      ...single([1, p(-8)], [3, 3 * p(-8)]),
    ],
  },
  byWeight(p(-12), 0, single(["7c00", 16])),
  byWeight(p(-4), 0, single(["7c00", 4096])),
  byWeight(1, LSB, large(1)),
  byWeight(16, LSB, large(16)),
  {
    file: "numerics3",
    weight: 256,
    columns: [...single([p(-22), p(-14)], [p(-23), p(-15)], [p(-24), LSB], [p(-8), 1]), ...large(256)],
  },
  { file: "numerics3", weight: 4096, columns: [...single([p(-12), 1]), ...large(4096)] },
  spelled(p(-12)),
  spelled(p(-4)),
  biased(-16384, [[16384, 16384], 16384], [[16384], 0], [[0], -16384], [[32752], 16368], [[16384, 16384, 16384], INF]),
  biased(32, [[32752], INF], [[32736], INF], [[0], 32], [[16384, 16368], INF]),
  biased(p(-20), [[0], 0], [[p(-16)], LSB], [[p(-17)], LSB]),
  biased(p(-17), [[0], LSB], [[p(-17)], 2 * LSB], [[p(-16)], 2 * LSB]),
  biased(p(-12), [[0], p(-12)], [[1], 1], [[p(-16)], p(-12) + LSB]),
  biased(1000.3, [[0], 1000.5], [[0.25], 1001], [[p(-16)], 1000.5]),
  biased(-1, [[1], 0], [[0.5], -0.5], [[p(-17)], -1]),
  ...range(-12, -3).map((k) => units(p(k), LOST)),
  ...range(-2, 4).map((k) => units(p(k), KEPT)),
  units(0.75, [0, 1, 1, 1, 2, 2, 4, -1, -2, -2]),
  units(1.5, [0, 0, 1, 1, 2, 3, 3, 0, -2, -3]),
  units(3, [0, 1, 1, 1, 2, 2, 4, -1, -2, -2]),
  units(0.375, [0, 0, 1, 1, 2, 3, 4, 0, -2, -3]),
  lost(0.234375, 1.1444091796875e-4, 6.103515625e-5, 9.1552734375e-5, 6.0439109802246094e-5, 3.6597251892089844e-5),
  lost(0.248779296875, 1.214742660522461e-4, 6.103515625e-5, 5.4955482482910156e-5),
  lost(0.09375, 1.8310546875e-4, 2.319812774658203e-4, 1.220703125e-4, 1.1599063873291016e-4),
  lost(0.060546875, 2.3651123046875e-4, 4.730224609375e-4, 2.44140625e-4),
  lost(0.199951171875, 6.0439109802246094e-5, 4.881620407104492e-5, 6.103515625e-5),
];
