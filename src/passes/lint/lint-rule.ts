/** What a lint rule is: what it looks for in a graph, and the public report that it rests on. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { OpDef, Tensor } from "../../dsl/tensor.ts";
import type { Constants } from "./constants.ts";

/** `error`: the engine will not take it. `warning`: it may not, or numbers may suffer. `note`: worth knowing. */
export type Severity = "error" | "warning" | "note";

/** A rule of the table `lintRules`. */
export interface LintRule {
  /** In brackets in the report, and the row of docs/engine-rules.md. */
  readonly id: string;
  readonly severity: Severity;
  /** The rule in one sentence, as it appears in docs/engine-rules.md. */
  readonly says: string;
  /** Where the rule was measured or stated, by public name; "graphc" where it is about the graph and not the engine. */
  readonly source: string;
  /** The values that break the rule, each with a sentence that names the mend. */
  find(graph: Graph, constants: Constants): readonly Offence[];
}

/** One place of a graph that breaks a rule. */
export interface Offence {
  /** The report points at the line that made it. */
  readonly value: Tensor;
  /** What is wrong there, and the mend. */
  readonly text: string;
}

/** An offence with what its rule says of all such. */
export interface LintFinding extends Offence {
  readonly rule: string;
  readonly severity: Severity;
  readonly source: string;
}

/** An op value, for rules that look at ops only. */
export type OpValue = Tensor & { readonly def: OpDef };

/** The op values of a graph, operands before their users. */
export const opsOf = (graph: Graph): readonly OpValue[] =>
  schedule(graph).filter((value): value is OpValue => value.def.kind === "op");

/** A rule about single op values: the text of the offence, or undefined where there is none. */
export const perOp =
  (judge: (value: OpValue, constants: Constants) => string | undefined) =>
  (graph: Graph, constants: Constants): readonly Offence[] =>
    opsOf(graph).flatMap((value) => {
      const text = judge(value, constants);
      return text === undefined ? [] : [{ value, text }];
    });

/** One operand of an op that is not a list. */
export const operand = (value: OpValue, name: string): Tensor | undefined => {
  const x = value.def.operands[name];
  return Array.isArray(x) ? undefined : (x as Tensor | undefined);
};
