/**
 * Mixtures of rows: out[token, j] = Σₖ x[token, k] · y[k, j] with contiguous j, four tokens and eight j at a time, in
 * the order of `laneSum`. Each lane walks its own k (lane, lane + 8, …) and leaves its sums in scratch.
 */
import { narrow, widenScaled } from "./half.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, mul, set, store, vadd, vmul, when } from "./text.ts";

const TOKENS = [0, 1, 2, 3];
const HALVES = ["l", "h"];
const accs = TOKENS.flatMap((t) => HALVES.map((h) => `a${t}${h}`));
/** Bytes of one lane's accumulators in scratch. */
const LANE = 16 * accs.length;

const laneLoop = forEach("lane", i32(0), i32(8), 1, [
  ...accs.map((a) => set(a, lanes(0))),
  set("py", add(get("y"), add(mul(get("j"), i32(16)), mul(get("lane"), get("kStride"))))),
  set("px", add(get("x"), mul(get("lane"), i32(4)))),
  forEach("k", get("lane"), get("K"), 8, [
    set("yl", widenScaled(get("py"))),
    set("yh", widenScaled(get("py"), 8)),
    ...TOKENS.flatMap((t) => [
      set("s", `(v128.load32_splat offset=${32 * t} ${get("px")})`),
      ...HALVES.map((h) => set(`a${t}${h}`, vadd(get(`a${t}${h}`), vmul(get("s"), get(`y${h}`))))),
    ]),
    set("px", add(get("px"), i32(128))),
    set("py", add(get("py"), call2("i32.shl", get("kStride"), i32(3)))),
  ]),
  ...accs.map((a, n) => store(get("slot"), get(a), 16 * n)),
  set("slot", add(get("slot"), i32(LANE))),
]);

/** Sum over the lanes of accumulator n, into local `to`. */
const total = (to: string, n: number): string => {
  const lane = (l: number) => load(get("scratch"), LANE * l + 16 * n);
  const pair = (l: number) => vadd(lane(l), lane(l + 4));
  return set(to, vadd(vadd(pair(0), pair(1)), vadd(pair(2), pair(3))));
};

const storeEight = (t: number, value: string): string =>
  when(`(i32.gt_u ${get("live")} ${i32(t)})`, [store(get("to"), value), set("to", add(get("to"), get("tokenStride")))]);

const storeZero = (t: number): readonly string[] => [storeEight(t, lanes(0))];

/** Where a whole block is zeros that lie in one piece, all of it at once; other items of the block are passed over. */
const zeroBlock = (): readonly string[] => {
  const bytes = mul(get("groups"), i32(16));
  const isWhole = `(i32.and (i32.and (i32.eqz ${get("j")}) (i32.eq ${get("tokenStride")} ${bytes}))
    (i32.and (i32.ge_u ${get("live")} ${i32(4)}) (i32.le_u ${add(get("i"), get("groups"))} ${get("end")})))`;
  return [
    when(
      isWhole,
      [
        `(memory.fill ${get("to")} (i32.const 0) ${mul(bytes, i32(4))})`,
        set("i", add(get("i"), call2("i32.sub", get("groups"), i32(1)))),
      ],
      TOKENS.flatMap(storeZero),
    ),
  ];
};

const storeToken = (t: number): readonly string[] => [
  total("yl", 2 * t),
  total("yh", 2 * t + 1),
  ...narrow("bl", "yl", "abs"),
  ...narrow("bh", "yh", "abs"),
  storeEight(t, call2("i16x8.narrow_i32x4_u", get("bl"), get("bh"))),
];

/**
 * Items are (block of four tokens, group of eight j), `groups` of these a block. x is packed by four and scaled by
 * 2^112, y is finite fp16. Beyond the block's `used` every x is ±0: those products are ±0 and change no lane, which
 * starts as +0 and can never become −0.
 */
const mix = kernel(
  "mix",
  ["xs", "blockBytes", "used", "y", "kStride", "groups", "out", "tokenStride", "tokens"],
  {
    i32: ["i", "j", "block", "x", "K", "live", "lane", "px", "py", "k", "slot", "to"],
    v128: [...accs, "yl", "yh", "s", "bl", "bh", "abs"],
  },
  [
    forEach("i", get("begin"), get("end"), 1, [
      set("block", call2("i32.div_u", get("i"), get("groups"))),
      set("j", call2("i32.rem_u", get("i"), get("groups"))),
      set("x", add(get("xs"), mul(get("block"), get("blockBytes")))),
      set("K", `(i32.load ${add(get("used"), mul(get("block"), i32(4)))})`),
      set("live", call2("i32.sub", get("tokens"), mul(get("block"), i32(4)))),
      set("to", add(get("out"), add(mul(get("j"), i32(16)), mul(mul(get("block"), i32(4)), get("tokenStride"))))),
      when(get("K"), [set("slot", get("scratch")), laneLoop, ...TOKENS.flatMap(storeToken)], zeroBlock()),
    ]),
  ],
);

/** The export `mix`. */
export const mixKernels: readonly string[] = [mix];
