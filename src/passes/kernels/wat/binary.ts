/** Element by element on fp16 with broadcasting: both operands run along a row, or one stays. */
import { narrow, widen } from "./half.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, mul, set, store, when } from "./text.ts";

const OPS = {
  add: "f32x4.add",
  sub: "f32x4.sub",
  mul: "f32x4.mul",
  real_div: "f32x4.div",
  maximum: "f32x4.max",
  minimum: "f32x4.min",
} as const;

type Name = keyof typeof OPS;

/** Eight elements into local `both`, by the arithmetic of the op. */
function compute(name: Name, moving: readonly string[]): readonly string[] {
  return [
    ...moving.flatMap((x) => [...widen(`${x}l`, get(`p${x}`), "abs"), ...widen(`${x}h`, get(`p${x}`), "abs", 8)]),
    set("l", call2(OPS[name], get("xl"), get("yl"))),
    set("h", call2(OPS[name], get("xh"), get("yh"))),
    ...narrow("bl", "l", "abs"),
    ...narrow("bh", "h", "abs"),
    set("both", call2("i16x8.narrow_i32x4_u", get("bl"), get("bh"))),
  ];
}

/**
 * Eight elements into local `both`; the pointers of the operands that move go on. An operand that does not is in its
 * splat locals already. x + (+0) is x, but for −0, which becomes +0: most rows of a KV cache are updated with zeros.
 */
function eight(name: Name, moving: readonly string[]): readonly string[] {
  const minusZero = call2("i16x8.eq", get("both"), lanes(0x80008000 | 0));
  const unchanged = [set("both", load(get("px"))), set("both", call2("v128.andnot", get("both"), minusZero))];
  const computed = compute(name, moving);
  const shortcut = name === "add" && moving.length === 2;
  return [
    ...(shortcut ? [when(`(v128.any_true ${load(get("py"))})`, computed, unchanged)] : computed),
    ...moving.map((x) => set(`p${x}`, add(get(`p${x}`), i32(16)))),
  ];
}

/** The last n mod 8 elements: read beyond the row (memory has slack behind it), stored one by one. */
const rest = (): readonly string[] =>
  [0, 1, 2, 3, 4, 5, 6].map((n) =>
    when(`(i32.gt_u ${get("left")} ${i32(n)})`, [
      `(i32.store16 offset=${2 * n} ${get("to")} (i16x8.extract_lane_u ${n} ${get("both")}))`,
    ]),
  );

const row = (name: Name, moving: readonly string[]): readonly string[] => [
  set("stop", add(get("to"), mul(call2("i32.and", get("n"), i32(-8)), i32(2)))),
  forEach("to", get("to"), get("stop"), 16, [...eight(name, moving), store(get("to"), get("both"))]),
  set("left", call2("i32.and", get("n"), i32(7))),
  when(get("left"), [...eight(name, moving), ...rest()]),
];

const splat = (x: string): readonly string[] => [
  // One fp16 four times over, in scratch, read back by the same exact conversion as any other.
  store(get("scratch"), `(i16x8.splat (i32.load16_u ${get(`p${x}`)}))`),
  ...widen(`${x}l`, get("scratch"), "abs"),
  set(`${x}h`, get(`${x}l`)),
];

const strides = (x: string) => [0, 1, 2].map((axis) => `${x}${axis}`);

/** fp16 bits of 1. */
const ONE = 0x3c00;

/** A row of x with one y for all of it. x · 1 is x: a KV cache keeps most of its rows. */
function rowByOne(name: Name): readonly string[] {
  const computed = [...splat("y"), ...row(name, ["x"])];
  if (name !== "mul") return computed;
  const copy = `(memory.copy ${get("to")} ${get("px")} ${mul(get("n"), i32(2))})`;
  // In its own place it is there already.
  const moved = [when(call2("i32.ne", get("to"), get("px")), [copy])];
  return [when(`(i32.eq (i32.load16_u ${get("py")}) ${i32(ONE)})`, moved, computed)];
}

/**
 * Rows of n elements, along which x, y or both move. Row i has coordinates (i / (s1·s2), i / s2 mod s1, i mod s2), for
 * which each operand has strides in bytes.
 */
const binary = (name: Name): string =>
  kernel(
    name,
    ["x", "y", "out", "n", "xMoves", "yMoves", "s1", "s2", ...strides("xs"), ...strides("ys")],
    {
      i32: ["i", "i0", "i1", "i2", "px", "py", "to", "stop", "left"],
      v128: ["xl", "xh", "yl", "yh", "l", "h", "bl", "bh", "abs", "both"],
    },
    [
      forEach("i", get("begin"), get("end"), 1, [
        set("i2", call2("i32.rem_u", get("i"), get("s2"))),
        set("i1", call2("i32.div_u", get("i"), get("s2"))),
        set("i0", call2("i32.div_u", get("i1"), get("s1"))),
        set("i1", call2("i32.rem_u", get("i1"), get("s1"))),
        ...["x", "y"].map((x) =>
          set(
            `p${x}`,
            [0, 1, 2].reduce((sum, axis) => add(sum, mul(get(`i${axis}`), get(`${x}s${axis}`))), get(x)),
          ),
        ),
        set("to", add(get("out"), mul(get("i"), mul(get("n"), i32(2))))),
        when(
          get("xMoves"),
          [when(get("yMoves"), row(name, ["x", "y"]), rowByOne(name))],
          [...splat("x"), ...row(name, ["y"])],
        ),
      ]),
    ],
  );

/** One export an op, named as the op. */
export const binaryKernels: readonly string[] = (Object.keys(OPS) as Name[]).map(binary);
