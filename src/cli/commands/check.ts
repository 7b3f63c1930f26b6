/** `graphc check`: every check that needs no run and no proof, and a verdict. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { GivenRoles } from "../../dsl/role.ts";
import { meetInputs } from "../../dsl/twins.ts";
import { graphOf, readPackage } from "../../emit/read/read.ts";
import { lower } from "../../emit/write/lower.ts";
import { checkTypes } from "../../passes/check.ts";
import { lint } from "../../passes/lint/lint.ts";
import type { LintFinding } from "../../passes/lint/lint-rule.ts";
import type { Args, Command, ExitCode } from "../command.ts";
import { givenRoles, ROLE_OPTIONS } from "../given-roles.ts";
import { isPackage } from "../operand-kind.ts";
import { isFlexible } from "../pair.ts";
import { authorFrame, place } from "../report.ts";
import { type FoundRole, foundRoles, rolesAlone, rolesText } from "../roles-text.ts";
import { bytes } from "../table.ts";
import { CHECKPOINT_OPTION, requestedSize, SIZE_OPTIONS, subjectOf, TOKENS_OF_PACKAGES } from "../target.ts";
import { wrapLine } from "../wrap.ts";

/** Every graph of the operand, each with its findings; one that keeps a graph off the engine is a no. */
export const checkCommand: Command = {
  name: "check",
  operands: "phi4-mini | GRAPH.ts | X.mlpackage",
  arity: [1, 1],
  needs: "a model (phi4-mini), a graph file or a package",
  example: "phi4-mini",
  options: {
    weights: { ...CHECKPOINT_OPTION, for: ["model", "graph"] },
    ...SIZE_OPTIONS,
    ...TOKENS_OF_PACKAGES,
    ...ROLE_OPTIONS,
  },
  notes: [
    "A graph file is held against a checkpoint by the name and the shape of every weight.",
    "Exit code 1 when a rule says that the engine will not take the graph; warnings do not change it.",
  ],
  async run(args, io) {
    const { graphs, roles } = await checkedOf(args);
    const verdicts = graphs.map(judge);
    if (args.flag("json")) io.out(JSON.stringify(verdicts.map(plain(roles)), null, 2));
    else for (const text of [...verdicts.map(print), rolesText(roles)]) if (text !== "") io.out(text);
    return verdicts.some(({ findings }) => findings.some((f) => f.severity === "error")) ? 1 : (0 satisfies ExitCode);
  },
};

/** What is checked, and what is known of its inputs. */
interface Checked {
  readonly graphs: readonly Graph[];
  readonly roles: readonly FoundRole[];
}

/** The block and the step graph of a model, or the graph of each function of a package. */
async function checkedOf(args: Args): Promise<Checked> {
  const [operand] = args.operands as [string];
  const given = await givenRoles(args);
  if (isPackage(operand)) return checkedPackage(operand, args, given);
  const subject = await subjectOf(operand, args);
  const size = requestedSize(args);
  const [block, step] = [subject.build(size), subject.build({ ...size, tokens: 1 })];
  const graphs = size.tokens === 1 ? [block] : [block, step];
  await subject.checkWeights(graphs);
  return { graphs, roles: foundRoles(meetInputs(block, step, given)) };
}

/** A package alone has nothing to be compared with: of its roles only those are known that are stated or named. */
function checkedPackage(operand: string, args: Args, given: GivenRoles): Checked {
  const pkg = readPackage(operand);
  const flexible = pkg.model.functions.some(({ name }) => isFlexible(pkg, name));
  args.settle(operand, flexible ? ["package", "flexible package"] : ["package"]);
  const sizes = flexible && args.given("tokens") ? { tokens: args.whole("tokens") } : {};
  const graphs = pkg.model.functions.map(({ name }) => graphOf(pkg, { function: name, ...sizes }));
  return { graphs, roles: rolesAlone(graphs, given) };
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

const plain =
  (roles: Checked["roles"]) =>
  ({ findings, ...rest }: CheckedGraph) => ({
    ...rest,
    roles,
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
