/**
 * Rotary position embedding (RoFormer, arXiv 2104.09864). By halves, in GPT-NeoX's order: dim i of the first half turns with
 * dim i of the second. By neighbours, in RoFormer's own: dim 2i turns with dim 2i + 1. Dims beyond the rotated ones pass through.
 */
import { refuseAt, tensorGiven } from "../../dsl/given/tensors.ts";
import { choiceGiven, optionsGiven, type Refuse, wholeGiven } from "../../dsl/given/values.ts";
import { add, concat, expand_dims, mul, reshape, split, sub } from "../../dsl/ops/index.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";

type Value = Tensor<Shape, "fp16">;

/** Where the heads' dims lie, which turn together, and how the turn is written. */
export interface RopeOptions {
  /** The axis of x that holds a head's dims. */
  readonly axis: number;
  /** `halves` writes lo·cos − hi·sin and hi·cos + lo·sin; `rotate_half` writes x·cos + [−hi, lo]·sin. */
  readonly form?: "halves" | "rotate_half";
  /** Which dims are a pair: by halves when absent. */
  readonly pairs?: "halves" | "neighbours";
}

/**
 * Turns the heads of x. `cos` and `sin` have one value per pair of dims on the last axis but `axis`'s place, and
 * broadcast over the heads: [T, pairs] for x [1, heads, T, dim], [pairs, T] for x [1, heads, dim, T].
 * @throws GraphError for what is no value, and where x has fewer dims than there are to turn
 */
export function rope<S extends Shape>(
  x: Tensor<S, "fp16">,
  cos: Value,
  sin: Value,
  options: RopeOptions,
): Tensor<S, "fp16"> {
  checkRope(x, cos, sin, options, refuseAt("rope", rope));
  const { axis, form = "halves", pairs: which = "halves" } = options;
  const pairs = cos.type.shape[axis - x.type.shape.length + cos.type.shape.length]!;
  const rest = x.type.shape[axis]! - 2 * pairs;
  if (which === "neighbours") return byNeighbours(x, { cos, sin, axis, form, pairs, rest }) as Tensor<S, "fp16">;
  const [lo, hi, pass] = split(x as Value, { split_sizes: rest > 0 ? [pairs, pairs, rest] : [pairs, pairs], axis });
  const turned = TURNS[form](lo!, hi!, cos, sin, axis);
  return concat(pass ? [...turned, pass] : turned, { axis }) as Tensor<S, "fp16">;
}

function checkRope(x: unknown, cos: unknown, sin: unknown, options: unknown, no: Refuse): void {
  const { shape } = tensorGiven(x, "x", no, { dtype: "fp16" }).type;
  const [ofCos, ofSin] = Object.entries({ cos, sin }).map(
    ([name, rows]) => tensorGiven(rows, name, no, { dtype: "fp16" }).type.shape,
  ) as [Shape, Shape];
  const {
    axis,
    form = "halves",
    pairs: which = "halves",
  } = optionsGiven(options, "rope", ["axis", "form", "pairs"], no);
  const at = wholeGiven(axis, "the axis", 0, shape.length - 1, no) - shape.length;
  choiceGiven(form, "the form", ["halves", "rotate_half"], no);
  choiceGiven(which, "pairs", ["halves", "neighbours"], no);
  const pairs = ofCos.at(at) ?? no(`cos [${ofCos}] has no axis of pairs beside axis ${axis} of x [${shape}]`);
  if (ofSin.at(at) !== pairs) no(`sin [${ofSin}] must have as many pairs as cos [${ofCos}]`);
  if (2 * pairs > shape.at(at)!)
    no(`${pairs} pairs are more dims than the ${shape.at(at)} on axis ${axis} of x [${shape}]`);
}

interface Turn {
  readonly cos: Value;
  readonly sin: Value;
  readonly axis: number;
  readonly form: NonNullable<RopeOptions["form"]>;
  readonly pairs: number;
  readonly rest: number;
}

/** The rotated dims as [pairs, 2] on two axes, turned along the second. */
function byNeighbours(x: Value, { cos, sin, axis, form, pairs, rest }: Turn): Value {
  const [rotated, pass] = rest > 0 ? split(x, { split_sizes: [2 * pairs, rest], axis }) : [x];
  const { shape } = rotated!.type;
  const inPairs = reshape(rotated!, { shape: shape.toSpliced(axis, 1, pairs, 2) });
  const [even, odd] = split(inPairs, { split_sizes: [1, 1], axis: axis + 1 });
  const beside = (rows: Value): Value =>
    expand_dims(rows, { axes: [axis + 1 - shape.length + rows.type.shape.length] });
  const turned = TURNS[form](even!, odd!, beside(cos), beside(sin), axis + 1);
  const back = reshape(concat(turned, { axis: axis + 1 }), { shape });
  return pass ? concat([back, pass], { axis }) : back;
}

type TurnPair = (lo: Value, hi: Value, cos: Value, sin: Value, axis: number) => readonly Value[];

const TURNS: Readonly<Record<NonNullable<RopeOptions["form"]>, TurnPair>> = {
  halves: (lo, hi, cos, sin) => [sub(mul(lo, cos), mul(hi, sin)), add(mul(hi, cos), mul(lo, sin))],
  rotate_half(lo, hi, cos, sin, axis) {
    const both = (a: Value, b: Value): Value => concat([a, b], { axis: axis - lo.type.shape.length });
    const swapped = both(mul(hi, -1), lo);
    return [add(mul(both(lo, hi), both(cos, cos)), mul(swapped, both(sin, sin)))];
  },
};
