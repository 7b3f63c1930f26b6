/** softmax of fp16 rows: what its meaning says, with each exponential computed once instead of twice. */
import { narrow, widenOne } from "./half.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, mul, set, vadd, when } from "./text.ts";

/** e^x rounds to 0 in fp32 below this: e^−104 is less than half of 2^−149. */
const VANISHES = "(f32.const -104)";

/** The element at `from` into f32 local `value`; `from` moves on. */
const next = (): readonly string[] => [
  set("bits", `(i32.load16_u ${get("from")})`),
  ...widenOne("value", "bits"),
  set("from", add(get("from"), get("step"))),
];

/** The exponentials into scratch, zeros behind them to a multiple of 8; `exp` is Math.exp, in double precision. */
const exponentials = (): readonly string[] => [
  set("from", get("row")),
  forEach("k", i32(0), get("n"), 1, [
    ...next(),
    set("value", call2("f32.sub", get("value"), get("top"))),
    when(
      call2("f32.lt", get("value"), VANISHES),
      [set("value", "(f32.const 0)")],
      [set("value", `(f32.demote_f64 (call $exp (f64.promote_f32 ${get("value")})))`)],
    ),
    `(f32.store ${add(get("scratch"), mul(get("k"), i32(4)))} ${get("value")})`,
  ]),
  forEach("k", get("n"), get("padded"), 1, [`(f32.store ${add(get("scratch"), mul(get("k"), i32(4)))} (f32.const 0))`]),
];

const lane = (n: number): string => `(f32x4.extract_lane ${n} ${get("low")})`;

/** Their sum in the order of `laneSum` (src/passes/interpret/reading.ts), into local `total`: a zero more changes no lane. */
const laneTotal = (): readonly string[] => [
  set("low", lanes(0)),
  set("high", lanes(0)),
  forEach("k", i32(0), get("padded"), 8, [
    set("from", add(get("scratch"), mul(get("k"), i32(4)))),
    set("low", vadd(get("low"), load(get("from")))),
    set("high", vadd(get("high"), load(get("from"), 16))),
  ]),
  set("low", vadd(get("low"), get("high"))),
  set("total", call2("f32.add", call2("f32.add", lane(0), lane(1)), call2("f32.add", lane(2), lane(3)))),
];

/** Four quotients at a time to their places. */
const quotients = (): readonly string[] => [
  set("to", add(get("out"), get("offset"))),
  forEach("k", i32(0), get("n"), 4, [
    set("low", load(add(get("scratch"), mul(get("k"), i32(4))))),
    set("low", call2("f32x4.div", get("low"), `(f32x4.splat ${get("total")})`)),
    ...narrow("high", "low", "abs"),
    ...[0, 1, 2, 3].map((n) =>
      when(call2("i32.lt_u", add(get("k"), i32(n)), get("n")), [
        `(i32.store16 ${get("to")} (i32x4.extract_lane ${n} ${get("high")}))`,
        set("to", add(get("to"), get("step"))),
      ]),
    ),
  ]),
];

/** Items are rows: of n elements `stride` apart, and as many rows lie between one another. */
const softmax = kernel(
  "softmax",
  ["x", "out", "n", "stride"],
  {
    i32: ["i", "k", "row", "offset", "from", "to", "step", "padded", "bits"],
    f32: ["value", "top", "total"],
    v128: ["low", "high", "abs"],
  },
  [
    set("step", mul(get("stride"), i32(2))),
    set("padded", call2("i32.and", add(get("n"), i32(7)), i32(-8))),
    forEach("i", get("begin"), get("end"), 1, [
      set("offset", mul(call2("i32.div_u", get("i"), get("stride")), mul(get("stride"), get("n")))),
      set("offset", mul(add(get("offset"), call2("i32.rem_u", get("i"), get("stride"))), i32(2))),
      set("row", add(get("x"), get("offset"))),
      set("from", get("row")),
      set("top", "(f32.const -inf)"),
      forEach("k", i32(0), get("n"), 1, [...next(), set("top", call2("f32.max", get("top"), get("value")))]),
      ...exponentials(),
      ...laneTotal(),
      ...quotients(),
    ]),
  ],
);

/** The export `softmax`. */
export const softmaxKernels: readonly string[] = [softmax];
