/** `graphc equal`: two graphs of the same T give the same, for all weights, inputs and states. */
import { join } from "node:path";
import {
  arbitraryInputs,
  type Called,
  checkSameInterface,
  isOfOneToken,
  withNamesOf,
} from "../../dsl/host/same-interface.ts";
import { isFloat } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { dumpBoth } from "../../evidence/dump.ts";
import { type ComparedGraphs, comparedGraphs } from "../equal/pair.ts";
import { equalityOf, type MetPair } from "../equal/proof.ts";
import { equalRecord, equalVerdict, printEqual } from "../equal/text.ts";
import { type GivenInterface, givenInterface, ROLE_OPTIONS } from "../interface/given.ts";
import { countedGraphs } from "../interface/outputs.ts";
import type { Args, Command, ExitCode } from "../options/command.ts";
import { CHECKPOINT_OPTION, SIZE_OPTIONS, TOKENS_OF_PACKAGES } from "../options/size-options.ts";
import { EXPLAIN_OPTION, FORMAT_OPTION } from "../options/verdict-options.ts";
import { tellOfPairs } from "../subject/each-function.ts";
import type { Told } from "../subject/each-kind.ts";
import { FUNCTION_OPTIONS } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import { verdictAnnotations } from "../verdict/annotate.ts";
import { ownDump } from "../verdict/own-text.ts";
import { tellSides } from "../verdict/tell.ts";

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
    functions: {
      kind: "form",
      value: "NAME,...",
      form: /^[^,=]+(=[^,=]+)?(,[^,=]+(=[^,=]+)?)*$/,
      like: "infer,prefill or infer=main",
      help: "functions of A, each against that of B of the same name, or NAME_OF_A=NAME_OF_B",
      for: ["package"],
      without: ["function", "step-function"],
    },
    weights: {
      ...CHECKPOINT_OPTION,
      help: `${CHECKPOINT_OPTION.help}, whose weights are looked at for P7`,
      for: ["model", "graph"],
    },
    map: {
      kind: "forms",
      value: "NAME_OF_B=NAME_OF_A",
      form: MAP,
      like: "mask=attn_mask",
      help: "an input, output or state of B, and what A calls it",
    },
    ...ROLE_OPTIONS,
    dump: { kind: "folder", help: "write the counterexample, for graphc run to replay" },
    ...EXPLAIN_OPTION,
    ...FORMAT_OPTION,
  },
  notes: [
    "Of calls of one token the host feeds inputs by their roles, as graphc prove takes them; roles go by the names of A.",
    "Of calls of several tokens every input is an arbitrary array, the same for both: what is proven holds for all inputs, and nothing is refuted.",
    "Weights of packages are known by their contents, those of models and graph files by their names; two checkpoints must hold the same.",
    'An interface file may hold "names": { NAME_OF_B: NAME_OF_A } beside its "inputs".',
    "Verdicts are those of graphc prove. Exit code 0 when proven, else 1.",
  ],
  run: (args, io) => tellOfFunctions(args, io, told),
};

/** Of each pair of functions that `--functions` names; without it of the graphs that the operands and the other options name. */
async function tellOfFunctions(args: Args, io: Io, tell: (args: Args, io: Io) => Promise<Told>): Promise<ExitCode> {
  const listed = args.text("functions");
  if (listed === undefined) {
    const { code, json } = await tell(args, io);
    if (args.flag("json")) io.out(JSON.stringify(json, null, 2));
    return code;
  }
  const pairs = listed.split(",").map((one) => {
    const [name, other = name] = one.split("=") as [string, string?];
    return [name, other] as const;
  });
  const twice = pairs.find(([name], k) => pairs.findIndex(([other]) => other === name) < k);
  if (twice) throw new UserError(`--functions names "${twice[0]}" twice`, "name each once");
  return tellOfPairs(args, io, { pairs, tell, shown: (a, b) => ({ a, b }) });
}

async function told(args: Args, io: Io): Promise<Told> {
  const given = await givenInterface(args);
  const graphs = await comparedGraphs(args, io);
  const pair = metPair(graphs, withOptions(given.names, args), given);
  const { found, alone } = await equalityOf(pair, graphs, io);
  const { oneToken, a, b, notCompared } = pair;
  const countsPlaces = a.graph.inputs.some(({ type: { dtype } }) => !isFloat(dtype) && dtype !== "bool");
  const sides = { a: a.shown, b: b.shown, oneToken, countsPlaces, notCompared };
  const said = { verdict: equalVerdict(found, oneToken), alone, ...sides };
  if (!args.flag("json")) {
    const text = printEqual(said, (...what) => tellSides(...what, args));
    io.out(text);
    if (args.text("format") === "github") for (const line of verdictAnnotations(said.verdict, text)) io.out(line);
  }
  const dump = args.text("dump");
  if (dump !== undefined && found.verdict === "REFUTED") {
    await dumpBoth(dump, found.counterexample);
    if (found.counterexample.weights === "own") io.err(ownDump(dump));
    else for (const name of ["a", "b"]) io.err(`replay: graphc run ${replay(dump, name)}`);
  }
  // Printed last, since a dump that fails prints an error as JSON: standard output holds one JSON value.
  return { code: found.verdict === "PROVEN" ? 0 : 1, json: equalRecord(said, pair.whole) };
}

const replay = (dump: string, name: string): string =>
  `${join(dump, `${name}.mlpackage`)} --inputs ${join(dump, `${name}.inputs.safetensors`)} --state ${join(dump, "state.safetensors")}`;

/** The names of the file and those of the options, which come first. */
function withOptions(names: ReadonlyMap<string, string>, args: Args): ReadonlyMap<string, string> {
  const stated = args.texts("map").map((text) => text.split("=") as [string, string]);
  const twice = stated.find(([name], k) => stated.findIndex(([other]) => other === name) < k);
  if (twice) throw new UserError(`--map is given twice for "${twice[0]}"`, "keep one");
  return new Map([...names, ...stated]);
}

function metPair(
  graphs: ComparedGraphs,
  names: ReadonlyMap<string, string>,
  { rolesOf, outputs }: GivenInterface,
): MetPair {
  const renamed = withNamesOf(graphs.a, graphs.b, names);
  const whole = { a: graphs.a.graph, b: renamed.graph };
  const roles = rolesOf([whole.a, whole.b]);
  const oneRow = [...outputs.said].find(([, word]) => word !== "all" && word !== "ignore");
  if (oneRow)
    throw new UserError(
      `"outputs": ${JSON.stringify(oneRow[1])} for "${oneRow[0]}" does nothing here: graphc equal compares outputs as a whole`,
      'the row of one token is for graphc prove and parity; "all" and "ignore" are for graphc equal too',
    );
  const { block, step, notCompared } = countedGraphs({ block: whole.a, step: whole.b }, outputs, roles);
  const a: Called = { ...graphs.a, graph: block };
  const b: Called = { ...renamed, graph: step };
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
  return { a, b, names, oneToken, notCompared, whole, given: oneToken ? roles : arbitraryInputs(a.graph) };
}
