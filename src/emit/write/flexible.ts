/**
 * One program for several sizes, made from the programs at each of them: what they agree on is written once, sizes on which they differ
 * are left open, and a literal on which they differ takes a form that fits all of them, or there is no such program.
 */
import { UserError } from "../../dsl/user-error.ts";
import {
  GRAPH_NAME,
  type MilArgument,
  type MilDim,
  type MilFeature,
  type MilFunction,
  type MilInterface,
  type MilModel,
  type MilNamed,
  type MilOperation,
  type MilTensorType,
  type MilType,
  type MilValue,
} from "../mil/records.ts";
import { samePlan } from "./blob.ts";
import type { Lowered } from "./lower.ts";

/**
 * The program that is each of the given ones at its size; its inputs are of the first one's size where nobody says another.
 * @param sizes in rising order; graphs of one text, lowered
 * @throws UserError that names the op of which no form fits all sizes
 */
export function flexible(sizes: readonly Lowered[], name: string): Lowered {
  const [first] = sizes as readonly [Lowered];
  if (!sizes.every(({ blobs }) => samePlan(blobs, first.blobs)))
    throw new UserError("the graphs at several sizes have different weights, so that no program is all of them");
  const models = sizes.map(({ model }) => model);
  const model: MilModel = {
    ...first.model,
    functions: [merged(models.map(({ functions }) => functions[0]!))],
    interfaces: { main: openInterface(models.map(({ interfaces }) => interfaces.main!)) },
    metadata: { ...first.model.metadata, [GRAPH_NAME]: name },
  };
  return { model, blobs: first.blobs };
}

type All<X> = readonly [X, ...X[]];
const same = <X>(xs: readonly X[], key: (x: X) => unknown): boolean =>
  xs.every((x) => JSON.stringify(key(x)) === JSON.stringify(key(xs[0]!)));

function merged(functions: readonly MilFunction[]): MilFunction {
  const [first] = functions as All<MilFunction>;
  const isAlike =
    same(functions, ({ inputs, outputs }) => [inputs.map(({ name }) => name), outputs]) &&
    same(functions, ({ operations }) => operations.map((op) => [op.type, op.name, namesIn(op)]));
  if (!isAlike)
    throw new UserError("the graphs at several sizes have different ops, so that no program is all of them");
  const uses = usesOf(first.operations);
  return {
    ...first,
    inputs: first.inputs.map((_, k) => openNamed(functions.map(({ inputs }) => inputs[k]!))),
    operations: first.operations.map((_, k) =>
      mergedOp(
        functions.map(({ operations }) => operations[k]!),
        uses,
      ),
    ),
  };
}

/** What an op reads by name, and the parameters that hold literals. */
const namesIn = ({ inputs, outputs, blocks }: MilOperation) => [
  Object.entries(inputs).map(([key, xs]) => [key, xs.map((x) => ("name" in x ? x.name : null))]),
  outputs.map(({ name }) => name),
  blocks.length,
];

/** Where a literal stands: parameters, each as `op.parameter`. */
type Uses = ReadonlyMap<string, readonly string[]>;

function usesOf(operations: readonly MilOperation[]): Uses {
  const uses = new Map<string, string[]>();
  for (const { type, inputs } of operations)
    for (const [key, xs] of Object.entries(inputs))
      for (const x of xs) if ("name" in x) uses.set(x.name, [...(uses.get(x.name) ?? []), `${type}.${key}`]);
  return uses;
}

function mergedOp(ops: readonly MilOperation[], uses: Uses): MilOperation {
  const [first] = ops as All<MilOperation>;
  const value =
    first.value &&
    mergedValue(
      first,
      ops.map((op) => op.value!),
      uses.get(first.outputs[0]!.name) ?? [],
    );
  const inputs = Object.entries(first.inputs).map(([key, xs]) => {
    const at = (n: number) =>
      mergedArgument(
        first,
        key,
        ops.map((op) => op.inputs[key]![n]!),
      );
    return [key, xs.map((_, n) => at(n))] as const;
  });
  return {
    ...first,
    inputs: Object.fromEntries(inputs),
    outputs: first.outputs.map((_, k) => openNamed(ops.map(({ outputs }) => outputs[k]!))),
    ...(value ? { value } : {}),
  };
}

function mergedArgument(op: MilOperation, key: string, xs: readonly MilArgument[]): MilArgument {
  const values = xs.flatMap((x) => ("value" in x ? [x.value] : []));
  return values.length === 0 ? xs[0]! : { value: mergedValue(op, values, [`${op.type}.${key}`]) };
}

/** The shape of a reshape may leave one size to be found from the others; no other literal has a form for several sizes. */
function mergedValue(op: MilOperation, values: readonly MilValue[], uses: readonly string[]): MilValue {
  const [first] = values as All<MilValue>;
  if (same(values, keyOf)) return first;
  const lists = values.map((value) => ("data" in value ? Array.from(value.data as ArrayLike<number>) : []));
  const differing = lists[0]!.flatMap((_, k) => (same(lists, (list) => list[k]) ? [] : [k]));
  const isShape = uses.length > 0 && uses.every((use) => use === "reshape.shape");
  const isOpen = lists[0]!.some((size) => size < 0);
  if (!("data" in first) || !isShape || isOpen || differing.length !== 1 || !same(lists, ({ length }) => length))
    throw new UserError(
      `no form of "${op.name}" (${uses.join(", ") || op.type}) fits all sizes: it is [${lists.join("] and [")}]`,
      "build it for one number of tokens",
    );
  return { type: first.type, data: lists[0]!.with(differing[0]!, -1) };
}

const keyOf = (value: MilValue) =>
  "data" in value
    ? [value.type, Array.from<number | string, string>(value.data, exactly), Array.from(value.bytes ?? [])]
    : [value.type, value.blob];
const exactly = (x: number | string): string => (Object.is(x, -0) ? "-0" : String(x));

const openNamed = (all: readonly MilNamed[]): MilNamed => ({
  name: all[0]!.name,
  type: openType(all.map(({ type }) => type)),
});

function openType(types: readonly MilType[]): MilType {
  const [first] = types as All<MilType>;
  if (first.kind === "tensor") return openTensor(types as readonly MilTensorType[]);
  return { ...first, tensor: openTensor(types.map((type) => (type as typeof first).tensor)) };
}

function openTensor(types: readonly MilTensorType[]): MilTensorType {
  const [first] = types as All<MilTensorType>;
  const shape = first.shape.map((size, axis): MilDim => (same(types, (type) => type.shape[axis]) ? size : undefined));
  return { ...first, shape };
}

/** Inputs get a range on every axis, those of one size too: beside states Core ML wants ranges on all inputs or on none. */
function openInterface(all: readonly MilInterface[]): MilInterface {
  const [first] = all as All<MilInterface>;
  return {
    ...first,
    inputs: first.inputs.map((_, k) => rangedFeature(all.map(({ inputs }) => inputs[k]!))),
    outputs: first.outputs.map((_, k) => openFeature(all.map(({ outputs }) => outputs[k]!))),
  };
}

function rangedFeature(all: readonly MilFeature[]): MilFeature {
  const [first] = all as All<MilFeature>;
  const sizesOn = (axis: number) => all.map(({ shape }) => shape![axis]!);
  const range = first.shape!.map((_, axis) => [Math.min(...sizesOn(axis)), Math.max(...sizesOn(axis))] as const);
  return { ...first, range };
}

function openFeature(all: readonly MilFeature[]): MilFeature {
  const { shape, ...rest } = all[0]!;
  return same(all, (feature) => feature.shape) ? { shape: shape!, ...rest } : rest;
}
