/** Constants that are cast to a type which cannot hold them. */
import { integerRange, roundTo } from "../../dsl/number.ts";
import { type DType, isInteger } from "../../dsl/type.ts";
import type { Constants } from "./constants.ts";
import { type LintRule, type OpValue, operand, perOp } from "./lint-rule.ts";
import type { Range } from "./range.ts";

/** What is lost when a number is out of range: see `cast` in docs/ops.md. */
export const castRules: readonly LintRule[] = [
  {
    id: "cast-range",
    severity: "error",
    says: "no constant is cast to an integer type that cannot hold it",
    source:
      "numpy ndarray.astype (integers wrap; a float has no defined result, ISO C 6.3.1.4), by which coremltools folds casts",
    find: perOp((value, constants) => {
      const range = castOf(value, constants);
      const lost = range && isInteger(value.type.dtype) && outOfIntegers(value.type.dtype, range);
      return lost
        ? `casts ${lost} to ${value.type.dtype}, which cannot hold it: it wraps, or differs from machine to machine`
        : undefined;
    }),
  },
  {
    id: "cast-overflow",
    severity: "warning",
    says: "no finite constant becomes Inf when it is cast",
    source: "IEEE 754-2019, 4.3.1; numpy ndarray.astype; fp16 holds no number above 65504",
    find: perOp((value, constants) => {
      const range = castOf(value, constants);
      const lost =
        range &&
        [range.min, range.max].find((x) => Number.isFinite(x) && !Number.isFinite(roundTo(value.type.dtype, x)));
      return lost === undefined
        ? undefined
        : `casts ${lost} to ${value.type.dtype}, where it becomes ${lost < 0 ? "−" : "+"}Inf; use a number that it holds`;
    }),
  },
];

/** Contents of the constant that a cast takes. */
const castOf = (value: OpValue, constants: Constants): Range | undefined =>
  value.def.op === "cast" ? constants.range(operand(value, "x")!) : undefined;

/** The number, in words, that the type does not hold once it is truncated. */
function outOfIntegers(dtype: DType, { min, max, nan }: Range): string | undefined {
  if (nan) return "NaN";
  const [least, most] = integerRange(dtype);
  const lost = [min, max].find((x) => Math.trunc(x) < least || Math.trunc(x) > most);
  return lost === undefined ? undefined : String(lost);
}
