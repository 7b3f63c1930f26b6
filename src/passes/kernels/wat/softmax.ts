/** softmax of fp16 rows: what its meaning says, with each exponential computed once instead of twice. */
import { EXPONENTIAL_LOCALS, exponential } from "./exp.ts";
import { narrow, widen, widenOne } from "./half.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, mul, set, store, vadd, when } from "./text.ts";

/** Where element k of the row lies in scratch. */
const place = add(get("scratch"), mul(get("k"), i32(4)));

/** The row as fp32 into scratch, the greatest of it into all lanes of local `top`. */
const widened = (): readonly string[] => [
  set("from", get("row")),
  set("top", "(f32x4.splat (f32.const -inf))"),
  set("k", i32(0)),
  when(`(i32.eq ${get("stride")} ${i32(1)})`, [
    forEach("k", i32(0), call2("i32.and", get("n"), i32(-4)), 4, [
      ...widen("low", get("from"), "abs"),
      store(place, get("low")),
      set("top", call2("f32x4.max", get("top"), get("low"))),
      set("from", add(get("from"), i32(8))),
    ]),
  ]),
  forEach("k", get("k"), get("n"), 1, [
    set("bits", `(i32.load16_u ${get("from")})`),
    ...widenOne("value", "bits"),
    `(f32.store ${place} ${get("value")})`,
    set("top", call2("f32x4.max", get("top"), `(f32x4.splat ${get("value")})`)),
    set("from", add(get("from"), get("step"))),
  ]),
  set("top", call2("f32x4.max", get("top"), shuffled("top", "8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7"))),
  set("top", call2("f32x4.max", get("top"), shuffled("top", "4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11"))),
];

const shuffled = (x: string, bytes: string): string => `(i8x16.shuffle ${bytes} ${get(x)} ${get(x)})`;

/** The exponentials in their places, zeros behind them to a multiple of 8. */
const exponentials = (): readonly string[] => [
  forEach("k", i32(0), get("n"), 4, [
    set("to", place),
    set("low", call2("f32x4.sub", load(get("to")), get("top"))),
    ...exponential("low", "to"),
  ]),
  forEach("k", get("n"), get("padded"), 1, [`(f32.store ${place} (f32.const 0))`]),
];

const lane = (n: number): string => `(f32x4.extract_lane ${n} ${get("low")})`;

/** Their sum in the order of `laneSum` (src/passes/interpret/reading.ts), into local `total`: a zero more changes no lane. */
const laneTotal = (): readonly string[] => [
  set("low", lanes(0)),
  set("high", lanes(0)),
  forEach("k", i32(0), get("padded"), 8, [
    set("from", place),
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
    set("low", call2("f32x4.div", load(place), `(f32x4.splat ${get("total")})`)),
    ...narrow("high", "low", "abs"),
    when(
      `(i32.and (i32.eq ${get("stride")} ${i32(1)}) (i32.le_u ${add(get("k"), i32(4))} ${get("n")}))`,
      [
        `(v128.store64_lane 0 ${get("to")} ${call2("i16x8.narrow_i32x4_u", get("high"), get("high"))})`,
        set("to", add(get("to"), i32(8))),
      ],
      [0, 1, 2, 3].map((n) =>
        when(call2("i32.lt_u", add(get("k"), i32(n)), get("n")), [
          `(i32.store16 ${get("to")} (i32x4.extract_lane ${n} ${get("high")}))`,
          set("to", add(get("to"), get("step"))),
        ]),
      ),
    ),
  ]),
];

/** Items are rows: of n elements `stride` apart, and as many rows lie between one another. */
const softmax = kernel(
  "softmax",
  ["x", "out", "n", "stride"],
  {
    i32: ["i", "k", "row", "offset", "from", "to", "step", "padded", "bits"],
    f32: ["value", "total"],
    v128: ["low", "high", "abs", "top", ...EXPONENTIAL_LOCALS],
  },
  [
    set("step", mul(get("stride"), i32(2))),
    set("padded", call2("i32.and", add(get("n"), i32(7)), i32(-8))),
    forEach("i", get("begin"), get("end"), 1, [
      set("offset", mul(call2("i32.div_u", get("i"), get("stride")), mul(get("stride"), get("n")))),
      set("offset", mul(add(get("offset"), call2("i32.rem_u", get("i"), get("stride"))), i32(2))),
      set("row", add(get("x"), get("offset"))),
      ...widened(),
      ...exponentials(),
      ...laneTotal(),
      ...quotients(),
    ]),
  ],
);

/** The export `softmax`. */
export const softmaxKernels: readonly string[] = [softmax];
