/**
 * Rows times vectors in the engine's fixed point (src/passes/engine/multiply-add.ts), before bias and rounding to fp16. A product of
 * two fp16 has 22 bits, so it is exact in fp32, and so is it in units of 2^-16; half a unit is added away from zero and the rest cut
 * off. That sum may be off in fp32 only where the product has no halves, and then the even neighbour it falls to is the product.
 * Sums have 32 bits and do not depend on their order; the sum of magnitudes beside each tells whether one may have gone beyond them.
 */
import { rowOf } from "./dot.ts";
import { widenScaled } from "./half.ts";
import { even, odd, range, type Tile, tail } from "./rows.ts";
import { add, call2, forEach, get, i32, kernel, lanes, load, mul, set, store, vadd, vmul, when } from "./text.ts";

/** `least`: for each packed element the smallest magnitude of a weight with which its product is not lost. Results: sums, magnitudes, lost. */
const WORDS = ["w", "wStride", "kStride", "x", "least", "K", "sums", "magnitudes", "lost"];
/** 2^112 as fp32. */
const BIAS_SCALE = 0x77800000;
const [SIGN, HALF_UNIT, MAGNITUDE] = [0x80000000 | 0, 0x3f000000, 0x7fffffff];

const cells = ({ rows, tokens }: Tile): readonly string[] =>
  range(rows).flatMap((r) => range(tokens).map((t) => `${r}${t}`));

/** Eight weights of row r, in four and four; exponent field 31 is nothing special to the engine, nor to the scaled form. */
const weights = (r: number): readonly string[] =>
  ["l", "h"].flatMap((part, n) => [
    set(`v${r}${part}`, vmul(widenScaled(get(`w${r}`), 8 * n), lanes(BIAS_SCALE))),
    set(`u${r}${part}`, call2("v128.and", get(`v${r}${part}`), lanes(MAGNITUDE))),
  ]);

/** Four products into the sums of a cell. */
function product(cell: string, weight: string, offset: number): readonly string[] {
  const half = call2("v128.or", call2("v128.and", get("v"), lanes(SIGN)), lanes(HALF_UNIT));
  return [
    set("v", vmul(get(`v${weight}`), load(get("px"), offset))),
    set("some", call2("f32x4.ne", get("v"), lanes(0))),
    set("v", call2("v128.and", get("v"), call2("f32x4.ge", get(`u${weight}`), load(get("pl"), offset)))),
    set(`m${cell}`, vadd(get(`m${cell}`), call2("v128.and", get("v"), lanes(MAGNITUDE)))),
    set("q", `(i32x4.trunc_sat_f32x4_s ${vadd(get("v"), half)})`),
    set(`s${cell}`, call2("i32x4.add", get(`s${cell}`), get("q"))),
    set(
      `n${cell}`,
      call2("i32x4.sub", get(`n${cell}`), call2("v128.and", get("some"), call2("i32x4.eq", get("q"), lanes(0)))),
    ),
  ];
}

const step = (tile: Tile): readonly string[] => [
  ...range(tile.rows).flatMap(weights),
  ...range(tile.tokens).flatMap((t) =>
    range(tile.rows).flatMap((r) => [
      ...product(`${r}${t}`, `${r}l`, 32 * t),
      ...product(`${r}${t}`, `${r}h`, 32 * t + 16),
    ]),
  ),
  ...range(tile.rows).map((r) => set(`w${r}`, add(get(`w${r}`), i32(16)))),
  ...["px", "pl"].map((p) => set(p, add(get(p), i32(32 * tile.tokens)))),
];

/** Row r as stored, from elements `kStride` bytes apart, into scratch; zeros behind it. */
const gathered = (r: number): readonly string[] => [
  set("from", add(get("w"), mul(rowOf(r), get("wStride")))),
  set(`w${r}`, get("to")),
  forEach("k", i32(0), get("K"), 1, [
    `(i32.store16 ${get("to")} (i32.load16_u ${get("from")}))`,
    set("to", add(get("to"), i32(2))),
    set("from", add(get("from"), get("kStride"))),
  ]),
  forEach("k", get("K"), call2("i32.and", add(get("K"), i32(7)), i32(-8)), 1, [
    `(i32.store16 ${get("to")} (i32.const 0))`,
    set("to", add(get("to"), i32(2))),
  ]),
];

/** The four lanes of each of four vectors added up, as one vector. */
function total(four: readonly string[], how: string): string {
  const pairs = (a: string, b: string) => call2(how, even(a, b), odd(a, b));
  const [a, b, c, d] = four.map(get) as [string, string, string, string];
  return pairs(pairs(a, b), pairs(c, d));
}

/** `contiguous`: a row's elements lie one behind another. The others are copied to scratch first. */
function fixedPoint(name: string, tile: Tile, contiguous: boolean): string {
  const whole = contiguous ? call2("i32.and", get("K"), i32(-8)) : call2("i32.and", add(get("K"), i32(7)), i32(-8));
  const rest = when(`(i32.lt_u ${get("k")} ${get("K")})`, [...tail(tile, "half"), ...step(tile)]);
  const result = (word: string, four: string, how: string) =>
    store(
      add(get(word), mul(get("row"), i32(4 * tile.tokens))),
      total(
        cells(tile).map((cell) => four + cell),
        how,
      ),
    );
  const own = range(tile.rows);
  const locals = {
    i32: [...own.map((r) => `w${r}`), "px", "pl", "k", "row", "from", "to"],
    v128: [
      ...cells(tile).flatMap((cell) => [`s${cell}`, `m${cell}`, `n${cell}`]),
      ...own.flatMap((r) => [`v${r}l`, `v${r}h`, `u${r}l`, `u${r}h`]),
      ...["v", "q", "some"],
    ],
  };
  const sums = (how: (local: string) => string) =>
    cells(tile).flatMap((cell) => ["s", "m", "n"].map((kind) => how(kind + cell)));
  return kernel(name, WORDS, locals, [
    forEach("row", get("begin"), get("end"), tile.rows, [
      set("to", add(get("scratch"), i32(64))),
      ...(contiguous
        ? own.map((r) => set(`w${r}`, add(get("w"), mul(rowOf(r), get("wStride")))))
        : own.flatMap(gathered)),
      ...sums((local) => set(local, lanes(0))),
      set("px", get("x")),
      set("pl", get("least")),
      forEach("k", i32(0), whole, 8, step(tile)),
      contiguous ? rest : "",
      result("sums", "s", "i32x4.add"),
      result("magnitudes", "m", "f32x4.add"),
      result("lost", "n", "i32x4.add"),
    ]),
  ]);
}

/** Exports fixed_RxT and fixed_gather_RxT: tiles of R rows by T tokens. */
export const fixedPointKernels: readonly string[] = [
  fixedPoint("fixed_1x4", { rows: 1, tokens: 4 }, true),
  fixedPoint("fixed_4x1", { rows: 4, tokens: 1 }, true),
  fixedPoint("fixed_gather_1x4", { rows: 1, tokens: 4 }, false),
  fixedPoint("fixed_gather_4x1", { rows: 4, tokens: 1 }, false),
];
