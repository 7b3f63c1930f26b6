/** The inner loop of rows times vectors: eight k of a tile of rows and tokens, whatever the rows hold. */
import { unpackCode, widenScaled } from "./half.ts";
import { add, call2, get, i32, lanes, load, mul, set, store, vadd, vmul } from "./text.ts";

/** How many rows and tokens one pass of the inner loop works on; one of the two is 4. */
export interface Tile {
  readonly rows: number;
  readonly tokens: number;
}

/** 0 to n − 1. */
export const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** The lanes of even place of two vectors. */
export const even = (a: string, b: string) => `(i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 ${a} ${b})`;
/** The lanes of odd place of two vectors. */
export const odd = (a: string, b: string) => `(i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 ${a} ${b})`;

/** What the rows hold: finite fp16, fp32, or int8 codes of a scale in local `s<row>`. */
export type Rows = "half" | "full" | "codes";

/** Bytes of eight k of a row. */
const EIGHT: Readonly<Record<Rows, number>> = { half: 16, full: 32, codes: 8 };

/** Eight k of row r into locals `v<r>l` and `v<r>h`. */
function weights(r: number, rows: Rows): readonly string[] {
  const [low, high] = [`v${r}l`, `v${r}h`];
  if (rows === "half") return [set(low, widenScaled(get(`w${r}`))), set(high, widenScaled(get(`w${r}`), 8))];
  if (rows === "full") return [set(low, load(get(`w${r}`))), set(high, load(get(`w${r}`), 16))];
  return [
    set(low, `(v128.load8x8_s ${get(`w${r}`)})`),
    set(high, `(i32x4.extend_high_i16x8_s ${get(low)})`),
    set(low, `(i32x4.extend_low_i16x8_s ${get(low)})`),
    ...unpackCode(low, `s${r}`, "abs"),
    ...unpackCode(high, `s${r}`, "abs"),
  ];
}

/** Eight k of every row and token of the tile; the pointers move on. */
export function step(tile: Tile, rows: Rows): readonly string[] {
  const product = (acc: string, w: string, offset: number) =>
    set(acc, vadd(get(acc), vmul(get(w), load(get("px"), offset))));
  return [
    ...range(tile.rows).flatMap((r) => weights(r, rows)),
    ...range(tile.tokens).flatMap((t) =>
      range(tile.rows).flatMap((r) => [
        product(`a${r}${t}l`, `v${r}l`, 32 * t),
        product(`a${r}${t}h`, `v${r}h`, 32 * t + 16),
      ]),
    ),
    ...range(tile.rows).map((r) => set(`w${r}`, add(get(`w${r}`), i32(EIGHT[rows])))),
    set("px", add(get("px"), i32(32 * tile.tokens))),
  ];
}

/** The last K mod 8 elements of each row, moved to zeroed scratch so that nothing behind the row is read. */
export function tail(tile: Tile, rows: Rows): readonly string[] {
  const rest = call2("i32.and", get("K"), i32(7));
  const bytes = mul(rest, i32(EIGHT[rows] / 8));
  return range(tile.rows).flatMap((r) => [
    store(get("scratch"), lanes(0), 16 * r),
    `(memory.copy ${add(get("scratch"), i32(16 * r))} ${get(`w${r}`)} ${bytes})`,
    set(`w${r}`, add(get("scratch"), i32(16 * r))),
  ]);
}
