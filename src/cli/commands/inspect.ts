/** `graphc inspect`: any ML Program package as MIL text; a graph, whatever it comes from, as text or for a program that draws. */

import { isFlexible } from "../../api/package-subjects.ts";
import type { Graph } from "../../dsl/graph.ts";
import { printable } from "../../dsl/printable.ts";
import { UserError } from "../../dsl/user-error.ts";
import { milJson } from "../../emit/mil/json.ts";
import type { BlobRef, MilTensorType } from "../../emit/mil/records.ts";
import { printMil } from "../../emit/mil/text.ts";
import { graphOf, type Package, readPackage } from "../../emit/read/read.ts";
import type { PackageFinding } from "../../emit/rules/package-rule.ts";
import { packageFindings } from "../../emit/rules/package-rules.ts";
import { findingsText } from "../check/text.ts";
import { FORM_OPTIONS, type Form, formOf, shownAs } from "../inspect/forms.ts";
import type { Args, Command } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import { requestedSize, SIZE_OPTIONS, TOKENS_OF_PACKAGES, WEIGHTS_OPTION } from "../options/size-options.ts";
import { functionOf } from "../subject/pair.ts";
import { subjectOf } from "../subject/target.ts";
import type { Io } from "../terminal/io.ts";

const SHORT_HASH = 12;

/** The records of a package as they are, lifted into no graph: it shows what graphc itself could not run. Any other form is of a graph. */
export const inspectCommand: Command = {
  name: "inspect",
  operands: "X.mlpackage | GRAPH.ts | phi4-mini | CHECKPOINT",
  arity: [1, 1],
  needs: "a package, a graph file or a model",
  example: "build/phi4-mini.layer0.t4.mlpackage",
  options: {
    ...FORM_OPTIONS,
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    ...TOKENS_OF_PACKAGES,
    function: { kind: "name", value: "NAME", help: "the graph of this function", for: ["package"] },
  },
  notes: [
    "Of a package functions, states, flexible sizes, ops and weights (dtype, shape, hash), whoever wrote it.",
    "At the end what Core ML is known to refuse in it; exit code 1 when that is an error.",
    'With --json all that the model file says: "NaN", "Infinity", "-Infinity" and "-0" are texts, an open size is null;',
    "`findings` is what the text has at its end. A graph file or model has no such file: --json is for packages.",
    "With --dot and --mermaid boxes are values by the author's names, arrows have the types.",
  ],
  async run(args, io) {
    const form = formOf(args);
    const [operand] = args.operands as [string];
    if (!isPackage(operand)) return tellGraph(form ?? "graph", await modelGraph(operand, args, io), io);
    const pkg = readPackage(operand);
    if (form !== undefined && form !== "mil") return tellGraph(form, packageGraph(pkg, operand, args), io);
    refuseUnread(args);
    const findings = packageFindings(pkg.model);
    io.out(args.flag("json") ? jsonOf(pkg, findings) : textOf(pkg, findings));
    return findings.some(({ severity }) => severity === "error") ? 1 : 0;
  },
};

function tellGraph(form: Form, graph: Graph, io: Io): 0 {
  io.out(shownAs(form, graph));
  return 0;
}

/** A model at the sizes of the options. */
async function modelGraph(operand: string, args: Args, io: Io): Promise<Graph> {
  if (args.flag("json"))
    throw new UserError(`--json does nothing for ${operand}: it is the model file of a package`, "leave it out");
  return (await subjectOf(operand, args, io)).build(requestedSize(args));
}

/** The graph of a function of a package, which reads it whole. */
function packageGraph(pkg: Package, operand: string, args: Args): Graph {
  const flexible = pkg.model.functions.some((fn) => isFlexible(pkg, fn.name));
  args.settle(operand, flexible ? ["package", "flexible package"] : ["package"]);
  const { function: name = pkg.model.defaultFunction } = functionOf(pkg, args, "function");
  return graphOf(pkg, { function: name, ...(args.given("tokens") ? { tokens: args.whole("tokens") } : {}) });
}

/** The text and the JSON of a package have all its functions and its open sizes. */
function refuseUnread(args: Args): void {
  const unread = ["function", "tokens"].find((name) => args.given(name));
  if (unread !== undefined)
    throw new UserError(
      `--${unread} does nothing here: all of the package is shown`,
      "it is for --graph, --dot and --mermaid",
    );
}

const jsonOf = (pkg: Package, findings: readonly PackageFinding[]): string =>
  JSON.stringify({ ...milJson(pkg.model, hashesOf(pkg)), findings }, null, 2);

function textOf(pkg: Package, findings: readonly PackageFinding[]): string {
  const program = printMil(pkg.model, { hashOf: (...blob) => hashesOf(pkg)(...blob).slice(0, SHORT_HASH) });
  const several = pkg.model.functions.length > 1;
  const found = findings.map((one) => {
    const where = several && one.function !== undefined ? `function ${JSON.stringify(one.function)}: ` : "";
    return findingsText([{ ...one, text: `${where}${one.text}` }]);
  });
  return [program, ...found.map((text) => text.split("\n").map(printable).join("\n"))].join("\n").trimEnd();
}

const hashesOf = (pkg: Package) => (blob: BlobRef, type: MilTensorType) => pkg.blobs.source(blob, type).sha256;
