/** `graphc equal`: two graphs of the same T give the same, for all weights, inputs and states. */
import type { Graph } from "../../dsl/graph.ts";
import { withHostCaches } from "../../dsl/host-caches.ts";
import type { GivenRoles } from "../../dsl/role.ts";
import {
  arbitraryInputs,
  type Called,
  checkSameInterface,
  isOfOneToken,
  withNamesOf,
} from "../../dsl/same-interface.ts";
import { UserError } from "../../dsl/user-error.ts";
import { storedNumbers, UNREAD } from "../../emit/read/stored-numbers.ts";
import { prove } from "../../passes/prove/prove.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { type NotFinite, notFiniteWeights } from "../../weights/finite.ts";
import { askForArrays } from "../ask-arrays.ts";
import type { Args, Command, ExitCode } from "../command.ts";
import { type ComparedGraphs, comparedGraphs, smallOf } from "../equal-pair.ts";
import { equalRecord, equalVerdict, printEqual } from "../equal-text.ts";
import { givenInterface, ROLE_OPTIONS } from "../given-roles.ts";
import type { Io } from "../io.ts";
import { ownRuns } from "../own-runs.ts";
import { FUNCTION_OPTIONS } from "../pair.ts";
import { SIZE_OPTIONS, TOKENS_OF_PACKAGES } from "../target.ts";

const MAP = /^[^=]+=[^=]+$/;

/** The verdict as text or JSON; anything but a proof is a no. */
export const equalCommand: Command = {
  name: "equal",
  operands: "A.mlpackage B.mlpackage | A B (models or graph files)",
  arity: [2, 2],
  needs: "two packages, or two models or graph files",
  example: "converted.t1.mlpackage layer.t1.mlpackage",
  options: {
    ...SIZE_OPTIONS,
    tokens: { ...TOKENS_OF_PACKAGES.tokens, help: "tokens in a call", default: "1" },
    function: { ...FUNCTION_OPTIONS.function, help: "function of package A" },
    "step-function": { ...FUNCTION_OPTIONS["step-function"], help: "function of package B" },
    map: {
      kind: "forms",
      value: "NAME_OF_B=NAME_OF_A",
      form: MAP,
      like: "mask=attn_mask",
      help: "an input, output or state of B, and what A calls it",
    },
    ...ROLE_OPTIONS,
  },
  notes: [
    "Of calls of one token the host feeds inputs by their roles, as graphc prove takes them; roles go by the names of A.",
    "Of calls of several tokens every input is an arbitrary array, the same for both: what is proven holds for all inputs, and nothing is refuted.",
    "Weights of packages are known by their contents, those of models and graph files by their names.",
    'An interface file may hold "names": { NAME_OF_B: NAME_OF_A } beside its "inputs".',
    "Verdicts are those of graphc prove. Exit code 0 when proven, else 1.",
  ],
  async run(args, io): Promise<ExitCode> {
    const { roles, names } = await givenInterface(args);
    const graphs = await comparedGraphs(args, io);
    const pair = metPair(graphs, withOptions(names, args), roles);
    const { found, alone } = await verdictOf(pair, graphs, io);
    const told = {
      verdict: equalVerdict(found, pair.oneToken),
      alone,
      a: pair.a.shown,
      b: pair.b.shown,
      oneToken: pair.oneToken,
    };
    const record = equalRecord(told, { a: pair.a.graph, b: pair.b.graph });
    io.out(args.flag("json") ? JSON.stringify(record, null, 2) : printEqual(told));
    return found.verdict === "PROVEN" ? 0 : 1;
  },
};

/** The names of the file and those of the options, which come first. */
function withOptions(names: ReadonlyMap<string, string>, args: Args): ReadonlyMap<string, string> {
  const stated = args.texts("map").map((text) => text.split("=") as [string, string]);
  const twice = stated.find(([name], k) => stated.findIndex(([other]) => other === name) < k);
  if (twice) throw new UserError(`--map is given twice for "${twice[0]}"`, "keep one");
  return new Map([...names, ...stated]);
}

/** Two graphs of one interface. */
interface MetPair {
  readonly a: Called;
  readonly b: Called;
  readonly names: ReadonlyMap<string, string>;
  readonly oneToken: boolean;
  /** Roles that are stated; those of arbitrary arrays for calls of several tokens. */
  readonly given: GivenRoles;
}

function metPair(graphs: ComparedGraphs, names: ReadonlyMap<string, string>, roles: GivenRoles): MetPair {
  const a: Called = graphs.a;
  const b = withNamesOf(a, graphs.b, names);
  const known = [graphs.a.tokens, graphs.b.tokens].every((tokens = 1) => tokens === 1);
  const oneToken = known && [a, b].every(({ graph }) => isOfOneToken(graph, roles));
  checkSameInterface(a, b, roles, oneToken);
  const inputs = [...a.graph.inputs, ...b.graph.inputs].map(({ name }) => name ?? "");
  const stray = [...roles.keys()].find((name) => !inputs.includes(name));
  if (stray !== undefined)
    throw new UserError(
      `there is no input "${stray}", for which a role is given`,
      `the inputs are ${[...new Set(inputs)].join(", ")}`,
    );
  return { a, b, names, oneToken, given: oneToken ? roles : arbitraryInputs(a.graph) };
}

interface Found {
  readonly found: Verdict;
  readonly alone: number;
}

async function verdictOf(pair: MetPair, graphs: ComparedGraphs, io: Io): Promise<Found> {
  // The prover's own runs know its graphs by identity: caches that the host keeps are states of them by now.
  const { graphs: closed, given } = withHostCaches([pair.a.graph, pair.b.graph], pair.given);
  const [block, step] = closed as readonly [Graph, Graph];
  const smallest = smallOf(graphs, (graph) => withNamesOf(pair.a, { ...pair.b, graph }, pair.names).graph);
  const small = smallest ? { small: smallest } : {};
  const { unread, alone, ...stored } = storedNumbers([block, step]);
  const notFinite = await notFiniteIn(pair, graphs);
  const { storedWeights, openWeights } = graphs;
  const open = { name: "", block, step, given, weights: "", storedWeights, openWeights };
  const runs = storedWeights ? await ownRuns(open, io) : undefined;
  const progress = io.progress("proving");
  try {
    const found = prove(block, step, {
      progress: progress.update,
      roles: given,
      ...stored,
      corollaries: false,
      // Arrays that no host feeds refute nothing.
      counterexample: pair.oneToken && !unread,
      ...(unread ? { notSearched: UNREAD } : {}),
      ...small,
      ...(notFinite ? { notFinite } : {}),
      ...(runs ? { ownRuns: runs } : {}),
    });
    if (found.verdict === "REFUTED") askForArrays({ block, step }, given, stored);
    return { found, alone };
  } finally {
    progress.end();
    await runs?.close();
  }
}

/** A weight at hand that is not finite. */
async function notFiniteIn({ a, b }: MetPair, graphs: ComparedGraphs): Promise<NotFinite | undefined> {
  if (!graphs.storedWeights) return undefined;
  const store = await graphs.openWeights();
  try {
    return (await notFiniteWeights([a.graph, b.graph], store))[0];
  } finally {
    await store.close();
  }
}
