/**
 * How far stored weights are off the numbers that they were made from: the matrices of a package, unpacked where they are quantised, against
 * those at the same places of a graph that is the same but for its weights.
 */
import { figure } from "../dsl/figure.ts";
import { type Graph, graph as graphOf, schedule } from "../dsl/graph.ts";
import { fp16Value } from "../dsl/number.ts";
import { replaced, withResults } from "../dsl/rewrite.ts";
import { type Def, operandsOf, type Tensor } from "../dsl/tensor.ts";
import { namesConstexpr } from "../dsl/traits.ts";
import { bitsOf, sameType, sizeOf } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { type Placed, type PlacedDifference, placeDifferences } from "../emit/diff/diff.ts";
import { showDifferences } from "../emit/diff/text.ts";
import { decodeElements } from "../emit/mil/decode-elements.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import { planOf } from "../passes/run/plan.ts";
import { prepare } from "../passes/run/run.ts";
import { costTally, type QuantiseCost } from "../weights/quantise/cost.ts";
import type { WeightStore } from "../weights/store.ts";

/** A graph, what it is called, and its weights. */
export interface Weighed {
  readonly graph: Graph;
  readonly name: string;
  openWeights(): Promise<WeightStore>;
}

/** Told how many weights were compared. */
type Progress = (done: number, total: number) => void;

/** What is told of each weight, and of each part of one that is quantised. */
export type ErrorTexts = ReadonlyMap<Def, string>;

/**
 * Measured against `plain`, by its numbers in the type in which it is stored. Where the graphs differ in more than contents (a quantiser may
 * respell ops on its way), a weight is known by its place and by the name of what reads it; one that is not is told no number.
 * @throws UserError where that is another graph, of which no weight is known
 */
export async function measuredErrors(own: Weighed, plain: Weighed, progress: Progress): Promise<ErrorTexts> {
  const { dense, given } = denseOf(own.graph);
  const placed = placeDifferences(dense, plain.graph);
  const other = placed.differences.find((one) => !isOfContents(one));
  const leaves = schedule(dense).filter(({ def }) => def.kind === "weight");
  const twins = other ? twinsByName(dense, placed) : new Map(leaves.map((leaf) => [leaf, placed.inSecond(leaf)!]));
  if (other && (twins.size === 0 || other.difference.kind === "interface")) throw otherGraph(own, plain, other);
  const [store, plainStore] = [await own.openWeights(), await plain.openWeights()];
  const texts = new Map<Def, string>();
  try {
    for (const [n, leaf] of leaves.entries()) {
      const value = given.get(leaf.def) ?? leaf;
      const twin = twins.get(leaf);
      const text = twin
        ? measuredText(await costOf(await numbersOf(value, store), twin, plainStore), plain.name)
        : `not known: nothing in ${plain.name} is for certain this weight`;
      for (const def of partsOf(value)) texts.set(def, text);
      progress(n + 1, leaves.length);
    }
    return texts;
  } finally {
    await Promise.all([store.close(), plainStore.close()]);
  }
}

/** What is told where nothing is known to compare with; `mend` says how it would be. */
export function unmeasuredErrors(graph: Graph, mend: string): ErrorTexts {
  const texts = new Map<Def, string>();
  for (const { def, type } of schedule(graph)) {
    if (def.kind === "weight")
      texts.set(
        def,
        def.source.from === "checkpoint"
          ? "not quantised: emit stores it in fp16; how far numbers of a quantised checkpoint are off is not known"
          : `not quantised: stored in ${type.dtype}; how far it is off what it was made from is not known: ${mend}`,
      );
  }
  for (const value of schedule(graph).filter(isUnpacked))
    for (const def of partsOf(value))
      texts.set(def, `not known: the package does not hold what it was made from; ${mend}`);
  return texts;
}

/** A weight that is computed of constants when the model is loaded. */
const isUnpacked = ({ def }: Tensor): boolean => def.kind === "op" && namesConstexpr(def.op);

/** The value and, of one that is unpacked, all that it is unpacked from. */
function partsOf(value: Tensor): readonly Def[] {
  const { def } = value;
  return isUnpacked(value) && def.kind === "op" ? [def, ...operandsOf(def).flatMap(partsOf)] : [def];
}

/** The graph with a weight in place of each that is unpacked, and of those what they stand for. */
function denseOf(graph: Graph): { readonly dense: Graph; readonly given: ReadonlyMap<Def, Tensor> } {
  const given = new Map<Def, Tensor>();
  const now = replaced(graph, (value) => {
    if (!isUnpacked(value)) return undefined;
    const n = given.size;
    const source = { from: "package", sha256: `unpacked ${n}`, file: "", offset: n } as const;
    const leaf: Tensor = { type: value.type, def: { kind: "weight", source }, site: value.site };
    given.set(leaf.def, value);
    return leaf;
  });
  return { dense: withResults(graph, now), given };
}

const isLeaf = (value: Tensor | undefined): boolean => value?.def.kind === "weight" || value?.def.kind === "const";

/** Two numbers of the graphs' own that differ are no weight that was stored otherwise. */
const isOfContents = ({ difference, before, after }: PlacedDifference): boolean =>
  difference.kind === "changed" &&
  isLeaf(before) &&
  isLeaf(after) &&
  (before?.def.kind === "weight" || after?.def.kind === "weight") &&
  difference.changes.every(({ what }) => what === "contents");

/** Weights of which every reader has a counterpart of its name that reads a weight of the same type in its place. */
function twinsByName(dense: Graph, { inSecond }: Placed): ReadonlyMap<Tensor, Tensor> {
  const found = new Map<Tensor, ReadonlySet<Tensor>>();
  for (const user of schedule(dense)) {
    if (user.def.kind !== "op") continue;
    const other = inSecond(user);
    for (const [name, leaf] of Object.entries(user.def.operands)) {
      if (!("type" in leaf) || leaf.def.kind !== "weight") continue;
      const isNamed = user.name !== undefined && other?.name === user.name;
      const operands = isNamed && other.def.kind === "op" ? other.def.operands : {};
      const twin = operands[name];
      const own = twin && "type" in twin && isLeaf(twin) && sameType(twin.type, leaf.type) ? [twin] : [];
      found.set(leaf, new Set([...(found.get(leaf) ?? []), ...(own.length > 0 ? own : [leaf])]));
    }
  }
  return new Map(
    [...found].flatMap(([leaf, [twin, ...more]]) => (twin !== leaf && more.length === 0 ? [[leaf, twin!]] : [])),
  );
}

function otherGraph(own: Weighed, plain: Weighed, { difference }: PlacedDifference): UserError {
  const [, says = ""] = showDifferences([difference]).split("\n");
  return new UserError(
    `${plain.name} is another graph than ${own.name}, so that nothing tells which weight is which: ${says.trim()}`,
    "give the same model before its weights were quantised, at the same sizes",
  );
}

/** The elements of a weight, or of one that is unpacked. */
async function numbersOf(value: Tensor, store: WeightStore): Promise<RawArray> {
  const plan = planOf(graphOf({ name: "weight", inputs: [], outputs: { value } }));
  const executor = await prepare([plan], store.stream);
  try {
    return executor.run(plan, {}).outputs.value!;
  } finally {
    await executor.close();
  }
}

/** Row by row, in the order of the first axis. */
async function costOf({ dtype, shape, data }: RawArray, plain: Tensor, store: WeightStore): Promise<QuantiseCost> {
  const tally = costTally();
  const width = sizeOf(shape.slice(1));
  const at =
    dtype === "fp16" && data instanceof Uint16Array ? (k: number) => fp16Value(data[k]!) : (k: number) => data[k]!;
  let [k, squares, errors] = [0, 0, 0];
  for await (const chunk of elementsOf(plain, store))
    for (let i = 0; i < chunk.length; i++) {
      const x = chunk[i]!;
      squares += x * x;
      errors += (x - at(k)) ** 2;
      k++;
      if (k % width !== 0) continue;
      tally.row(squares, errors);
      [squares, errors] = [0, 0];
    }
  if (k !== data.length) throw new Error(`${k} numbers were held against ${data.length}`);
  return tally.cost(data.byteLength);
}

async function* elementsOf({ def, type }: Tensor, store: WeightStore): AsyncGenerator<ArrayLike<number>> {
  if (def.kind === "const") yield def.data;
  else if (def.kind === "weight")
    for await (const chunk of store.stream(def.source, type))
      yield decodeElements(type.dtype, chunk, (8 * chunk.length) / bitsOf(type.dtype));
}

function measuredText({ error, worstRow, row }: QuantiseCost, plain: string): string {
  if (error === 0) return `0: the numbers of ${plain}`;
  return `${figure(error)} of its length (relative L2) against ${plain}; most in row ${row}, ${figure(worstRow)} of that row's`;
}
