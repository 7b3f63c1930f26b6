/** Rules about a graph as a whole: how much it holds, and what of it is used. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { packedBytes, sizeOf, type TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import type { LintRule } from "./lint-rule.ts";

/** Bytes of weights of the largest package that was seen on the engine; one of 2.3 GB ran wholly on the CPU. */
const BUDGET = 2_015_800_000;

/** Decimal, as disks and Core ML report sizes; three digits behind the point, for 2.0 GB is on both sides of the bound. */
const gigabytes = (n: number): string => `${(n / 1e9).toFixed(3)} GB`;

/** What the report puts before all else: the whole package is at stake. */
export const sizeRules: readonly LintRule[] = [
  {
    id: "size",
    severity: "error",
    says: `the weights of a package take ${gigabytes(BUDGET)} or less`,
    source: "ane-book journals 038-055 (2015.8 MB resident, 2.3 GB not); anemll/Anemll",
    find: (graph) => {
      const all = weightBytes(graph);
      const text = `${gigabytes(all)} of weights; the largest package seen on the engine has ${gigabytes(BUDGET)}, and one of 2.3 GB ran wholly on the CPU: emit fewer layers`;
      return all > BUDGET ? [{ value: Object.values(graph.outputs)[0]!, text }] : [];
    },
  },
];

/** Legal, and nearly always a mistake. */
export const usageRules: readonly LintRule[] = [
  {
    id: "unused",
    severity: "warning",
    says: "every input and every state is used",
    source: "graphc",
    find: (graph) =>
      unusedLeaves(graph).map((value) => ({ value, text: `"${nameOf(value)}" is declared and never used` })),
  },
];

/** Bytes that weights and constants take in weight.bin, its records aside; contents that are used twice count once. */
function weightBytes(graph: Graph): number {
  const sizes = new Map<string, number>();
  for (const { def, type } of schedule(graph)) {
    if (def.kind === "const") sizes.set(`${type.dtype} ${Array.from(def.data)}`, packedBytes(type));
    if (def.kind === "weight") sizes.set(contentsKey(def.source, type), packedBytes(type));
  }
  return [...sizes.values()].reduce((sum, n) => sum + n, 0);
}

/** A shape does not matter: elements are stored in row-major order. Of a package each place counts, as it takes its room. */
const contentsKey = (source: WeightSource, { dtype, shape }: TensorType): string =>
  JSON.stringify([source.from === "package" ? [source.file, source.offset] : source, dtype, sizeOf(shape)]);

/** Inputs and states at entry that no output or state depends on. */
function unusedLeaves(graph: Graph): readonly Tensor[] {
  const used = new Set(schedule(graph).flatMap((value) => (value.def.kind === "op" ? operandsOf(value.def) : [])));
  const results = new Set<Tensor>(Object.values(graph.outputs));
  const leaves = [...graph.inputs, ...graph.states.map((s) => s.entry)];
  return leaves.filter((leaf) => !used.has(leaf) && !results.has(leaf));
}

const nameOf = ({ def, name }: Tensor): string =>
  def.kind === "input" || def.kind === "state" ? def.name : (name ?? def.kind);
