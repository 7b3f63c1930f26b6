/** A block graph and its one-token twin, from a model, a graph file or two packages, with their weights opened. */
import type { OpenGraphs } from "../../api/open-graphs.ts";
import { isFlexible } from "../../api/package-subjects.ts";
import { isOfOneToken } from "../../dsl/host/same-interface.ts";
import { type Graphs, meetInputs } from "../../dsl/host/twins.ts";
import type { Size } from "../../dsl/model.ts";
import { UserError } from "../../dsl/user-error.ts";
import { packageWeights } from "../../emit/read/blobs/package-store.ts";
import { graphOf, type Package, readPackage } from "../../emit/read/read.ts";
import type { AssumedList } from "../../models/rope-list.ts";
import { graphHash } from "../../passes/prove/report/certificate.ts";
import type { WeightStore } from "../../weights/store.ts";
import { givenRoles } from "../interface/given.ts";
import { countedGraphs, type GivenOutputs, type LeftOut, withCounted } from "../interface/outputs.ts";
import type { Args } from "../options/command.ts";
import { isGraphFile, isPackage } from "../options/operand-kind.ts";
import type { Options } from "../options/option.ts";
import { requestedSize } from "../options/size-options.ts";
import type { Io } from "../terminal/io.ts";
import { besideOtherRows, type ModelKinds } from "./subject.ts";
import { subjectOf } from "./target.ts";

/** The two graphs, and a way to their weights; built, but with no weight read yet. */
export interface OpenPair extends OpenGraphs {
  readonly name: string;
  /** What the options state of outputs. */
  readonly outputs?: GivenOutputs;
  /** What of the outputs does not count, and was taken out of both graphs; and the graphs as they are. */
  readonly leftOut?: LeftOut;
  readonly whole?: Graphs;
  /** The kinds of layers that the model has, where it has layers. */
  readonly model?: ModelKinds;
  /** Which of LongRoPE's lists RoPE rows are made with, where it turns the layers. */
  readonly ropeList?: AssumedList;
  /** Where the weights come from, for the report. */
  readonly weights: string;
  openWeights(): Promise<WeightStore>;
}

/** Which function of a package, where it has several. */
export const FUNCTION_OPTIONS = {
  function: { kind: "name", value: "NAME", help: "function of the (block) package", for: ["package"] },
  "step-function": { kind: "name", value: "NAME", help: "function of the step package", for: ["package"] },
} as const satisfies Options;

/**
 * The pair that the operands name, or those of them that make it, for a command that runs its block.
 * @throws UserError when an operand names nothing, or a package of several functions is given without one.
 */
export async function requestedPair(args: Args, io: Io, operands = args.operands): Promise<OpenPair> {
  const [first, second] = operands as [string, string?];
  const { rolesOf, outputs } = await givenRoles(args);
  if (isPackage(first)) {
    const pair = packagePair(first, second, args);
    return { ...pair, given: rolesOf([pair.block, pair.step]), outputs };
  }
  if (second !== undefined) throw new UserError(`"${first}" is a model`, "only packages come in pairs");
  const subject = await subjectOf(first, args, io);
  const size = requestedSize(args);
  const pairAt = (at: Size): Graphs => ({ block: subject.build(at), step: subject.build({ ...at, tokens: 1 }) });
  const { block, step } = pairAt(size);
  return {
    name: subject.name,
    block,
    step,
    given: rolesOf([block, step]),
    outputs,
    ...(subject.config ? { config: subject.config } : {}),
    ...(subject.model ? { model: subject.model } : {}),
    ...(subject.ropeList ? { ropeList: subject.ropeList } : {}),
    weights: subject.weights,
    storedWeights: subject.storedWeights,
    openWeights: () => subject.openWeights(block),
    small: subject.small,
    ...(subject.smallWhole ? { smallWhole: subject.smallWhole } : {}),
    ...(isGraphFile(first) ? { otherRows: besideOtherRows(size.maxSeq, (maxSeq) => pairAt({ ...size, maxSeq })) } : {}),
  };
}

/**
 * The pair that the operands name, for a command that compares its block with its steps.
 * @throws UserError also when packages leave nothing to compare: one of fixed size alone, or one with itself.
 */
export async function comparedPair(args: Args, io: Io): Promise<OpenPair> {
  const pair = counted(await requestedPair(args, io));
  const [first, second] = args.operands as [string, string?];
  if (!isPackage(first)) return pair;
  if (graphHash(pair.block) !== graphHash(pair.step)) {
    checkIsStep(pair, second ?? first);
    return pair;
  }
  // `settle` refused the option for a package of fixed size.
  if (second === undefined && args.given("tokens"))
    throw new UserError(
      `${first} is read for one token, so that there is no block beside its step`,
      "give --tokens 2 or more",
    );
  if (second === undefined && args.text("function") === undefined)
    throw new UserError(
      `${first} has a fixed size, so that there is no block beside its step`,
      "give two packages: the block, then its one-token twin",
    );
  throw new UserError(
    `${second ?? first} is the same graph as its block, so that there is nothing to compare`,
    "give the block first, then its one-token twin",
  );
}

/** The pair without outputs that do not count. @throws UserError when nothing is left to be compared */
function counted(pair: OpenPair): OpenPair {
  if (!pair.outputs) return pair;
  const { notCompared, rows, ...graphs } = countedGraphs(pair, pair.outputs, pair.given);
  if (notCompared.length === 0 && Object.keys(rows).length === 0) return pair;
  const leftOut = { notCompared, rows };
  const { small, otherRows, ...other } = pair;
  return {
    ...other,
    ...graphs,
    leftOut,
    whole: { block: pair.block, step: pair.step },
    // A smaller block may lack the token whose row is read.
    ...(small && Object.keys(rows).length === 0 ? { small: (tokens) => withCounted(small(tokens), leftOut) } : {}),
    ...(otherRows ? { otherRows: () => withCounted(otherRows(), leftOut) } : {}),
  };
}

/** Two graphs of several tokens each are no block and its step. @throws UserError where that is what they are */
export function checkIsStep({ block, step, given }: OpenPair, shown: string): void {
  if (meetInputs(block, step, given).tokens > 1 || isOfOneToken(step, given)) return;
  throw new UserError(
    `the inputs of ${shown} have the sizes of its block's, and are not known to be those of one token`,
    "graphc equal compares two graphs of the same T; a mask with more than one long axis is told by --role NAME=mask:slot=AXIS",
  );
}

/** Two packages, two functions of one, or one of flexible size read for T tokens and for one. */
function packagePair(first: string, second: string | undefined, args: Args): Omit<OpenPair, "given"> {
  const blockPackage = readPackage(first);
  const stepPackage = second === undefined ? blockPackage : readPackage(second);
  const [own, twin] = [functionOf(blockPackage, args, "function"), functionOf(stepPackage, args, "step-function")];
  const alone = second === undefined && own.function === twin.function;
  const isOpen = ({ function: name }: typeof own) => second === undefined && isFlexible(blockPackage, name);
  // Of two functions one may be of flexible size: it has the size of its description where nobody says another.
  const flexible = isOpen(own) && (alone || args.given("tokens"));
  args.settle(first, flexible ? ["package", "flexible package"] : ["package"]);
  return {
    name: second === undefined ? first : `${first} and ${second}`,
    block: graphOf(blockPackage, { ...own, ...(flexible ? { tokens: args.whole("tokens") } : {}) }),
    step: graphOf(stepPackage, { ...twin, ...(flexible && isOpen(twin) ? { tokens: 1 } : {}) }),
    weights: first,
    storedWeights: true,
    openWeights: async () => packageWeights(),
  };
}

/** The function that the option names, or the only one. @throws UserError when there are several and none is named */
export function functionOf({ path, model }: Package, args: Args, option: string): { readonly function?: string } {
  const named = args.text(option);
  if (named !== undefined) return { function: named };
  if (model.functions.length <= 1) return {};
  throw whichFunction({ path, model }, `say which: --${option} NAME`);
}

/** What a command says that needs one function of a package, and was told none. */
export function whichFunction({ path, model }: Pick<Package, "path" | "model">, mend: string): UserError {
  const names = model.functions.map(({ name }) => name).join(", ");
  return new UserError(`${path} has ${model.functions.length} functions: ${names}`, mend);
}
