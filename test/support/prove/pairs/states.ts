/** States beside the cache: accumulators, states that pass through, that are written twice, or read after they are written. */
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { edited } from "./dag.ts";
import { codeOf, type Edited, type PairDraw } from "./draw.ts";
import { nameOf } from "./names.ts";
import { call, castTo, numberLike, pick } from "./value.ts";

/** Some states of [1, 1, S, D], or without cache rows, under an instruction after another. */
export function statesGraph(draw: PairDraw, T: number, side: "block" | "step"): Graph {
  const { knobs, slots: S, sizes, names } = draw;
  const name = (n: string) => nameOf(names, n);
  const D = sizes[1];
  const x: Tensor = input(name("x"), [1, 1, T, D]);
  const mask: Tensor = input("attn_mask", [1, 1, T, S]);
  const slot: Tensor = input("kv_write_mask", [1, 1, S, T]);
  const entries: readonly Tensor[] = [
    state(name("k"), [1, 1, S, D]),
    state(name("v"), [1, 1, S, D]),
    state(name("acc"), [1, 1, 1, D]),
    state(name("extra"), [D]),
  ];
  const now = [...entries];
  const env: Env = { x, slot, mask, w: weight(nameOf(names, "w", "weight"), [D]), T };
  let row = x;
  for (const step of codeOf(draw, side)) {
    if (step.op % 3 === 0) {
      const at = step.a % 2;
      now[at] = edited({ x: cacheStep(now[at]!, row, step, env) }, step).x;
    } else if (step.op % 3 === 1) {
      row = edited({ x: rowStep(row, now[step.a % 2]!, entries[step.b % 4]!, step, env), token: 2 }, step).x;
    } else if (knobs[0]! % 4 === 0) now[2 + (step.a % 2)] = accumulate(now[2 + (step.a % 2)]!, row, step);
  }
  const used = now.map((exit, n) => [entries[n]!, exit] as const);
  return graph({
    name: `states_t${T}`,
    inputs: [x, mask, slot],
    states: knobs[1]! % 3 === 0 ? used.toReversed() : used,
    outputs: { [name("out0")]: castTo(row, "fp16") },
  });
}

interface Env {
  readonly x: Tensor;
  readonly slot: Tensor;
  readonly mask: Tensor;
  readonly w: Tensor;
  readonly T: number;
}

/** A cache written once more. */
function cacheStep(old: Tensor, row: Tensor, { op, k, b, swapped }: Edited, { slot, w, x }: Env): Tensor {
  const total = call("reduce_sum", slot, { axes: [3], keep_dims: true });
  const fresh = call("matmul", slot, castTo(b % 4 === 0 ? x : row, "fp16"));
  const kept = call("mul", old, call("sub", constant([1], [1]), total));
  const hit = call("less", constant([0.5], [1]), total);
  switch (Math.floor(op / 3) % 10) {
    case 0:
    case 1:
    case 2:
      return swapped ? call("add", fresh, kept) : call("add", kept, fresh);
    case 3:
      return call("select", hit, fresh, old);
    case 4:
      return call("add", old, fresh);
    case 5:
      return call("maximum", old, fresh);
    case 6:
      return call("mul", old, numberLike(old, pick([1, 0.5, 2, -1, 0], k)));
    case 7:
      return call("add", kept, call("mul", fresh, w));
    case 8:
      return call("select", hit, call("add", fresh, old), old);
    default:
      return call("add", old, call("mul", total, w));
  }
}

/** The rows once more, by themselves or with what the caches hold. */
function rowStep(
  row: Tensor,
  cache: Tensor,
  entry: Tensor,
  { op, k, swapped }: Edited,
  { mask, slot, w, x }: Env,
): Tensor {
  const attend = (keys: Tensor) => {
    const scores = call("add", call("matmul", row, keys, { transpose_y: true }), mask);
    return call("matmul", call("softmax", scores, { axis: 3 }), cache);
  };
  const whole = entry.type.shape.length === 4 && entry.type.shape[2] !== 1;
  switch (Math.floor(op / 3) % 9) {
    case 0:
    case 1:
      return attend(cache);
    case 2:
      return whole ? attend(entry) : call("add", row, entry);
    case 3:
      return swapped ? call("mul", w, row) : call("mul", row, w);
    case 4:
      return call("add", row, call("reduce_sum", cache, { axes: [2], keep_dims: true }));
    case 5:
      return call("add", row, call("matmul", slot, cache, { transpose_x: true }));
    case 6:
      return call(pick(["tanh", "square", "abs"], k), row);
    case 7:
      return call("add", row, x);
    default:
      return whole ? call("add", row, call("matmul", slot, entry, { transpose_x: true })) : call("mul", row, entry);
  }
}

/** A state without cache rows, that takes something of every token. */
function accumulate(old: Tensor, row: Tensor, { k, b }: Edited): Tensor {
  const flat = (y: Tensor) => (old.type.shape.length === 1 ? call("reshape", y, { shape: old.type.shape }) : y);
  const over = (how: string) => flat(call(how, castTo(row, "fp16"), { axes: [2], keep_dims: true }));
  switch (k % 6) {
    case 0:
      return call("add", old, over("reduce_sum"));
    case 1:
      return call("maximum", old, over("reduce_max"));
    case 2:
      return call("minimum", old, over("reduce_min"));
    case 3:
      return call("mul", old, numberLike(old, pick([1, 0.5, 0], b)));
    case 4:
      return call("maximum", old, call("mul", over("reduce_max"), numberLike(old, 2)));
    default:
      return call("identity", old);
  }
}
