/** What a command works on: the built-in model, an author's graph file, or a package. */
import { basename, extname } from "node:path";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Model, ModelInput, SizedModel } from "../../dsl/model.ts";
import { UserError } from "../../dsl/user-error.ts";
import { checkFits } from "../../models/config.ts";
import type { Args } from "../options/command.ts";
import { nearest } from "../options/near-miss.ts";
import { BUILT_IN, isCheckpoint, isGraphFile } from "../options/operand-kind.ts";
import type { Io } from "../terminal/io.ts";
import { decoderSubject } from "./decoder-subject.ts";
import { loadGraphFile } from "./graph-file.ts";
import { generated, generatedLabel, openFolder, type Subject, smallPair } from "./subject.ts";

/**
 * The model that an operand names; what its configuration leaves to defaults is told on standard error.
 * @throws UserError when it is neither the built-in model nor a graph file, or its checkpoint breaks the contract.
 */
export async function subjectOf(operand: string, args: Args, io: Io): Promise<Subject> {
  if (operand === BUILT_IN) return decoderSubject(args, io, args.text("weights"));
  if (isCheckpoint(operand)) return decoderSubject(args, io, operand);
  if (!isGraphFile(operand)) {
    const what = `"${operand}" is neither ${BUILT_IN} nor a checkpoint (a folder or .gguf) nor a graph file (.ts) nor a package (.mlpackage)`;
    throw new UserError(what, nearest(operand, [BUILT_IN]) && `did you mean ${BUILT_IN}?`);
  }
  const weights = args.text("weights");
  const build = sizedModel(operand, await loadGraphFile(operand), args, weights && (await configOf(weights)));
  const layer = args.given("layer") ? `.layer${args.whole("layer")}` : "";
  return {
    name: basename(operand, extname(operand)) + layer,
    build,
    kinds: (size) => [{ graph: build(size), layers: [] }],
    small: smallPair(build),
    weights: weights ?? generatedLabel(args),
    storedWeights: weights !== undefined,
    openWeights: (graph) => (weights === undefined ? generated(graph, args) : openFolder(weights)),
    checkWeights: async (graphs) => (weights === undefined ? undefined : checkFolder(weights, graphs)),
  };
}

/** An author's model at the layer that is asked for. @throws UserError where one is asked for and the model does not look */
function sizedModel(path: string, model: Model, args: Args, config: unknown): SizedModel {
  return (size) => {
    checkFits(size);
    let looked = false;
    const layer = {
      get layer(): number {
        looked = true;
        return args.whole("layer");
      },
    };
    const given = config && typeof config === "object" ? { config: config as NonNullable<ModelInput["config"]> } : {};
    const built = model(Object.assign(layer, size, given));
    if (args.given("layer") && !looked)
      throw new UserError(
        `${path} builds the same whatever --layer says: its model does not read \`layer\``,
        "leave the option out",
      );
    return built;
  };
}

async function configOf(folder: string): Promise<unknown> {
  const checkpoint = await openFolder(folder);
  await checkpoint.close();
  return checkpoint.config;
}

async function checkFolder(folder: string, graphs: readonly Graph[]): Promise<void> {
  const { checkWeights } = await import("../../weights/check-weights.ts");
  const checkpoint = await openFolder(folder);
  try {
    checkWeights(graphs.flatMap(schedule), checkpoint.tensors, folder);
  } finally {
    await checkpoint.close();
  }
}
