/** Faults of weights: rows and columns of one tensor, transposition, and names that imitate an input, a state or a cut. */
import { type Fault, type Faults, op, part, type Value, W } from "./fault.ts";

const linear = (x: Value, name: string, options: object = {}): Value => op.linear(x, W(name, [4, 4], options));
/** One part of a tensor or another. */
const parts = (good: object, wrong: object): Fault => ({
  make: ({ x }, bad) => linear(x, "w", bad ? wrong : good),
});

/** Names that a term, a signature or an object might confuse with something of its own. */
const ODD = ["x", "mask", "attn_mask", "k₀", "cut 0", "w0", "fp16 w", "constructor", "__proto__", "weight w"] as const;

/** A weight against an input of the same name. */
const likeInput = (name: string): Fault => ({
  make: (f, bad) => op.mul(f.rows("r", 3), bad ? W(name, [3]) : f.shared(name, [3])),
});
/** A weight against a state of that name, or shown under that name. */
const likeState = (state: string, name: string): Fault => ({
  make: (f, bad) => {
    const old = f.state(state, [4]);
    return op.mul(f.x, bad ? W(name, [4]) : old);
  },
});
/** Two weights whose names are alike. */
const apart = (good: string, wrong: string): Fault => ({ make: ({ x }, bad) => linear(x, bad ? wrong : good) });

export const WEIGHT: Faults = {
  "rows one further": parts({ rows: [0, 4] }, { rows: [1, 5] }),
  "rows of the next part": parts({ rows: [0, 4] }, { rows: [4, 8] }),
  "the last part for the middle one": parts({ rows: [4, 8] }, { rows: [8, 12] }),
  "columns one further": parts({ columns: [0, 4] }, { columns: [1, 5] }),
  "columns for rows": parts({ rows: [4, 8] }, { columns: [4, 8] }),
  "rows of other columns": parts({ rows: [0, 4], columns: [0, 4] }, { rows: [0, 4], columns: [4, 8] }),
  "other rows of the same columns": parts({ rows: [0, 4], columns: [0, 4] }, { rows: [4, 8], columns: [0, 4] }),
  "not transposed": parts({ transform: "transpose" }, {}),
  "transposed rows": parts({ rows: [0, 4], transform: "transpose" }, { rows: [0, 4] }),
  "other rows transposed": parts({ rows: [0, 4], transform: "transpose" }, { rows: [4, 8], transform: "transpose" }),
  "a part of one tensor, sliced from the product with all of it": {
    make: ({ x }, bad) => linear(x, "w", { rows: bad ? [3, 7] : [4, 8] }),
    step: ({ x }) => part(op.matmul(x, W("w", [8, 4]), { transpose_y: true }), 1, 4, 4),
  },
  "gate and up swapped": {
    make: ({ x }, bad) => {
      const [a, b] = bad ? ["up", "gate"] : ["gate", "up"];
      return op.mul(op.silu(linear(x, a!)), linear(x, b!));
    },
  },
  "a bias left out": {
    make: ({ x }, bad) => op.linear(x, W("w", [4, 4]), bad ? {} : { bias: W("b", [4]) }),
  },
  "the bias of another tensor": {
    make: ({ x }, bad) => op.linear(x, W("w", [4, 4]), { bias: W(bad ? "b" : "w.bias", [4]) }),
  },
  ...Object.fromEntries(
    ODD.filter((name) => name !== "x" && name !== "mask" && name !== "attn_mask").map((name) => [
      `a weight for the shared input "${name}"`,
      likeInput(name),
    ]),
  ),
  'a weight "k₀" for the state k at entry': likeState("k", "k₀"),
  'a weight "k" for the state k': likeState("k", "k"),
  'a weight "state k" for the state k': likeState("k", "fp16 k"),
  ...Object.fromEntries(ODD.map((name) => [`a weight "${name}" for another`, apart("w", name)])),
  "names that only differ in case": apart("w", "W"),
};
