/** Constants that are not finite, wherever their contents stand: in the program, in weight.bin, or made from other constants. */
import { type Graph, resultsOf } from "../../dsl/graph.ts";
import type { Def, OpDef, Tensor } from "../../dsl/tensor.ts";
import { has, type Trait } from "../../dsl/traits.ts";
import type { Constants } from "./constants.ts";
import { type LintFinding, type LintRule, type OpValue, operand, opsOf } from "./lint-rule.ts";
import type { Range } from "./range.ts";

/** What an infinity, or NaN, in a constant does to the numbers that are computed at run time. */
export const infinityRules: readonly LintRule[] = [
  {
    id: "infinite-mask",
    severity: "error",
    says: "no constant holds −Inf, but where a maximum or its like takes it away",
    source: "apple/coremltools issue 2669 (all-NaN model); apple/ml-ane-transformers reference/transformer.py",
    find: (graph, constants) =>
      harmful(graph, constants, ({ min }) => min === -Infinity, "floors").map((value) => ({
        value,
        text: "a constant of −Inf: a row masked everywhere becomes NaN; use −10000",
      })),
  },
  {
    id: "not-finite",
    severity: "error",
    says: "no constant holds NaN, nor +Inf but where a minimum or its like takes it away",
    source: "graphc (0 · Inf is NaN; a proof takes weights to be finite)",
    find: (graph, constants) => [
      ...harmful(graph, constants, ({ nan }) => nan, undefined).map((value) => ({
        value,
        text: "a constant of NaN: what is computed with it is NaN; look for what made it",
      })),
      ...harmful(graph, constants, ({ max }) => max === Infinity, "caps").map((value) => ({
        value,
        text: "a constant of +Inf: what is multiplied or added with it becomes Inf or NaN; use a finite number",
      })),
    ],
  },
];

/** The masks of a graph that hosts feed −Inf to, by their names: a warning, since rows that see something are right. */
export const infiniteMasks = (graph: Graph, names: ReadonlySet<string>): readonly LintFinding[] =>
  graph.inputs
    .filter(({ name }) => names.has(name ?? ""))
    .map((value) => ({
      rule: "infinite-mask",
      severity: "warning",
      source: infinityRules[0]!.source,
      value,
      text: `the host feeds −Inf to mask "${value.name}": a row masked everywhere, as of a padding token, becomes NaN; feed −10000`,
    }));

/**
 * The constants with such contents that run-time values are computed with, or that are results. One is harmless where it is moved or
 * chosen and then meets an op with the trait `screen` that has no second operand of the kind.
 */
function harmful(
  graph: Graph,
  constants: Constants,
  isBad: (range: Range) => boolean,
  screen: Trait | undefined,
): readonly Tensor[] {
  const ops = opsOf(graph)
    .filter((value) => !constants.has(value))
    .map((value) => ({ def: value.def, reads: readBy(value, constants) }));
  const bad = constantsInUse(graph, ops, constants).filter((value) => {
    const range = constants.range(value);
    return range !== undefined && isBad(range);
  });
  const carriers = carriersOf(bad, ops);
  const harmed = new Set<Def>(resultsOf(graph).map((x) => x.def));
  for (const { def, reads } of ops.toReversed()) {
    const carried = reads.filter((x) => carriers.has(x.def));
    const isScreened = screen !== undefined && has(def, screen) && carried.length === 1;
    const isHarmless = carriers.has(def) ? !harmed.has(def) : isScreened;
    if (!isHarmless) for (const x of carried) harmed.add(x.def);
  }
  return bad.filter(({ def }) => harmed.has(def));
}

/** An op that is computed at run time, and those of its operands that have a part in the result. */
interface RunTimeOp {
  readonly def: OpDef;
  readonly reads: readonly Tensor[];
}

/** All operands, but for the branch that a constant condition never takes. */
function readBy(value: OpValue, constants: Constants): readonly Tensor[] {
  const condition = value.def.op === "select" ? constants.range(operand(value, "cond")!) : undefined;
  const unread = condition?.min === 1 ? "b" : condition?.max === 0 ? "a" : undefined;
  return Object.entries(value.def.operands).flatMap(([name, x]) => (name === unread ? [] : x));
}

/** Constants that a run-time op or a result needs, each once. */
function constantsInUse(graph: Graph, ops: readonly RunTimeOp[], constants: Constants): readonly Tensor[] {
  const used = [...ops.flatMap(({ reads }) => reads), ...resultsOf(graph)].filter(constants.has);
  return [...new Map(used.map((value) => [value.def, value])).values()];
}

/** The bad constants, and the run-time values whose elements may be theirs. */
function carriersOf(bad: readonly Tensor[], ops: readonly RunTimeOp[]): ReadonlySet<Def> {
  const carriers = new Set<Def>(bad.map(({ def }) => def));
  for (const { def, reads } of ops) {
    const carries = has(def, "moves") || def.op === "select";
    if (carries && reads.some((x) => carriers.has(x.def))) carriers.add(def);
  }
  return carriers;
}
