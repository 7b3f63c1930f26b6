/** Attention-like cores: what is done to scores before and after the mask, how the mask comes in, and what is shown of it. */
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { isFloat } from "../../../../src/dsl/type.ts";
import { atBorder, edited } from "./dag.ts";
import { codeOf, type Edited, type PairDraw } from "./draw.ts";
import { nameOf } from "./names.ts";
import { call, castTo, numberLike, pick, type Value } from "./value.ts";

/** What the instructions of a core may use. */
interface Core {
  readonly draw: PairDraw;
  readonly mask: Tensor;
  /** The scores before the mask came in. */
  readonly bare: Tensor;
  readonly bias: Tensor;
  readonly width: number;
}

/** A core over [1, heads, T, S], one instruction after another on the scores. */
export function maskedGraph(draw: PairDraw, T: number, side: "block" | "step"): Graph {
  const { slots: S, knobs, names } = draw;
  const [H, D] = [1 + (draw.sizes[0] % 2), draw.sizes[1]];
  const name = (n: string) => nameOf(names, n);
  const x: Tensor = input(name("x"), [1, H, T, D]);
  const mask = maskInput(draw, T);
  const slot: Tensor = input("kv_write_mask", [1, 1, S, T]);
  const bias: Tensor = input(name("bias"), [1, 1, 1, S]);
  const old: Tensor = state(name("k"), [1, H, S, D]);
  const K = written(old, slot, x, knobs[1]!);
  const scores = call("matmul", x, K, { transpose_y: true });
  const core: Core = { draw, mask: asFloat(mask.x, mask.perToken, T), bare: scores, bias, width: S };
  const shown: Tensor[] = [scores];
  const code = codeOf(draw, side);
  const joinAt = knobs[2]! % (code.length + 1);
  let value: Value = { x: scores, token: 2 };
  code.forEach((step, n) => {
    if (n === joinAt) value = { ...value, x: joined(value.x, core, knobs[3]!) };
    value = edited({ x: beside(value.x, step, core), token: 2 }, step);
    shown.push(value.x);
  });
  if (joinAt >= code.length) value = { ...value, x: joined(value.x, core, knobs[3]!) };
  const probabilities = weighed(value.x, knobs[4]!);
  const out = call("matmul", castTo(probabilities, "fp16"), K);
  const rare = knobs[5]! % 8;
  const extra =
    rare === 0
      ? { out1: atBorder(pick([...shown, value.x], knobs[6]!)) }
      : rare === 1
        ? { out1: atBorder(probabilities) }
        : {};
  return graph({
    name: `masked_t${T}`,
    inputs: [x, mask.input, slot, bias],
    states: [[old, K]],
    outputs: { [name("out0")]: out, ...renamed(extra, name) },
  });
}

const renamed = (outputs: Readonly<Record<string, Tensor>>, name: (n: string) => string) =>
  Object.fromEntries(Object.entries(outputs).map(([n, x]) => [name(n), x]));

interface Mask {
  readonly input: Tensor;
  readonly x: Tensor;
  readonly perToken: boolean;
}

/** The mask input, [1,1,T,S] or with its axes elsewhere, and as [1,1,T,S]. */
function maskInput({ slots: S, knobs, sizes }: PairDraw, T: number): Mask {
  const dtype = pick(["fp16", "fp16", "fp32", "bool", "fp16"] as const, knobs[0]!);
  const form = (knobs[0]! >> 3) % 4;
  const H = 1 + (sizes[0] % 2);
  const shape = form === 1 ? [1, S, 1, T] : form === 2 ? [1, H, T, S] : form === 3 ? [T, S] : [1, 1, T, S];
  const given: Tensor = input(pick(["attn_mask", "mask", "attention_mask"], knobs[7]!), shape, dtype as "fp16");
  const x =
    form === 1
      ? call("transpose", given, { perm: [0, 2, 3, 1] })
      : form === 3
        ? call("reshape", given, { shape: [1, 1, T, S] })
        : given;
  return { input: given, x, perToken: true };
}

/** The cache with the tokens' rows written; some ways leave what was there. */
function written(old: Tensor, slot: Tensor, x: Tensor, how: number): Tensor {
  const total = call("reduce_sum", slot, { axes: [3], keep_dims: true });
  const rows = call("matmul", slot, x);
  switch (how % 6) {
    case 0:
      return call("select", call("less", constant([0.5], [1]), total), rows, old);
    case 1:
      return call("add", old, rows);
    default:
      return call("add", call("mul", old, call("sub", constant([1], [1]), total)), rows);
  }
}

const asFloat = (mask: Tensor, _perToken: boolean, _T: number): Tensor =>
  mask.type.dtype === "bool" ? call("select", mask, constant([0], [1]), constant([-10000], [1])) : castTo(mask, "fp16");

/** The mask comes in. */
function joined(value: Tensor, { mask }: Core, how: number): Tensor {
  const m = castTo(mask, value.type.dtype);
  const shut = call("less", m, numberLike(m, -1));
  switch (how % 10) {
    case 0:
      return call("sub", value, call("mul", m, numberLike(m, -1)));
    case 1:
      return call("select", shut, numberLike(value, -10000), value);
    case 2:
      return call("add", call("add", value, m), m);
    case 3:
      return call("minimum", value, call("add", m, numberLike(m, 50)));
    case 4:
      return call("select", shut, call("sub", value, numberLike(value, 10000)), value);
    case 5:
      return call("mul", call("add", call("mul", value, numberLike(value, 4)), m), numberLike(value, 0.25));
    default:
      return call("add", value, m);
  }
}

const BIG = [0.5, 2, -1, 10, 0.1, 100, -100, 1000, -1000, 5000, 0.01, 3, 8, -5000, 1, 0];

/** One more thing done to the scores. */
function beside(value: Tensor, step: Edited, core: Core): Tensor {
  const n = numberLike(value, pick(BIG, step.k));
  const two = (how: string, y: Tensor) => (step.swapped ? call(how, y, value) : call(how, value, y));
  const bias = castTo(core.bias, value.type.dtype);
  switch (step.op % 20) {
    case 0:
    case 1:
      return two("mul", n);
    case 2:
      return two("real_div", numberLike(value, pick([2, 4, 8, 3, 10, -2, 0.5, 100], step.k)));
    case 3:
    case 4:
      return two("add", n);
    case 5:
    case 6:
      return two(pick(["add", "sub", "add", "maximum", "minimum"], step.b), bias);
    case 7:
      return two("maximum", n);
    case 8:
      return two("minimum", n);
    case 9:
      return castTo(value, pick(["fp32", "fp16"] as const, step.k));
    case 10:
      return two("add", castTo(core.bare, value.type.dtype));
    case 11:
      return two(pick(["add", "mul", "sub"], step.b), castTo(core.mask, value.type.dtype));
    case 12:
      return call("clip", value, {
        alpha: -pick([20000, 5000, 50, 200, 12000], step.k),
        beta: pick([100, 20000, 0, 50], step.b),
      });
    case 13:
      return call("sub", value, call("reduce_max", value, { axes: [3], keep_dims: true }));
    case 14:
      return two("add", castTo(weight(nameOf(core.draw.names, "b", "weight"), [core.width]), value.type.dtype));
    case 15:
      return call("mul", call("tanh", two("mul", numberLike(value, 0.02))), numberLike(value, 50));
    case 16:
      return call(pick(["abs", "identity", "square"], step.k), value);
    case 17:
      return two("sub", n);
    case 18:
      return two("add", two("mul", n));
    default:
      return two("add", call("mul", bias, n));
  }
}

/** Scores to weights of a sum over the cache. */
function weighed(masked: Tensor, how: number): Tensor {
  const x = isFloat(masked.type.dtype) ? masked : castTo(masked, "fp16");
  const top = call("reduce_max", x, { axes: [3], keep_dims: true });
  const ratio = (e: Tensor) => call("real_div", e, call("reduce_sum", e, { axes: [3], keep_dims: true }));
  switch (how % 12) {
    case 0:
      return ratio(call("exp", call("sub", x, top)));
    case 1:
      return call("exp", x);
    case 2:
      return call("sigmoid", x);
    case 3:
      return call("maximum", x, numberLike(x, 0));
    case 4:
      return castTo(call("less", numberLike(x, -500), x), "fp16");
    case 5:
      return call("exp", call("sub", x, call("maximum", top, numberLike(x, -20))));
    case 6:
      return ratio(call("exp", call("minimum", x, numberLike(x, 5))));
    case 7:
      return call("exp", call("real_div", x, call("add", call("abs", top), numberLike(x, 1))));
    default:
      return call("softmax", x, { axis: 3 });
  }
}
