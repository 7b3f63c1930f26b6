/** `graphc run`: one evaluation of a graph, on inputs from a file or made from positions. */

import { statedCaches } from "../../dsl/host/host-caches.ts";
import { meet, twinsOf } from "../../dsl/host/twins.ts";
import { show } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { contractProblems } from "../../passes/parity/contract-check.ts";
import { feed } from "../../passes/parity/feeds.ts";
import type { RawResults } from "../../passes/run/run.ts";
import { type Arrays, readArrays, writeArrays } from "../../weights/safetensors/arrays.ts";
import { ROLE_OPTIONS } from "../interface/given.ts";
import { ARITHMETIC_OPTION, requestedChip } from "../options/arithmetic.ts";
import type { Args, Command } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import {
  INPUT_SEED_OPTION,
  ROPE_LIST_OPTION,
  SIZE_OPTIONS,
  TOKENS_OF_PACKAGES,
  WEIGHTS_OPTION,
} from "../options/size-options.ts";
import { cacheRows, checkWithinList } from "../run/cache-rows.ts";
import { engineRun } from "../run/engine.ts";
import { engineLines, spelledInfinities } from "../run/engine-text.ts";
import { checkNames, doublesAs, requestedStates } from "../run/given-arrays.ts";
import { PRECISION_OPTION, plainRun } from "../run/plain-run.ts";
import { tellKinds } from "../subject/each-kind.ts";
import { FUNCTION_OPTIONS, type OpenPair, requestedPair } from "../subject/pair.ts";
import { ropeLines } from "../subject/rope-text.ts";
import { table } from "../terminal/table.ts";

/** Outputs and states at exit, as safetensors that --state and --inputs take again. */
export const runCommand: Command = {
  name: "run",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts | X.mlpackage [STEP.mlpackage]",
  arity: [1, 2],
  needs: "a model (phi4-mini), a graph file or a package",
  example: "examples/counter.ts --positions 0",
  options: {
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    "rope-list": { ...ROPE_LIST_OPTION["rope-list"], with: ["positions"] },
    ...TOKENS_OF_PACKAGES,
    ...FUNCTION_OPTIONS,
    ...INPUT_SEED_OPTION,
    ...ROLE_OPTIONS,
    inputs: { kind: "file", help: "safetensors with a tensor for every input; F64 in fp64" },
    positions: {
      kind: "form",
      value: "5..8",
      form: /^(\d+\.\.\d+|\d+(,\d+)*)$/,
      like: "5..8 or 5,9,7",
      help: "make the inputs for tokens at these cache rows (5..8 or 5,9,7)",
    },
    state: { kind: "file", help: "safetensors with the states at entry; zeros when absent" },
    out: { kind: "file", help: "where outputs and states go", default: "out.safetensors" },
    precision: PRECISION_OPTION,
    arithmetic: { ...ARITHMETIC_OPTION, without: ["precision"] },
    unchecked: {
      kind: "flag",
      help: "feed masks and positions even where they break their contract",
      with: ["inputs"],
    },
  },
  notes: ["The second package is the one-token twin; it tells which axes hold tokens, which --positions needs."],
  async run(args, io) {
    const pair = await requestedPair(args, io);
    tellKinds(pair.model, io);
    const chip = requestedChip(args);
    const runs = chip ? engineRun(pair, chip) : plainRun(pair, args);
    const entries = pair.block.states.map(({ entry }) => entry);
    const values = { ...(await requestedStates(entries, args)), ...(await requestedInputs(pair, args)) };
    const { results, engine } = await runs(values, io);
    const out = args.text("out")!;
    await writeArrays(out, { ...results.outputs, ...results.states });
    const made: Pick<OpenPair, "config" | "ropeList"> = args.given("positions") ? pair : {};
    if (args.flag("json"))
      io.out(JSON.stringify({ out, ...described(results), ropeList: made.ropeList, engine }, spelledInfinities));
    else
      for (const text of [
        `${out}\n${listing(results)}`,
        ...ropeLines(made, args),
        ...(engine ? engineLines(engine) : []),
      ])
        io.out(text);
    return 0;
  },
};

async function requestedInputs(pair: OpenPair, args: Args): Promise<Arrays> {
  const [file, positions] = [args.text("inputs"), args.text("positions")];
  if ((file === undefined) === (positions === undefined)) throw new UserError("give either --inputs or --positions");
  if (file !== undefined && args.given("seed") && args.operands.some(isPackage))
    throw new UserError("--seed does nothing beside --inputs for a package", "its weights and inputs are given");
  // What a file holds needs no role to be fed: it is checked where the role is known, and made only where all are.
  const find = positions === undefined ? meet : twinsOf;
  const { block, roles, tokens, slots: maxSeq = Number.MAX_SAFE_INTEGER } = find(pair.block, pair.step, pair.given);
  if (positions !== undefined) {
    const rows = cacheRows(positions, tokens, maxSeq);
    checkWithinList(pair.ropeList, rows);
    const source = { seed: args.whole("seed"), roles, maxSeq, ...(pair.config ? { config: pair.config } : {}) };
    const before = Math.min(...rows.flatMap((row) => (row === undefined ? [] : [row])));
    const committed = new Set(Array.from({ length: before }, (_, row) => row));
    const caches = await requestedStates(
      statedCaches(pair.block, pair.given).map(({ input }) => input),
      args,
    );
    return { ...feed(block, source, { rows, committed, stream: 0 }), ...caches };
  }
  const wanted = pair.block.inputs.map((x) => ({ name: x.name ?? "", type: x.type }));
  const values = await readArrays(file!, doublesAs(wanted, args));
  checkNames(values, wanted, file!);
  const [problem] = args.flag("unchecked") ? [] : contractProblems(pair.block, roles, values, maxSeq);
  if (problem) throw new UserError(`${file}: ${problem}`, "--unchecked feeds it all the same");
  return values;
}

const described = ({ outputs, states }: RawResults) => ({
  outputs: Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, show(array)])),
  states: Object.fromEntries(Object.entries(states).map(([name, array]) => [name, show(array)])),
});

const listing = ({ outputs, states }: RawResults): string =>
  table(
    ["", "name", "type"],
    [
      ...Object.entries(outputs).map(([name, array]) => ["output", name, show(array)]),
      ...Object.entries(states).map(([name, array]) => ["state", name, show(array)]),
    ],
  );
