/** Layers of attention whose sliding window lies in a ring buffer: the row of a token is its position modulo N. */
import { type Feeds, op, table_, type Value, W } from "./corpus/fault.ts";

/** How a layer is made; what is not said is as it should be. */
export interface Ring {
  /** Rows of the ring, and what positions are taken modulo to write. */
  readonly N: number;
  readonly modulo?: number;
  /** How many rows a token sees, its own among them. */
  readonly window: number;
  /** How the mask asks: by the age of a row alone, by that and whether it was ever written, or by whether it was written. */
  readonly mask?: "age" | "age and written" | "written";
  /** Added to the position that a row is written at. */
  readonly late?: number;
  /** The remainder as one op, or spelled. */
  readonly remainder?: "mod" | "floor_div";
  /** Rows are scattered, or blended by columns that the graph makes of the places. */
  readonly write?: "blend";
  /** Beside the ring a cache of that many rows that sees all. */
  readonly full?: number;
}

/** Positions that RoPE's table has. */
export const POSITIONS = 40;

const counting = (n: number): Value =>
  table_(
    Array.from({ length: n }, (_, k) => k),
    [n],
    "int32",
  );
const TABLE = table_(
  Array.from({ length: POSITIONS * 4 }, (_, k) => Math.round(Math.cos(0.37 * k) * 1024) / 1024),
  [POSITIONS, 4],
);

/** Positions count on from the block's first; RoPE's rows are looked up, by a narrow type and as if they could be negative. */
export function ringLayer(f: Feeds, ring: Ring): Readonly<Record<string, Value>> {
  const { N, window, modulo = N, mask = "age and written", late = 0, full } = ring;
  const at = op.add(f.first, counting(f.tokens));
  const from = op.select(op.greater_equal(at, 0), at, op.add(at, POSITIONS));
  const turn = op.gather(TABLE, op.cast(from, { dtype: "int16" }), { axis: 0 });
  const [q, k, v] = ["q", "k", "v"].map((name) => op.matmul(f.x, W(name, [4, 4])));
  const [Q, K] = [op.mul(q, turn), op.mul(k, turn)];
  const write = (name: string, rows: Value, n: number, place: Value): Value =>
    ring.write === "blend"
      ? blended(f.state(name, [n, 4]), rows, place)
      : op.scatter(f.state(name, [n, 4]), place, rows, { axis: 0, mode: "update" });
  const place = remainder(op.add(at, late), modulo, ring.remainder);
  const [keys, values] = [write("K", K!, N, place), write("V", v!, N, place)];
  const rows = op.reshape(at, { shape: [f.tokens, 1] });
  const cols = (n: number): Value => op.reshape(counting(n), { shape: [1, n] });
  const age = remainder(op.sub(rows, cols(N)), N, ring.remainder);
  const young = op.less(age, window);
  const written = op.less_equal(mask === "written" ? cols(N) : age, rows);
  const seen = { age: young, "age and written": op.logical_and(young, written), written }[mask];
  const y = attend(Q!, keys, values, seen);
  if (full === undefined) return { K: keys, V: values, y };
  const [all, allValues] = [write("allK", K!, full, at), write("allV", v!, full, at)];
  return {
    K: keys,
    V: values,
    allK: all,
    allV: allValues,
    y,
    z: attend(Q!, all, allValues, op.less_equal(cols(full), rows)),
  };
}

/** cache · (1 − Σ columns) + columns · rows, where column t is 1 at the place of token t. */
function blended(old: Value, rows: Value, place: Value): Value {
  const [n, tokens] = [old.type.shape[0]!, rows.type.shape[0]!];
  const at = op.equal(op.reshape(counting(n), { shape: [n, 1] }), op.reshape(place, { shape: [1, tokens] }));
  const columns = op.cast(at, { dtype: "fp16" });
  const kept = op.sub(1, op.reduce_sum(columns, { axes: [1], keep_dims: true }));
  return op.add(op.mul(old, kept), op.matmul(columns, rows));
}

function attend(Q: Value, K: Value, V: Value, seen: Value): Value {
  const scores = op.select(seen, op.matmul(Q, K, { transpose_y: true }), -10_000);
  return op.matmul(op.softmax(scores, { axis: 1 }), V);
}

const remainder = (x: Value, n: number, how: Ring["remainder"] = "mod"): Value =>
  how === "mod" ? op.mod(x, n) : op.sub(x, op.mul(op.floor_div(x, n), n));
