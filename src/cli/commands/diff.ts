/** `graphc diff`: what differs between two packages or graphs, in description, ops, types and weights. */
import { resolve } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { beyondGraph } from "../../emit/diff/description.ts";
import { diffGraphs, type GraphDifference } from "../../emit/diff/diff.ts";
import { diffFunction, diffPackages } from "../../emit/diff/package.ts";
import { showDifferences } from "../../emit/diff/text.ts";
import { readPackage } from "../../emit/read/read.ts";
import type { Args, Command } from "../options/command.ts";
import { BUILT_IN, haveContents, isPackage } from "../options/operand-kind.ts";
import { SEED_OPTION, SIZE_OPTIONS, WEIGHTS_OPTION } from "../options/size-options.ts";
import { type Comparand, comparandOf, hashesOf } from "../subject/comparand.ts";
import type { Io } from "../terminal/io.ts";

/** What differs, part by part; any difference is a no. */
export const diffCommand: Command = {
  name: "diff",
  operands: "A B",
  arity: [2, 2],
  needs: "two packages, models or graph files",
  example: "old.mlpackage new.mlpackage",
  options: {
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    ...SEED_OPTION,
    function: { kind: "name", value: "NAME", help: "compare this function alone", for: ["package"] },
  },
  notes: [
    "Between packages all that the files say is compared: description, functions, ops, names, types, literals, weights, and besides them items of the manifest and files that no program reads.",
    "Axes in another order, and numbers that the masks of a slice hide, are no difference.",
    "Names of inner values do not count against a model or graph file.",
    "A package of one function is compared by that one, whatever --function calls that of the other.",
    "A model or graph file is built at --tokens and --max-seq; weights are compared by content against a package, and of two checkpoints.",
    "Exit code 1 when they differ.",
  ],
  async run(args, io) {
    refuseUnread(args);
    const differences = await differencesOf(args, io);
    const name = args.text("function");
    const alone = name === undefined ? "" : `, of the function ${JSON.stringify(name)} alone`;
    const same = `no difference${alone}${haveContents(args.operands) ? "" : ", weights by their names"}`;
    io.out(args.flag("json") ? JSON.stringify(differences, null, 2) : showDifferences(differences) || same);
    return differences.length === 0 ? 0 : 1;
  },
};

/** Between two models the names of the weights say it all: what would give their contents does nothing. */
function refuseUnread(args: Args): void {
  if (args.operands.some(isPackage)) return;
  const unread = args.given("seed") ? "seed" : "weights";
  const configured = unread === "weights" && args.operands.includes(BUILT_IN);
  if (args.given(unread) && !configured)
    throw new UserError(
      `--${unread} does nothing between two graph files`,
      "weights are compared by content against a package alone",
    );
}

/** Packages are compared in all their functions and sizes; anything else as graphs. */
async function differencesOf(args: Args, io: Io): Promise<readonly GraphDifference[]> {
  if (args.operands.every(isPackage)) {
    const [before, after] = args.operands.map((operand) => readPackage(resolve(operand)));
    const name = args.text("function");
    return name === undefined ? diffPackages(before!, after!) : diffFunction(before!, after!, name);
  }
  const hashed = haveContents(args.operands);
  const [before, after] = await Promise.all(args.operands.map((operand) => comparandOf(operand, args, io, { hashed })));
  const outside = [...beyond(before!, after!), ...beyond(after!, before!).map(turned)];
  return [...outside, ...diffGraphs(before!.graph, after!.graph, hashesOf(before!.hash, after!.hash))];
}

const beyond = ({ function: of }: Comparand, { graph }: Comparand) => (of ? beyondGraph(of.model, of.name, graph) : []);

const turned = <D extends { readonly before: string; readonly after: string }>(difference: D): D => ({
  ...difference,
  before: difference.after,
  after: difference.before,
});
