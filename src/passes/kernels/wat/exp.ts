/**
 * e^x of four fp32 as Math.exp gives it, rounded to fp32. A polynomial in double precision gives it to 2^-46; where that leaves open to which fp32 it
 * rounds, and where the result is subnormal, infinite or NaN, Math.exp is asked.
 */
import { call2, get, i32, set, store, when } from "./text.ts";

/** e^x rounds to 0 in fp32 below this: e^−104 is less than half of 2^−149. */
const VANISHES = -104;
/** From here on to 0 the results are normal fp32. */
const NORMAL = -87;
/** The bits of a double that fp32 has no place for, the middle of them, and how many units in the last place an exponential may be off. */
const [BELOW, MIDDLE, OFF] = [2 ** 29 - 1, 2 ** 28, 2 ** 8];
/** ln 2 in two parts, of which the first times the number of halvings is exact. */
const LN2 = ["0x1.62e42feep-1", "1.9082149292705877e-10"];
/** 1/11!, …, 1/1!, 1/0!. */
const TAYLOR = [39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1].map((factorial) => 1 / factorial);

/** Locals of type v128 that `exponential` uses, besides f32 local `value`. */
export const EXPONENTIAL_LOCALS: readonly string[] = ["e0", "e1", "whole", "rest"];

const doubles = (x: number | string): string => `(v128.const f64x2 ${x} ${x})`;
const longs = (x: number): string => `(v128.const i64x2 ${x} ${x})`;
const on2 = (op: string) => (a: string, b: string) => call2(`f64x2.${op}`, a, b);
const [plus, minus, times] = [on2("add"), on2("sub"), on2("mul")];

/** Two exponentials, of the lower lanes of `x`, as doubles into local `to`: 2^whole · e^rest, the latter by its Taylor series. */
function exponentialOfTwo(to: string, x: string): readonly string[] {
  const series = TAYLOR.map(doubles).reduce((sum, c) => plus(times(sum, get("rest")), c));
  const doublings = `(i64x2.extend_low_i32x4_s (i32x4.trunc_sat_f64x2_s_zero ${get("whole")}))`;
  return [
    set("rest", `(f64x2.promote_low_f32x4 ${x})`),
    set("whole", `(f64x2.nearest ${times(get("rest"), doubles(Math.LOG2E))})`),
    ...LN2.map((part) => set("rest", minus(get("rest"), times(get("whole"), doubles(part))))),
    set(to, call2("i64x2.add", series, `(i64x2.shl ${doublings} ${i32(52)})`)),
  ];
}

/** Lanes of `x` that are so near the middle of two fp32 that either may be meant. */
const undecided = (x: string): string =>
  call2(
    "i64x2.eq",
    call2("v128.and", call2("i64x2.add", x, longs(OFF - MIDDLE)), longs(BELOW & ~(2 * OFF - 1))),
    longs(0),
  );

/** Math.exp of the fp32 at local `to`, in its place. */
const asked = (offset: number): readonly string[] => [
  set("value", `(f32.load offset=${offset} ${get("to")})`),
  when(
    `(f32.lt ${get("value")} (f32.const ${VANISHES}))`,
    [set("value", "(f32.const 0)")],
    [set("value", `(f32.demote_f64 (call $exp (f64.promote_f32 ${get("value")})))`)],
  ),
  `(f32.store offset=${offset} ${get("to")} ${get("value")})`,
];

/** The exponentials of local `x`, each 0 or less or NaN, to where local `to` points. */
export function exponential(x: string, to: "to"): readonly string[] {
  const upper = `(i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 ${get(x)} ${get(x)})`;
  const beyond = (bound: number) => call2("f32x4.ge", get(x), `(v128.const f32x4 ${`${bound} `.repeat(4)})`);
  const close = call2("v128.or", undecided(get("e0")), undecided(get("e1")));
  const both = ["e0", "e1"].map((e) => `(f32x4.demote_f64x2_zero ${get(e)})`).join(" ");
  const joined = `(i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 ${both})`;
  const ask = [store(get(to), get(x)), ...[0, 4, 8, 12].flatMap(asked)];
  return [
    when(
      `(i32x4.all_true ${beyond(NORMAL)})`,
      [
        ...exponentialOfTwo("e0", get(x)),
        ...exponentialOfTwo("e1", upper),
        when(`(v128.any_true ${close})`, ask, [store(get(to), joined)]),
      ],
      ask,
    ),
  ];
}
