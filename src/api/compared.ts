/** What the library proves and runs of: a model at its sizes, or two graphs. */

import { isGraphError } from "../dsl/error.ts";
import { graphGiven } from "../dsl/given/graphs.ts";
import { type Fields, shown, typed, wholeGiven } from "../dsl/given/values.ts";
import { type Graph, schedule } from "../dsl/graph.ts";
import { isOfOneToken } from "../dsl/host/same-interface.ts";
import { type Graphs, meetInputs } from "../dsl/host/twins.ts";
import type { Model, Size } from "../dsl/model.ts";
import type { DeclaredRole, GivenRoles, StatedFacts } from "../dsl/role.ts";
import { isUserError, UserError } from "../dsl/user-error.ts";
import { checkFits } from "../models/config.ts";
import { smallOrNone } from "../passes/prove/refute/cost.ts";
import { graphHash } from "../passes/prove/report/certificate.ts";
import type { OpenGraphs, Watch } from "./open-graphs.ts";
import { AXIS_WORDS, checkedFacts, OTHER_WORDS } from "./role-words.ts";
import { weightsGiven, weightsOf } from "./weights.ts";

/** A model function, and the sizes that its block is built for; its step is the same for one token. */
export interface SizedBlock {
  readonly model: Model;
  /** T. */
  readonly tokens: number;
  /** Rows of the KV cache. */
  readonly maxSeq: number;
  /** 0 when absent. */
  readonly layer?: number;
  /** What the model function receives as `config`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A block of T tokens and its one-token twin: of one model function, or two graphs such as packages hold. */
export type Compared = SizedBlock | Graphs;

/** What the host feeds to inputs, by their names. */
export type StatedRoles = Readonly<Record<string, DeclaredRole>>;

/** Options of every function that looks at a block and its step. */
export interface ComparedOptions {
  /** For weights of a checkpoint that the graphs read. A package's are its own. */
  readonly weights?: import("./weights.ts").Weights;
  /** What the host feeds to inputs, stated beside what their author declared; it wins over that, and over names. */
  readonly roles?: StatedRoles;
  /** Told how far the work is: what is done now, and the share of it in a unit of its own. */
  onProgress?(doing: string, done: number, total: number): void;
  /** Stops a parity run between two calls: the promise is rejected with the signal's reason. A proof does not look at it. */
  readonly signal?: AbortSignal;
}

/** Names of options, for those who have more. */
export const COMPARED_OPTIONS = ["weights", "roles", "onProgress", "signal"] as const;

/** @throws UserError or GraphError that says what is wrong with what was given */
export function openCompared(compared: unknown, options: Fields): OpenGraphs {
  const given = rolesGiven(options.roles);
  const made = isModel(compared) ? builtPair(compared) : graphPair(compared);
  const { block, step } = made;
  const pair = { ...made, given };
  if (graphHash(block) === graphHash(step))
    throw new UserError(
      `${block.name} is the same graph as its step, so that there is nothing to compare`,
      "give the block first, then its one-token twin",
    );
  if (meetInputs(block, step, given).tokens === 1 && !isOfOneToken(step, given))
    throw new UserError(
      `the inputs of ${step.name} have the sizes of its block's, and are not known to be those of one token`,
      "give the block first, then its one-token twin",
    );
  const { stored, openWeights } = weightsOf([block, step], weightsGiven(options.weights));
  return { ...pair, storedWeights: stored, ...(openWeights ? { openWeights } : {}) };
}

const isModel = (value: unknown): value is SizedBlock =>
  typeof value === "object" && value !== null && "model" in value;

function graphPair(value: unknown): Omit<OpenGraphs, "given" | "storedWeights"> {
  if (typeof value !== "object" || value === null || !("block" in value) || !("step" in value))
    throw new UserError(`what is compared must be { model, tokens, maxSeq } or { block, step }, not ${shown(value)}`);
  const [block, step] = [graphGiven(value.block, "the block"), graphGiven(value.step, "the step")];
  // Of an author's graphs nobody here can build another size, so that no number in them is known to follow it.
  const isAuthors = [block, step].some((graph) => schedule(graph).some(({ site }) => site.frames().length > 0));
  return { block, step, ...(isAuthors ? { otherRows: noOthers } : {}) };
}

function noOthers(): Graphs {
  throw new UserError("two graphs are of one number of cache rows", "give a model, which is built for others too");
}

function builtPair(value: SizedBlock): Omit<OpenGraphs, "given" | "storedWeights"> {
  const { model, layer = 0, config } = value;
  if (typeof model !== "function") throw new UserError(`a model must be a function, not ${shown(model)}`);
  const tokens = wholeGiven(value.tokens, "tokens", 1);
  const maxSeq = wholeGiven(value.maxSeq, "maxSeq", 1);
  const at = { layer: wholeGiven(layer, "layer", 0), ...(config ? { config } : {}) };
  const build = (size: Size): Graph => {
    checkFits(size);
    return graphGiven(
      asAuthors(() => model({ ...at, ...size })),
      "what the model returns",
    );
  };
  const pairAt = (size: Size): Graphs => ({ block: build(size), step: build({ ...size, tokens: 1 }) });
  return {
    ...pairAt({ tokens, maxSeq }),
    small: (few) => pairAt({ tokens: few, maxSeq: few + 1 }),
    otherRows: () => {
      const beside = (rows: number) => pairAt({ tokens, maxSeq: rows });
      return smallOrNone(beside, maxSeq + 1) ?? beside(2 * maxSeq);
    },
  };
}

/** What the author's function throws is the author's, and is kept as the cause. */
function asAuthors<X>(make: () => X): X {
  try {
    return make();
  } catch (error) {
    if (isGraphError(error) || isUserError(error)) throw error;
    const says = error instanceof Error ? error.message : shown(error);
    throw Object.assign(new UserError(`the model threw while its graph was made: ${says}`), { cause: error });
  }
}

const ROLE_WORDS = [...AXIS_WORDS.values(), ...OTHER_WORDS];

/** Roles as they were given. @throws UserError that names the input */
export function rolesGiven(value: unknown): GivenRoles {
  const isRecord = (x: unknown) => typeof x === "object" && x !== null && !Array.isArray(x);
  const stated = typed<Fields>(value, "roles", isRecord, "an object of roles by input") ?? {};
  return new Map(
    Object.entries(stated).map(([name, role]) => {
      const facts = typeof role === "string" ? { kind: role } : role;
      if (!isRecord(facts)) throw new UserError(`the role of "${name}" must be a role, not ${shown(role)}`);
      const checked: StatedFacts = checkedFacts(facts as Fields, `the role of "${name}"`, ROLE_WORDS);
      return [name, { facts: checked, source: "option" as const }] as const;
    }),
  );
}

/** The caller's way to watch work. @throws UserError */
export function watchGiven({ onProgress, signal }: Fields): Watch {
  const isFunction = (x: unknown) => typeof x === "function";
  const told = typed<NonNullable<ComparedOptions["onProgress"]>>(onProgress, "onProgress", isFunction, "a function");
  const stop = typed<AbortSignal>(signal, "signal", (x) => x instanceof AbortSignal, "an AbortSignal");
  return {
    ...(stop ? { signal: stop } : {}),
    progress: (label) => ({ update: (done, total) => told?.(label, done, total), end() {} }),
  };
}
