/**
 * Σₖ x[k, i] · x[k, j] for j from i on, in fp32: the products of a matrix's columns with each other. Columns lie in panels of eight, the k of
 * a panel below each other, and every `chunk` of them is added up on its own, so that the error of a long sum stays small.
 */
import { add, call2, forEach, get, i32, kernel, lanes, load, min, mul, set, store, vadd, vmul } from "./text.ts";

const ROWS = [0, 1, 2, 3] as const;
const HALVES = [0, 16] as const;
const acc = (row: number, half: number): string => `a${row}${half}`;
const accs = ROWS.flatMap((row) => HALVES.map((half) => acc(row, half)));

/** One k of four columns against eight. */
const step: readonly string[] = [
  ...HALVES.map((half) => set(`v${half}`, load(get("pj"), half))),
  ...ROWS.flatMap((row) => [
    set("s", `(v128.load32_splat offset=${4 * row} ${get("pi")})`),
    ...HALVES.map((half) => set(acc(row, half), vadd(get(acc(row, half)), vmul(get("s"), get(`v${half}`))))),
  ]),
];

const addTo = (row: number): readonly string[] => [
  ...HALVES.map((half) => store(get("to"), vadd(load(get("to"), half), get(acc(row, half))), half)),
  set("to", add(get("to"), get("rowBytes"))),
];

/** Item n is columns 4n to 4n + 3; the result is added to what lies at `out`. */
const gramKernel = kernel(
  "gram",
  ["panels", "panelBytes", "K", "chunk", "out", "rowBytes", "count"],
  { i32: ["item", "panel", "k", "kEnd", "pi", "pj", "to"], v128: [...accs, "v0", "v16", "s"] },
  [
    forEach("item", get("begin"), get("end"), 1, [
      forEach("panel", call2("i32.shr_u", get("item"), i32(1)), get("count"), 1, [
        set("k", i32(0)),
        "(loop $chunks",
        set("kEnd", min(get("K"), add(get("k"), get("chunk")))),
        ...accs.map((a) => set(a, lanes(0))),
        set("pj", add(add(get("panels"), mul(get("panel"), get("panelBytes"))), mul(get("k"), i32(32)))),
        set(
          "pi",
          add(
            add(get("panels"), mul(call2("i32.shr_u", get("item"), i32(1)), get("panelBytes"))),
            add(mul(get("k"), i32(32)), mul(call2("i32.and", get("item"), i32(1)), i32(16))),
          ),
        ),
        forEach("k", get("k"), get("kEnd"), 1, [
          ...step,
          set("pi", add(get("pi"), i32(32))),
          set("pj", add(get("pj"), i32(32))),
        ]),
        set("to", add(add(get("out"), mul(mul(get("item"), i32(4)), get("rowBytes"))), mul(get("panel"), i32(32)))),
        ...ROWS.flatMap(addTo),
        `(br_if $chunks (i32.lt_u ${get("k")} ${get("K")})))`,
      ]),
    ]),
  ],
);

/** Exports gram. */
export const gramKernels: readonly string[] = [gramKernel];
