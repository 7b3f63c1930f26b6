/** Spellings that lose their numbers in fp16. */
import type { Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { sameType } from "../../dsl/type.ts";
import type { Constants } from "./constants.ts";
import { type LintRule, type OpValue, operand, perOp } from "./lint-rule.ts";

/** About values, not placement: the engine takes these graphs and gives wrong numbers. */
export const numericRules: readonly LintRule[] = [
  {
    id: "square-overflow",
    severity: "warning",
    says: "fp16 values are scaled before they are squared",
    source: "apple/coremltools issue 2585; pytorch/executorch issues 8641, 19523; fp16 overflows at 256²",
    find: perOp((value, constants) => {
      const x = squared(value, constants);
      return x && x.type.dtype === "fp16" && !constants.has(x) && !isScaled(x, constants)
        ? `${value.def.op} squares unscaled fp16 values: any |x| above 255.9 becomes Inf; divide by the row's maximum first`
        : undefined;
    }),
  },
  {
    id: "lost-epsilon",
    severity: "warning",
    says: "no epsilon rounds to 0, but where what it is added to was kept from 0",
    source: "apple/coremltools _check_underflow_to_zero; fp16 has no number between 0 and 6e-8",
    find: perOp((value, constants) => {
      const { def } = value;
      if (def.attrs.epsilon !== 0 || (addsEpsilonToX(value) && isKeptFromZero(operand(value, "x")!, constants)))
        return undefined;
      return `${def.op}'s epsilon rounds to 0 in fp16: a zero row becomes Inf or NaN`;
    }),
  },
];

/** Products of a value with itself, whichever way they are written; the value but for its sign. */
function squared(value: OpValue, constants: Constants): Tensor | undefined {
  const { op } = value.def;
  const x = operand(value, "x");
  if (!x) return undefined;
  if (op === "square" || op === "reduce_sum_square") return magnitudeOf(x, constants);
  const y = operand(value, "y");
  if (!y) return undefined;
  if (op === "pow") return (constants.range(y)?.max ?? 0) >= 2 ? magnitudeOf(x, constants) : undefined;
  const [left, right] = [magnitudeOf(x, constants), magnitudeOf(y, constants)];
  return op === "mul" && sameType(x.type, y.type) && left.def === right.def ? left : undefined;
}

/** What a value is but for its sign, its name and its shape: its elements in the same order. */
function magnitudeOf(value: Tensor, constants: Constants): Tensor {
  let inner = value;
  for (let next: Tensor | undefined = inner; next; next = sameMagnitude(inner, constants)) inner = next;
  return inner;
}

/** An operand whose elements have the same size, in the same order. */
function sameMagnitude(value: Tensor, constants: Constants): Tensor | undefined {
  if (value.def.kind !== "op") return undefined;
  const made = value as OpValue;
  const [x, y] = [operand(made, "x"), operand(made, "y")];
  const kept = (one: Tensor | undefined) => (one && sameType(one.type, value.type) ? one : undefined);
  const isAll = (one: Tensor | undefined, size: number) => {
    const range = one && constants.range(one);
    return range !== undefined && range.min === range.max && Math.abs(range.min) === size && !range.nan;
  };
  const { op } = made.def;
  if (op === "abs" || has(made.def, "view")) return x;
  if (op === "sub" && isAll(x, 0)) return kept(y);
  if ((op === "mul" || op === "real_div") && isAll(y, 1)) return kept(x);
  return op === "mul" && isAll(x, 1) ? kept(y) : undefined;
}

/** Whether a value was brought near one before: divided by something, or multiplied by a constant below one. */
function isScaled(value: Tensor, constants: Constants): boolean {
  if (value.def.kind !== "op") return false;
  const [x, y] = [operand(value as OpValue, "x"), operand(value as OpValue, "y")];
  const isBelowOne = (one: Tensor | undefined) => {
    const range = one && constants.range(one);
    return range !== undefined && range.min > -1 && range.max < 1 && !range.nan;
  };
  if (value.def.op === "mul") return isBelowOne(x) || isBelowOne(y);
  if (value.def.op !== "real_div") return false;
  const divisor = y && constants.range(y);
  return divisor === undefined || divisor.min > 1 || divisor.max < -1;
}

/** Ops whose epsilon is added to x itself, element by element. */
const addsEpsilonToX = ({ def }: OpValue): boolean => def.op === "rsqrt" || def.op === "log";

/** Whether something above 0 was added to a value, or stands below it. What is added counts as it is in the value's dtype. */
function isKeptFromZero(value: Tensor, constants: Constants): boolean {
  const range = constants.range(value);
  if (range) return range.min > 0 && !range.nan;
  if (value.def.kind !== "op") return false;
  const made = value as OpValue;
  const [x, y] = [operand(made, "x"), operand(made, "y")];
  const above = (one: Tensor | undefined) => one !== undefined && (constants.range(one)?.min ?? 0) > 0;
  const { op, attrs } = made.def;
  if (op === "add" || op === "maximum") return above(x) || above(y);
  if (op === "sub") return y !== undefined && (constants.range(y)?.max ?? 0) < 0;
  if (op === "clip") return (attrs.alpha as number) > 0;
  return has(made.def, "view") && isKeptFromZero(x!, constants);
}
