/**
 * What becomes of powers of two in an op: op(x·2^a, y·2^b) = op(x, y)·2^c over the reals. A rule says at which exponents it takes its operands, and at which its
 * result then is; an op that has none takes its operands as they are.
 */
import { roundFp16 } from "../../../dsl/number.ts";
import type { OpDef, Tensor } from "../../../dsl/tensor.ts";
import { operandsOf } from "../../../dsl/tensor.ts";
import type { Held } from "./at-exponent.ts";
import type { Need } from "./needs.ts";

/** An op with its operands as they are held by now, and what its result needs. */
export interface Asked {
  readonly def: OpDef;
  readonly held: Readonly<Record<string, Held | readonly Held[]>>;
  readonly need: Need;
}

/** Exponents of operands by name, 0 where nothing is said, and that of the result, and attributes that change; or why there are none, as the end of a sentence on the value. */
export type Exponents =
  | { readonly exponents: ReadonlyMap<string, number>; readonly exponent: number; readonly attrs?: OpDef["attrs"] }
  | string;

type Rule = (asked: Asked) => Exponents;

const exponentsOf = ({ held }: Asked): readonly number[] =>
  Object.values(held)
    .flat()
    .map(({ exponent }) => exponent);
const one = ({ held }: Asked, name: string): number => (held[name] as Held).exponent;

/** All operands at one exponent, which is that of the result: f(2^k·x, 2^k·y) = 2^k·f(x, y). */
const homogeneous: Rule = (asked) => {
  const exponent = Math.max(0, asked.need.number, asked.need.sum, ...exponentsOf(asked));
  return { exponents: new Map(Object.keys(asked.held).map((name) => [name, exponent])), exponent };
};

/** The exponent of a product is the sum of both; what more it needs is taken from x. */
const product =
  (x: string, y: string): Rule =>
  (asked) => {
    const { number, sum } = asked.need;
    if ("bias" in asked.held && Math.max(number, sum, ...exponentsOf(asked)) > 0)
      return "has a bias, which would have to be held at the same power of two: write it as an add behind the product";
    const [a, b] = [one(asked, x), one(asked, y)];
    const more = Math.max(0, number - a - b, sum - a - b);
    // A factor that the graph holds stays what it is.
    const isFixed = (name: string): boolean => ["const", "weight"].includes((asked.held[name] as Held).tensor.def.kind);
    const from = isFixed(x) ? y : x;
    const exponents = new Map([
      [x, a + (from === x ? more : 0)],
      [y, b + (from === y ? more : 0)],
    ]);
    return { exponents, exponent: a + b + more };
  };

/** The exponent of a quotient is the difference; it may be below 0, where what is divided stays as it is. */
const quotient: Rule = (asked) => {
  const [a, b] = [one(asked, "x"), one(asked, "y")];
  const dividend = asked.need.number > 0 ? Math.max(a, b + asked.need.number) : a;
  return {
    exponents: new Map([
      ["x", dividend],
      ["y", b],
    ]),
    exponent: dividend - b,
  };
};

const squared: Rule = (asked) => {
  const own = Math.max(one(asked, "x"), Math.ceil(asked.need.number / 2));
  return { exponents: new Map([["x", own]]), exponent: 2 * own };
};

/** The root of 4^k is 2^k. */
const rooted: Rule = (asked) => {
  const even = 2 * Math.max(Math.ceil(one(asked, "x") / 2), asked.need.number);
  return { exponents: new Map([["x", even]]), exponent: even / 2 };
};

/** The ends go with what is clipped, where fp16 has them. */
const clipped: Rule = (asked) => {
  const exponent = Math.max(0, one(asked, "x"), asked.need.number);
  const { alpha, beta } = asked.def.attrs as Readonly<Record<"alpha" | "beta", number>>;
  const attrs = { alpha: alpha * 2 ** -exponent, beta: beta * 2 ** -exponent };
  if (exponent > 0 && Object.values(attrs).some((end) => roundFp16(end) !== end))
    return `would be clipped at ${attrs.alpha} and ${attrs.beta}, and fp16 has not got these`;
  return { exponents: new Map([["x", exponent]]), exponent, attrs };
};

/** Any other op wants its operands as they are, and gives what it gives. */
const asItIs: Rule = (asked) => {
  if (asked.need.number > 0 || asked.need.sum > 0)
    return "is beyond its limit, and its op is none that a power of two goes through";
  if (exponentsOf(asked).some((exponent) => exponent > 0))
    return "is of a number beyond fp16, and its op is none that a power of two goes through";
  return { exponents: new Map(), exponent: 0 };
};

const HOMOGENEOUS = [
  ...[
    "reshape",
    "transpose",
    "expand_dims",
    "squeeze",
    "split",
    "concat",
    "stack",
    "tile",
    "slice_by_index",
    "slice_by_size",
  ],
  ...["add", "sub", "maximum", "minimum", "abs", "relu", "identity"],
  ...["reduce_sum", "reduce_mean", "reduce_max", "reduce_min"],
] as const;

const RULES: ReadonlyMap<string, Rule> = new Map([
  ...HOMOGENEOUS.map((op) => [op, homogeneous] as const),
  ["mul", product("x", "y")],
  ["matmul", product("x", "y")],
  ["conv", product("x", "weight")],
  ["linear", product("x", "weight")],
  ["real_div", quotient],
  ["square", squared],
  ["sqrt", rooted],
  ["clip", clipped],
]);

/** The rule of an op on fp16 alone: another type rounds, or counts, otherwise. */
export const ruleOf = ({ type }: Tensor, def: OpDef): Rule =>
  [type, ...operandsOf(def).map((x) => x.type)].every(({ dtype }) => dtype === "fp16")
    ? (RULES.get(def.op) ?? asItIs)
    : asItIs;

/** Whether an op takes its operands as they are alone, and gives what it gives. */
export const takesAsIs = (value: Tensor, def: OpDef): boolean => ruleOf(value, def) === asItIs;
