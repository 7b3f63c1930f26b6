/** What `parity --reference` reads: arrays that something else computed, and what it computed them from. */
import type { Graph } from "../../dsl/graph.ts";
import { meet } from "../../dsl/host/twins.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { show } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { NDArray } from "../../passes/interpret/array.ts";
import { toNDArray } from "../../passes/kernels/raw.ts";
import { contractProblems } from "../../passes/parity/contract-check.ts";
import { type Arrays, type DoublesAs, readArrays } from "../../weights/safetensors/arrays.ts";
import type { Args } from "../options/command.ts";
import { checkNames, doublesAs, requestedStates, type Wanted } from "../run/given-arrays.ts";
import type { OpenPair } from "../subject/pair.ts";

/** A call, and what it is expected to give. */
export interface ReferenceCall {
  /** Inputs and states at entry. */
  readonly entry: Arrays;
  /** By the name of the output, or of the state at exit. */
  readonly outputs: ReadonlyMap<string, NDArray>;
  readonly states: ReadonlyMap<string, NDArray>;
}

/** @throws UserError for a file that cannot be read, a tensor that is not the graph's, and a reference that says nothing */
export async function referenceCall(pair: OpenPair, args: Args): Promise<ReferenceCall> {
  const [file, separate] = [args.text("reference")!, args.text("inputs")];
  const { block } = pair;
  const wanted = block.inputs.map(({ name = "", type }) => ({ name, type }));
  const held = new Map(Object.entries(await readArrays(file, doublesInReference(wanted, args))));
  const outputs = expected(held, file, new Map(Object.entries(block.outputs)));
  const states = expected(held, file, new Map(block.states.map(({ entry }) => [entry.name ?? "", entry])));
  const named = new Set([...outputs.keys(), ...states.keys()]);
  checkNamed(named, block, file);
  const rest = [...held].filter(([name]) => !named.has(name));
  checkRest(rest, { wanted, named, file, separate });
  const from = separate ?? file;
  const inputs = separate === undefined ? Object.fromEntries(rest) : await readArrays(from, doublesAs(wanted, args));
  checkNames(inputs, wanted, from);
  checkContract(pair, inputs, from);
  const entries = block.states.map(({ entry }) => entry);
  return { entry: { ...(await requestedStates(entries, args)), ...inputs }, outputs, states };
}

/** What is compared may be doubles in any precision; an input where the graph takes them. */
function doublesInReference(wanted: Wanted, args: Args): DoublesAs {
  const ofInput = doublesAs(wanted, args);
  return (name) => (wanted.some((input) => input.name === name) ? ofInput(name) : "fp32");
}

/** The tensors of these names, as numbers. @throws UserError for a shape that is not the graph's, or a number that nothing can be compared with */
function expected(
  held: ReadonlyMap<string, Arrays[string]>,
  file: string,
  values: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, NDArray> {
  const found = new Map<string, NDArray>();
  for (const [name, { type }] of values) {
    const array = held.get(name);
    if (!array) continue;
    if (array.shape.join() !== type.shape.join())
      throw new UserError(
        `${file}: "${name}" is ${show(array)}; the graph gives ${show(type)}`,
        "arrange it as the graph does, its axes in the same order",
      );
    const numbers = toNDArray(array);
    const odd = numbers.data.findIndex((x) => !Number.isFinite(x));
    if (odd >= 0)
      throw new UserError(`${file}: element ${odd} of "${name}" is ${numbers.data[odd]}, which nothing can be near to`);
    if (numbers.data.every((x) => x === 0))
      throw new UserError(`${file}: "${name}" is zero everywhere, by which nothing could be told`);
    found.set(name, numbers);
  }
  return found;
}

function checkNamed(named: ReadonlySet<string>, { outputs, states }: Graph, file: string): void {
  if (named.size > 0) return;
  const known = [...Object.keys(outputs), ...states.map(({ entry }) => entry.name ?? "")];
  throw new UserError(
    `${file} has no tensor with the name of an output or a state, so that nothing would be compared`,
    `the graph gives ${known.join(", ")}`,
  );
}

interface Held {
  readonly wanted: Wanted;
  readonly named: ReadonlySet<string>;
  readonly file: string;
  readonly separate: string | undefined;
}

/** What is not compared is an input, and comes from one file. @throws UserError */
function checkRest(
  rest: readonly (readonly [name: string, array: unknown])[],
  { wanted, named, file, separate }: Held,
): void {
  const both = wanted.find(({ name }) => named.has(name));
  if (both && separate === undefined)
    throw new UserError(
      `${file}: "${both.name}" is an input of the graph and something that it gives`,
      "give the inputs in a file of their own: --inputs FILE",
    );
  for (const [name] of rest) {
    const isInput = wanted.some((input) => input.name === name);
    if (!isInput) throw new UserError(`${file}: the graph has no input, output or state "${name}"`);
    if (separate !== undefined) throw new UserError(`${file}: "${name}" is an input, and --inputs gives those`);
  }
}

/** @throws UserError where a mask or a position breaks what its role says */
function checkContract({ block, step, given }: OpenPair, inputs: Arrays, file: string): void {
  const { roles, slots = Number.MAX_SAFE_INTEGER } = meet(block, step, given);
  const [problem] = contractProblems(block, roles, inputs, slots);
  if (problem) throw new UserError(`${file}: ${problem}`);
}
