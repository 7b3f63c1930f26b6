/** Spellings that lose their numbers in fp16. */
import type { Tensor } from "../../dsl/tensor.ts";
import { type LintRule, type OpValue, operand, opsOf, perOp } from "./lint-rule.ts";

/** Products of a value with itself, whichever way they are written. */
function squared(value: OpValue): Tensor | undefined {
  const { op } = value.def;
  if (op === "square" || op === "reduce_sum_square") return operand(value, "x");
  const x = operand(value, "x");
  return op === "mul" && x === operand(value, "y") ? x : undefined;
}

/** Whether a value was brought near one before: divided by something, or multiplied by a constant below one. */
function scaled(value: Tensor): boolean {
  if (value.def.kind !== "op") return false;
  if (value.def.op === "real_div") return true;
  const factors = value.def.op === "mul" ? (Object.values(value.def.operands) as readonly Tensor[]) : [];
  return factors.some(({ def }) => def.kind === "const" && Array.from(def.data).every((x) => Math.abs(x) < 1));
}

/** About values, not placement: the engine takes these graphs and gives wrong numbers. */
export const numericRules: readonly LintRule[] = [
  {
    id: "square-overflow",
    severity: "warning",
    says: "fp16 values are scaled before they are squared",
    source: "apple/coremltools issue 2585; pytorch/executorch issues 8641, 19523; fp16 overflows at 256²",
    find: perOp((value) => {
      const x = squared(value);
      return x && x.type.dtype === "fp16" && !scaled(x)
        ? `${value.def.op} squares unscaled fp16 values: any |x| above 255.9 becomes Inf; divide by the row's maximum first`
        : undefined;
    }),
  },
  {
    id: "infinite-mask",
    severity: "error",
    says: "no constant holds −Inf",
    source: "apple/coremltools issue 2669 (all-NaN model); apple/ml-ane-transformers reference/transformer.py",
    find: (graph) =>
      opsOf(graph)
        .flatMap((value) => Object.values(value.def.operands).flat() as readonly Tensor[])
        .filter(({ def }) => def.kind === "const" && Array.from(def.data).some((x) => x === -Infinity))
        .map((value) => ({ value, text: "a constant of −Inf: a row masked everywhere becomes NaN; use −10000" })),
  },
  {
    id: "lost-epsilon",
    severity: "warning",
    says: "no epsilon rounds to 0",
    source: "apple/coremltools _check_underflow_to_zero; fp16 has no number between 0 and 6e-8",
    find: perOp(({ def }) =>
      def.attrs.epsilon === 0 ? `${def.op}'s epsilon rounds to 0 in fp16: a zero row becomes Inf or NaN` : undefined,
    ),
  },
];
