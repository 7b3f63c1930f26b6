/** fp16 ↔ fp32 in SIMD, exact for every bit pattern: subnormals, −0, infinities, NaN. */
import { call2, get, i32, lanes, set, vmul } from "./text.ts";

/** 2^112 as an fp32 bit pattern: what the exponent biases of fp16 and fp32 differ by. */
const BIAS_SCALE = 0x77800000;
/** Sign, exponent and fraction of an fp16 that stands 13 bits up, as the upper bits of an fp32. */
const HALF_BITS = 0x8fffe000 | 0;
const HALF_EXPONENT = 0x0f800000;
const INFINITY_BITS = 0x7f800000;

/**
 * Four fp16 at an address as fp32 of 2^-112 times their value. Exact for finite ones only (an infinity becomes
 * 2^-96); fp16 subnormals become fp32 subnormals. Three instructions, where the exact form takes eight.
 */
export const widenScaled = (address: string, offset = 0): string =>
  call2("v128.and", call2("i32x4.shl", `(v128.load16x4_s offset=${offset} ${address})`, i32(13)), lanes(HALF_BITS));

/** Statements: four fp16 at an address into local `to` as fp32. Uses local `to` itself and `mask`. */
export const widen = (to: string, address: string, mask: string, offset = 0): readonly string[] => [
  set(to, widenScaled(address, offset)),
  set(mask, call2("i32x4.eq", call2("v128.and", get(to), lanes(HALF_EXPONENT)), lanes(HALF_EXPONENT))),
  // Exponent 31 becomes 16 after scaling: lift it to 255, the fraction tells infinity from NaN.
  set(to, call2("v128.or", vmul(get(to), lanes(BIAS_SCALE)), call2("v128.and", get(mask), lanes(INFINITY_BITS)))),
];

/** Statements: one fp16, given as bits in i32 local `bits`, into f32 local `to`. */
export const widenOne = (to: string, bits: string): readonly string[] => [
  set(
    to,
    `(f32.mul (f32.reinterpret_i32 (i32.shl (i32.and ${get(bits)} (i32.const 0x7fff)) (i32.const 13)))
      (f32.const 0x1p112))`,
  ),
  `(if (i32.eq (i32.and ${get(bits)} (i32.const 0x7c00)) (i32.const 0x7c00))
    (then ${set(to, `(f32.reinterpret_i32 (i32.or (i32.reinterpret_f32 ${get(to)}) (i32.const ${INFINITY_BITS})))`)}))`,
  `(if (i32.and ${get(bits)} (i32.const 0x8000)) (then ${set(to, `(f32.neg ${get(to)})`)}))`,
];

/**
 * Statements: four fp32 in local `x` rounded to fp16, to nearest even, as the bits of an i32x4 in local `to`; NaN
 * becomes 0x7e00. Uses local `abs`. Normal results round by carrying into the bits that stay; subnormal ones by
 * adding 0.5, whose last place is that of an fp16 subnormal.
 */
export const narrow = (to: string, x: string, abs: string): readonly string[] => {
  const choose = (yes: string, compare: string, bound: number) =>
    set(to, `(v128.bitselect ${yes} ${get(to)} (${compare} ${get(abs)} ${lanes(bound)}))`);
  const odd = call2("v128.and", call2("i32x4.shr_u", get(abs), i32(13)), lanes(1));
  const carried = call2("i32x4.add", call2("i32x4.add", get(abs), odd), lanes(0xc8000fff | 0));
  return [
    set(abs, call2("v128.and", get(x), lanes(0x7fffffff))),
    set(to, call2("i32x4.shr_u", carried, i32(13))),
    choose(
      call2("i32x4.sub", call2("f32x4.add", get(abs), lanes(0x3f000000)), lanes(0x3f000000)),
      "i32x4.lt_s",
      0x38800000,
    ),
    choose(lanes(0x7c00), "i32x4.ge_s", 0x47800000),
    set(to, call2("v128.or", get(to), call2("v128.and", call2("i32x4.shr_u", get(x), i32(16)), lanes(0x8000)))),
    choose(lanes(0x7e00), "i32x4.gt_s", INFINITY_BITS),
  ];
};

/** fp32 bits of 2^13 + 1. */
const SPLIT = 0x46000400;

/**
 * Statements: four int8 that local `to` holds as i32, times the fp32 of local `scale`, rounded to fp16, as fp32. The scale is a fp16 of 511 at
 * most, so that the product is exact and its fp16 finite. By Dekker's split: 2^13 + 1 times a number, less what that is more than the number,
 * is the number rounded to fp16's eleven bits, for every such scale and code to nearest even (test/passes/kernels/codes.test.ts). A subnormal
 * stays as it is, as it should: whatever the scale, the product is a multiple of 2^-24. Uses local `split`.
 */
export const unpackCode = (to: string, scale: string, split: string): readonly string[] => [
  set(to, vmul(`(f32x4.convert_i32x4_s ${get(to)})`, get(scale))),
  set(split, vmul(get(to), lanes(SPLIT))),
  set(to, call2("f32x4.sub", get(split), call2("f32x4.sub", get(split), get(to)))),
];
