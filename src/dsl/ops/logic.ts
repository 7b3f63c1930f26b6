/** Truth values: comparisons, their connectives, and the choice that they control. A truth value is 1 or 0. */
import { type Algebra, broadcastAt, not, type Scalar } from "../algebra.ts";
import { op } from "../op.ts";
import type { Compare, Connective, Select } from "../shapes/signatures.ts";
import type { Tensor } from "../tensor.ts";
import type { Trait } from "../traits.ts";
import { broadcast, type DType, NUMBERS, type Shape, sameShape } from "../type.ts";
import { broadcastType } from "./elementwise.ts";

/** Call of logical_not. */
export type LogicalNot = <S extends Shape>(x: Tensor<S, "bool">) => Tensor<S, "bool">;
/** Declares an op with a truth value per pair of elements. */
const truth = <Signature extends (...args: never[]) => unknown>(
  name: string,
  doc: string,
  dtypes: readonly DType[],
  traits: readonly Trait[],
  f: Truth,
) =>
  op<Signature>(name)({
    doc,
    operands: { x: { dtypes }, y: { dtypes, like: "x" } },
    attrs: {},
    rounds: false,
    traits,
    infer: ({ x, y }) => broadcastType(x, y, "bool"),
    element:
      (m, { x, y }) =>
      (ix) =>
        f(m, broadcastAt(m, x, ix), broadcastAt(m, y, ix)),
  });

type Truth = (m: Algebra, a: Scalar, b: Scalar) => Scalar;

const comparison = <const Name extends string>(name: Name, doc: string, f: Truth) =>
  truth<Compare<Name>>(name, doc, NUMBERS, ["jumps", "floors", "caps"], f);
/** 1 where x < y, else 0, as bool. */
export const less = comparison("less", "z = 1 where x < y, else 0", (m, a, b) => m.compare("less", a, b));
/** 1 where x ≤ y, else 0, as bool. */
export const less_equal = comparison("less_equal", "z = 1 where x ≤ y, else 0", (m, a, b) =>
  m.compare("less_equal", a, b),
);
/** 1 where x > y, else 0, as bool. */
export const greater = comparison("greater", "z = 1 where x > y, else 0", (m, a, b) => m.compare("less", b, a));
/** 1 where x ≥ y, else 0, as bool. */
export const greater_equal = comparison("greater_equal", "z = 1 where x ≥ y, else 0", (m, a, b) =>
  m.compare("less_equal", b, a),
);
/** 1 where x = y, else 0, as bool; −0 equals 0. */
export const equal = comparison("equal", "z = 1 where x = y, else 0", (m, a, b) => m.compare("equal", a, b));
/** 1 where x ≠ y, else 0, as bool. */
export const not_equal = comparison("not_equal", "z = 1 where x ≠ y, else 0", (m, a, b) =>
  not(m, m.compare("equal", a, b)),
);

const connective = <const Name extends string>(name: Name, doc: string, f: Truth) =>
  truth<Connective<Name>>(name, doc, ["bool"], [], f);
/** 1 where both truth values are 1. */
export const logical_and = connective("logical_and", "z = 1 where both are 1, else 0", (m, a, b) => m.minimum(a, b));
/** 1 where one of the truth values is 1. */
export const logical_or = connective("logical_or", "z = 1 where one of them is 1, else 0", (m, a, b) =>
  m.maximum(a, b),
);

/** 1 where exactly one of the truth values is 1. */
export const logical_xor = connective("logical_xor", "z = 1 where just one of them is 1, else 0", (m, a, b) =>
  not(m, m.compare("equal", a, b)),
);

/** 1 − x of a truth value. */
export const logical_not = op<LogicalNot>("logical_not")({
  doc: "y = 1 − x",
  operands: { x: { dtypes: ["bool"] } },
  attrs: {},
  rounds: false,
  infer: ({ x }) => x,
  element:
    (m, { x }) =>
    (ix) =>
      not(m, x.at(...ix)),
});

/** coremltools leaves cond out of the shape rule; here it must fit into the result, or the two would disagree. */
export const select = op<Select>("select")({
  doc: "z = a where cond is 1, else b; the shape is that of a and b broadcast, and cond broadcasts to it",
  operands: {
    cond: { dtypes: ["bool"] },
    a: { dtypes: [...NUMBERS, "bool"] },
    b: { dtypes: [...NUMBERS, "bool"], like: "a" },
  },
  attrs: {},
  rounds: false,
  infer({ cond, a, b }) {
    const type = broadcastType(a, b);
    if (typeof type === "string") return type;
    const all = broadcast(cond.shape, type.shape);
    if (all && sameShape(all, type.shape)) return type;
    return `cond [${cond.shape.join(",")}] does not broadcast to [${type.shape.join(",")}]`;
  },
  element:
    (m, { cond, a, b }) =>
    (ix) =>
      m.select(
        broadcastAt(m, cond, ix),
        () => broadcastAt(m, a, ix),
        () => broadcastAt(m, b, ix),
      ),
});
