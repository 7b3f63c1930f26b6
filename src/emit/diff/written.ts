/**
 * What differs between two functions that compute the same: names of values, order and repetition of ops, ops that no
 * result needs, declared types, places of weights. Equal spellings of a literal (respell.ts) are no difference.
 */
import type { BlobRef, MilArgument, MilFunction, MilNamed, MilOperation, MilValue } from "../mil/records.ts";
import type { Blobs } from "../read/blobs/blob.ts";
import type { GraphDifference } from "./diff.ts";
import { hasSpellings } from "./respell.ts";
import { shownValue, type Unlike, unlike } from "./unlike.ts";

/** One side: a function of a file, and what its values are. */
export interface WrittenFunction {
  readonly function: MilFunction;
  readonly blobs: Blobs;
  /** Equal on both sides for equal values; undefined for one that no result needs. */
  readonly keyOf: (name: string) => number | undefined;
}

type Written = Extract<GraphDifference, { kind: "written" }>;

/** Every place that is written otherwise; functions of unequal numbers of ops differ by that number. */
export function writtenDifferences(a: WrittenFunction, b: WrittenFunction): readonly Written[] {
  const [x, y] = [a.function, b.function];
  const ports = unlike(portsOf(x), portsOf(y)).map((found) => written("function", found));
  if (x.operations.length !== y.operations.length) {
    const counts = { before: x.operations.length, after: y.operations.length };
    return [...ports, written("function", { path: ["number of ops"], ...counts })];
  }
  const literals = readAlike(a, b);
  return [...ports, ...x.operations.flatMap((_, i) => opDifferences(a, b, i, literals))];
}

const portsOf = ({ inputs, outputs }: MilFunction) => ({ inputs, outputs });

const written = (where: string, { path, before, after }: Unlike): Written => ({
  kind: "written",
  where,
  what: path.join(" "),
  before: shownValue(before),
  after: shownValue(after),
});

function opDifferences(a: WrittenFunction, b: WrittenFunction, i: number, literals: ReadAlike): readonly Written[] {
  const [x, y] = [a.function.operations[i]!, b.function.operations[i]!];
  const parameters = [...new Set([...Object.keys(x.inputs), ...Object.keys(y.inputs)])];
  const found = [
    ...unlike(formOf(x), formOf(y)),
    ...parameters.flatMap((key) => {
      const [left, right] = [own(x, key), own(y, key)];
      const alike = literals.isParameter(i, key);
      return argumentsDiffer(left, right, alike, a.blobs, b.blobs).map((one) => at(one, `operand ${key}`));
    }),
    ...valueDiffers(x.value, y.value, literals.isConst(i), a.blobs, b.blobs).map((one) => at(one, "value")),
  ];
  return found.map((one) => written(`op ${i + 1} (${x.type} "${x.outputs[0]?.name ?? x.name}")`, one));
}

const formOf = ({ type, name, outputs, attributes, blocks }: MilOperation) => ({
  type,
  name,
  outputs,
  attributes,
  blocks,
});
const own = ({ inputs }: MilOperation, key: string) => (Object.hasOwn(inputs, key) ? inputs[key] : undefined);
const at = (one: Unlike, ...path: readonly string[]): Unlike => ({ ...one, path: [...path, ...one.path] });

function argumentsDiffer(
  left: readonly MilArgument[] | undefined,
  right: readonly MilArgument[] | undefined,
  alike: boolean,
  before: Blobs,
  after: Blobs,
): readonly Unlike[] {
  if (!left || !right || left.length !== right.length) return unlike(left, right);
  return left.flatMap((x, n) => {
    const y = right[n]!;
    if ("value" in x && "value" in y) return valueDiffers(x.value, y.value, alike, before, after);
    return unlike(x, y);
  });
}

/** Types count even where the contents are read alike. */
function valueDiffers(
  x: MilValue | undefined,
  y: MilValue | undefined,
  alike: boolean,
  before: Blobs,
  after: Blobs,
): readonly Unlike[] {
  if (!x || !y) return unlike(x, y);
  if (alike && "data" in x && "data" in y) return unlike(x.type, y.type);
  return unlike(contentsOf(x, before), contentsOf(y, after));
}

const contentsOf = (x: MilValue, blobs: Blobs): MilValue | { readonly blob: BlobRef; readonly sha256: string } =>
  "blob" in x ? { ...x, sha256: blobs.source(x.blob, x.type).sha256 } : x;

/** Which literals ops read alike in both functions: those with equal spellings, where the results are the same values. */
interface ReadAlike {
  /** Of an op, by its position and the parameter. */
  isParameter(i: number, key: string): boolean;
  /** A const op, by its position, that only such parameters use. */
  isConst(i: number): boolean;
}

function readAlike(a: WrittenFunction, b: WrittenFunction): ReadAlike {
  const ops = [a.function.operations, b.function.operations] as const;
  const flexible = [...a.function.inputs, ...b.function.inputs].some(isFlexible);
  const same = ops[0].map((x, i) => sameResults(x, ops[1][i]!, a, b));
  const isParameter = (i: number, key: string): boolean => same[i]! && hasSpellings(ops[0][i]!.type, key, flexible);
  // A const op that is an output as well is a result, which the graphs have compared.
  const judged = ops.map((list) => {
    const uses = usesOf(list);
    return (name: string) => uses.has(name) && uses.get(name)!.every(({ i, key }) => isParameter(i, key));
  });
  const isConst = (i: number): boolean =>
    ops.every((list, side) => list[i]!.type === "const" && judged[side]!(list[i]!.outputs[0]?.name ?? ""));
  return { isParameter, isConst };
}

function sameResults(x: MilOperation, y: MilOperation, a: WrittenFunction, b: WrittenFunction): boolean {
  if (x.type !== y.type || x.outputs.length === 0 || x.outputs.length !== y.outputs.length) return false;
  return x.outputs.every(({ name }, n) => {
    const key = a.keyOf(name);
    return key !== undefined && key === b.keyOf(y.outputs[n]!.name);
  });
}

const isFlexible = ({ type }: MilNamed): boolean =>
  (type.kind === "state" ? type.tensor : type).shape.includes(undefined);

function usesOf(operations: readonly MilOperation[]) {
  const uses = new Map<string, { readonly i: number; readonly key: string }[]>();
  for (const [i, op] of operations.entries())
    for (const [key, list] of Object.entries(op.inputs))
      for (const argument of list)
        if ("name" in argument) {
          const known = uses.get(argument.name);
          if (known) known.push({ i, key });
          else uses.set(argument.name, [{ i, key }]);
        }
  return uses;
}
