/**
 * Rows times vectors: out[row, token] = Σₖ w[row, k] · x[token, k], in the order of `laneSum` (src/passes/interpret/reading.ts).
 * A 128-bit accumulator holds lanes 0..3 and another 4..7, so a token's sums never depend on how many tokens there
 * are. With `chunk` below K the sums of the chunks are rounded to fp16 and added in fp16 (../accumulate.ts).
 */
import { narrow, widen, widenOne } from "./half.ts";
import { even, odd, type Rows, range, step, type Tile, tail } from "./rows.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, min, mul, set, store, vadd, when } from "./text.ts";

const WORDS = [
  "w",
  "wStride",
  "x",
  "K",
  "chunk",
  "rounding",
  "out",
  "rowStride",
  "tokenStride",
  "live",
  "wide",
  "bias",
];
const accs = ({ rows, tokens }: Tile): readonly string[] =>
  range(rows).flatMap((r) => range(tokens).flatMap((t) => [`a${r}${t}l`, `a${r}${t}h`]));

const pairs = (a: string, b: string) => vadd(even(a, b), odd(a, b));

/** The four sums of the tile into local `r`: lanes j and j+4 first, then (l₀ + l₁) + (l₂ + l₃). */
function laneTotals(tile: Tile): readonly string[] {
  const sums = range(tile.rows).flatMap((r) => range(tile.tokens).map((t) => `a${r}${t}`));
  return [
    ...sums.map((a) => set(`${a}l`, vadd(get(`${a}l`), get(`${a}h`)))),
    ...[0, 2].map((n) => set(`${sums[n]}l`, pairs(get(`${sums[n]}l`), get(`${sums[n + 1]}l`)))),
    set("r", pairs(get(`${sums[0]}l`), get(`${sums[2]}l`))),
  ];
}

/** Rounds local `name` to fp16 and back to fp32. */
const roundLanes = (name: string): readonly string[] => [
  ...narrow("bits", name, "abs"),
  store(get("scratch"), call2("i16x8.narrow_i32x4_u", get("bits"), get("bits"))),
  ...widen(name, get("scratch"), "abs"),
];

/** Sums over K, chunk by chunk, into local `total`. */
function sumChunks(tile: Tile, rows: Rows): readonly string[] {
  const whole = call2("i32.and", get("K"), i32(-8));
  const padded = rows !== "full" ? whole : call2("i32.and", add(get("K"), i32(7)), i32(-8));
  const rounded = [...roundLanes("r"), set("total", vadd(get("total"), get("r"))), ...roundLanes("total")];
  return [
    set("total", lanes(0)),
    set("px", get("x")),
    set("k", i32(0)),
    `(loop $chunks`,
    ...accs(tile).map((a) => set(a, lanes(0))),
    set(
      "kEnd",
      `(select ${get("K")} ${add(get("k"), get("chunk"))} (i32.ge_u ${add(get("k"), get("chunk"))} ${get("K")}))`,
    ),
    set("kEnd8", min(get("kEnd"), padded)),
    when(`(i32.eq ${get("kEnd")} ${get("K")})`, [set("kEnd8", padded)]),
    `(block $out (loop $again (br_if $out (i32.ge_u ${get("k")} ${get("kEnd8")}))`,
    ...step(tile, rows),
    set("k", add(get("k"), i32(8))),
    "(br $again)))",
    ...(rows !== "full"
      ? [when(`(i32.lt_u ${get("k")} ${get("kEnd")})`, [...tail(tile, rows), ...step(tile, rows), set("k", get("K"))])]
      : []),
    ...laneTotals(tile),
    when(get("rounding"), rounded, [set("total", get("r"))]),
    `(br_if $chunks (i32.lt_u ${get("k")} ${get("K")})))`,
  ];
}

/** Stores the first `live` lanes of `total`, as fp16 or fp32, `stride` bytes apart from local `to` on. */
function storeLanes(live: string, stride: string): readonly string[] {
  const lane = (n: number, how: string) => [
    when(`(i32.gt_u ${live} ${i32(n)})`, [how]),
    set("to", add(get("to"), stride)),
  ];
  const half = (n: number) => lane(n, `(i32.store16 ${get("to")} (i32x4.extract_lane ${n} ${get("bits")}))`);
  const full = (n: number) => lane(n, `(f32.store ${get("to")} (f32x4.extract_lane ${n} ${get("total")}))`);
  return [when(get("wide"), range(4).flatMap(full), [...narrow("bits", "total", "abs"), ...range(4).flatMap(half)])];
}

function locals(tile: Tile) {
  const weights = range(tile.rows);
  return {
    i32: [...weights.map((r) => `w${r}`), "px", "k", "kEnd", "kEnd8", "row", "to", "left"],
    v128: [...accs(tile), ...weights.flatMap((r) => [`v${r}l`, `v${r}h`]), "r", "total", "bits", "abs"],
  };
}

/** Row `row + r`, or the last one: a tile at the end works on some row twice rather than on one that is not there. */
export const rowOf = (r: number): string =>
  r === 0 ? get("row") : min(add(get("row"), i32(r)), call2("i32.sub", get("end"), i32(1)));

function finish(tile: Tile): readonly string[] {
  const bias = add(get("bias"), mul(get("row"), i32(4)));
  const four = tile.rows === 4;
  return [
    when(get("bias"), [set("total", vadd(get("total"), four ? load(bias) : `(v128.load32_splat ${bias})`))]),
    set("to", add(get("out"), mul(get("row"), get("rowStride")))),
    set("left", four ? min(call2("i32.sub", get("end"), get("row")), i32(4)) : get("live")),
    ...storeLanes(get("left"), get(four ? "rowStride" : "tokenStride")),
  ];
}

/** Weights are finite fp16 rows with contiguous k, x is scaled by 2^112. */
const halfKernel = (name: string, tile: Tile): string =>
  kernel(name, WORDS, locals(tile), [
    forEach("row", get("begin"), get("end"), tile.rows, [
      ...range(tile.rows).map((r) => set(`w${r}`, add(get("w"), mul(rowOf(r), get("wStride"))))),
      ...sumChunks(tile, "half"),
      ...finish(tile),
    ]),
  ]);

/** Weights are int8 rows with contiguous k, each with a fp16 scale (`unpackCode` says which); x is as it is. */
function codesKernel(name: string, tile: Tile): string {
  const own = locals(tile);
  const scales = range(tile.rows).map((r) => `s${r}`);
  const more = { i32: [...own.i32, "half"], f32: ["value"], v128: [...own.v128, ...scales] };
  return kernel(name, [...WORDS, "scales"], more, [
    forEach("row", get("begin"), get("end"), tile.rows, [
      ...range(tile.rows).flatMap((r) => [
        set(`w${r}`, add(get("w"), mul(rowOf(r), get("wStride")))),
        set("half", `(i32.load16_u ${add(get("scales"), mul(rowOf(r), i32(2)))})`),
        ...widenOne("value", "half"),
        set(`s${r}`, `(f32x4.splat ${get("value")})`),
      ]),
      ...sumChunks(tile, "codes"),
      ...finish(tile),
    ]),
  ]);
}

/** Row r of the tile as fp32 at local `to`, padded with zeros to a multiple of 8. */
const gatherRow = (r: number): readonly string[] => [
  set("from", add(get("w"), mul(rowOf(r), get("wStride")))),
  set(`w${r}`, get("to")),
  forEach("k", i32(0), call2("i32.and", add(get("K"), i32(7)), i32(-8)), 1, [
    set("value", "(f32.const 0)"),
    when(`(i32.lt_u ${get("k")} ${get("K")})`, [
      when(
        get("wHalf"),
        [set("half", `(i32.load16_u ${get("from")})`), ...widenOne("value", "half")],
        [set("value", `(f32.load ${get("from")})`)],
      ),
    ]),
    `(f32.store ${get("to")} ${get("value")})`,
    set("to", add(get("to"), i32(4))),
    set("from", add(get("from"), get("kStride"))),
  ]),
];

/**
 * Weights of any value and layout: fp16 or fp32 (`wHalf`), k `kStride` bytes apart. Rows are first copied to scratch,
 * behind the 64 bytes that rounding uses.
 */
function gatherKernel(name: string, tile: Tile): string {
  const own = locals(tile);
  return kernel(name, [...WORDS, "kStride", "wHalf"], { ...own, i32: [...own.i32, "from", "half"], f32: ["value"] }, [
    forEach("row", get("begin"), get("end"), tile.rows, [
      set("to", add(get("scratch"), i32(64))),
      ...range(tile.rows).flatMap(gatherRow),
      ...sumChunks(tile, "full"),
      ...finish(tile),
    ]),
  ]);
}

/** Exports dot_RxT, codes_RxT and gather_RxT: tiles of R rows by T tokens. */
export const dotKernels: readonly string[] = [
  halfKernel("dot_1x4", { rows: 1, tokens: 4 }),
  halfKernel("dot_4x1", { rows: 4, tokens: 1 }),
  codesKernel("codes_1x4", { rows: 1, tokens: 4 }),
  codesKernel("codes_4x1", { rows: 4, tokens: 1 }),
  gatherKernel("gather_1x4", { rows: 1, tokens: 4 }),
  gatherKernel("gather_4x1", { rows: 4, tokens: 1 }),
];
