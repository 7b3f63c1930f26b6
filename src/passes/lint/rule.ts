/** What a lint rule is: a finding about a graph, with the public report that it rests on. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { OpDef, Tensor } from "../../dsl/tensor.ts";

/** `error`: the engine will not take it. `warning`: it may not, or numbers may suffer. `note`: worth knowing. */
export type Severity = "error" | "warning" | "note";

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** Where the rule was measured or stated, by public name. */
  readonly source: string;
  /** The values that break the rule, each with a sentence that names the mend. */
  find(graph: Graph): readonly Offence[];
}

export interface Offence {
  readonly value: Tensor;
  readonly text: string;
}

export interface Finding extends Offence {
  readonly rule: string;
  readonly severity: Severity;
  readonly source: string;
}

/** An op value, for rules that look at ops only. */
export type OpValue = Tensor & { readonly def: OpDef };

export const opsOf = (graph: Graph): readonly OpValue[] =>
  schedule(graph).filter((value): value is OpValue => value.def.kind === "op");

/** A rule about single op values: the text of the offence, or undefined where there is none. */
export const perOp = (judge: (value: OpValue, graph: Graph) => string | undefined) => (graph: Graph) =>
  opsOf(graph).flatMap((value) => {
    const text = judge(value, graph);
    return text === undefined ? [] : [{ value, text }];
  });

/** One operand of an op that is not a list. */
export const operand = (value: OpValue, name: string): Tensor | undefined => {
  const x = value.def.operands[name];
  return Array.isArray(x) ? undefined : (x as Tensor | undefined);
};
