/** In which form `graphc inspect` shows a graph. */

import type { Graph } from "../../dsl/graph.ts";
import { UserError } from "../../dsl/user-error.ts";
import { printMil } from "../../emit/mil/text.ts";
import { lower } from "../../emit/write/lower.ts";
import { dotOf } from "../../passes/draw/dot.ts";
import { mermaidOf } from "../../passes/draw/mermaid.ts";
import { printGraph } from "../../passes/print.ts";
import type { Args } from "../options/command.ts";
import type { Options } from "../options/option.ts";

const HELP = {
  graph: "one value a line, as the compiler holds it; the default of graph files and models",
  mil: "the MIL program that a package holds, or that emit would write; the default of packages",
  dot: "text for Graphviz",
  mermaid: "text for Mermaid",
} as const;
/** A form by the name of its option. */
export type Form = keyof typeof HELP;
const FORMS = Object.keys(HELP) as Form[];

/** One of them at most. */
export const FORM_OPTIONS: Options = Object.fromEntries(
  FORMS.map((form) => [form, { kind: "flag", help: HELP[form], without: FORMS.filter((other) => other !== form) }]),
);

/** The form that was asked for; undefined for the operand's own. @throws UserError beside --json, which is a form itself */
export function formOf(args: Args): Form | undefined {
  const form = FORMS.find((one) => args.flag(one));
  if (form !== undefined && args.flag("json"))
    throw new UserError(`--${form} does nothing beside --json`, "leave one of them out");
  return form;
}

const SHOW: Readonly<Record<Form, (graph: Graph) => string>> = {
  graph: printGraph,
  // Nothing is read of the weights: they are told by name.
  mil: (graph) => printMil(lower(graph).model),
  dot: dotOf,
  mermaid: mermaidOf,
};

/** A graph in that form, without the newline at its end. */
export const shownAs = (form: Form, graph: Graph): string => SHOW[form](graph).trimEnd();
