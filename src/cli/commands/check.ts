/** `graphc check`: every check that needs no run and no proof, and a verdict. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import { graphOf, readPackage } from "../../emit/read/read.ts";
import { lower } from "../../emit/write/lower.ts";
import { checkTypes } from "../../passes/check.ts";
import { lint } from "../../passes/lint/lint.ts";
import type { LintFinding } from "../../passes/lint/lint-rule.ts";
import type { Args, Command, ExitCode } from "../command.ts";
import { authorFrame, place } from "../report.ts";
import { bytes } from "../table.ts";
import { isPackage, MODEL_OPTIONS, requestedSize, subjectOf } from "../target.ts";
import { wrapLine } from "../wrap.ts";

/** Every graph of the operand, each with its findings; one that keeps a graph off the engine is a no. */
export const checkCommand: Command = {
  name: "check",
  operands: "phi4-mini | GRAPH.ts | X.mlpackage",
  arity: [1, 1],
  needs: "a model (phi4-mini), a graph file or a package",
  example: "phi4-mini",
  options: MODEL_OPTIONS,
  notes: ["Exit code 1 when a rule says that the engine will not take the graph; warnings do not change it."],
  async run(args, io) {
    const graphs = await graphsOf(args);
    const verdicts = graphs.map(judge);
    if (args.flag("json")) io.out(JSON.stringify(verdicts.map(plain), null, 2));
    else for (const verdict of verdicts) io.out(print(verdict));
    return verdicts.some(({ findings }) => findings.some((f) => f.severity === "error")) ? 1 : (0 satisfies ExitCode);
  },
};

/** The block and the step graph of a model, or the graph of a package. */
async function graphsOf(args: Args): Promise<readonly Graph[]> {
  const [operand] = args.operands as [string];
  if (isPackage(operand)) return [graphOf(readPackage(operand))];
  const subject = await subjectOf(operand, args);
  const size = requestedSize(args);
  return [...new Set([size.tokens, 1])].map((tokens) => subject.build({ ...size, tokens }));
}

interface CheckedGraph {
  readonly graph: string;
  readonly values: number;
  readonly weightBytes: number;
  readonly findings: readonly LintFinding[];
}

function judge(graph: Graph): CheckedGraph {
  checkTypes(graph);
  const weightBytes = lower(graph).blobs.bytes;
  return {
    graph: graph.name,
    values: schedule(graph).length,
    weightBytes,
    findings: lint(graph),
  };
}

const plain = ({ findings, ...rest }: CheckedGraph) => ({
  ...rest,
  findings: findings.map(({ value, ...finding }) => ({ ...finding, value: value.name, at: authorFrame(value.site) })),
});

function print({ graph, values, weightBytes, findings }: CheckedGraph): string {
  const lines = findings.map(({ severity, rule, text, source, value }) => {
    const frame = authorFrame(value.site);
    const at = frame ? [`    at ${place(frame)}`] : [];
    return [wrapLine(`  ${severity} [${rule}] ${text}`), ...at, wrapLine(`    source: ${source}`)].join("\n");
  });
  const errors = findings.filter((f) => f.severity === "error").length;
  const verdict = errors > 0 ? `NO: ${errors} finding(s) keep it off the engine` : "OK";
  return [`${graph}: ${values} values, ${bytes(weightBytes)} of weights: ${verdict}`, ...lines].join("\n");
}
