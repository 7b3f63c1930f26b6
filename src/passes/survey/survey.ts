/** What the numbers of a layer look like, value by value: how near they come to the ends of their own dtype. */
import type { Graph } from "../../dsl/graph.ts";
import type { Site } from "../../dsl/site.ts";
import type { Def, Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import type { DType } from "../../dsl/type.ts";
import { sourceName } from "../../dsl/weight-source.ts";
import { stridesOf } from "../interpret/array.ts";
import { HALF } from "../kernels/code/runtime.ts";
import type { RawArray } from "../kernels/raw.ts";

/** What one value showed over all calls; magnitudes leave out elements that are not finite. */
export interface ValueSurvey {
  /** The author's name, or that of the weight or of the output that it is, or the op. */
  readonly value: string;
  readonly kind: Def["kind"];
  readonly dtype: DType;
  readonly maxAbs: number;
  readonly rms: number;
  /** Share of the elements that are subnormal: lost where the engine flushes them. Null where the dtype has none. */
  readonly subnormal: number | null;
  readonly nonFinite: number;
  /**
   * log2(largest of the dtype / max |x|): how many doublings are left. Negative infinity after an overflow, infinity
   * for zeros. Null where the dtype does not overflow to infinity.
   */
  readonly headroom: number | null;
  /** The index along axis 1 (channels or heads) of the first element that is not finite; else of the largest. */
  readonly worstChannel: number;
  /** Where the author made it. */
  readonly site: Site;
}

/** All that was looked at, every element of it. */
export interface GraphSurvey {
  /** A line each, in the order in which they were first seen; without the quiet ones among constants and moved values. */
  readonly values: readonly ValueSurvey[];
  /** How many values of each kind were looked at, whether they have a line or not. */
  readonly looked: Readonly<Record<Def["kind"], number>>;
}

/** Accumulates what several runs show. */
export interface Surveyor {
  /** All elements count. A value may come any number of times. */
  observe(value: Tensor, contents: RawArray): void;
  report(): GraphSurvey;
  /** What was seen of one value, quiet or not. */
  of(value: Tensor): ValueSurvey | undefined;
}

/** The largest number and the least normal one of the dtypes that overflow to infinity. */
const ENDS: ReadonlyMap<DType, readonly [largest: number, leastNormal: number]> = new Map([
  ["fp16", [65504, 2 ** -14]],
  ["fp32", [(2 - 2 ** -23) * 2 ** 127, 2 ** -126]],
]);

interface Tally {
  readonly value: Tensor;
  count: number;
  squares: number;
  maxAbs: number;
  worstChannel: number;
  subnormal: number;
  nonFinite: number;
}

/**
 * A surveyor that has seen nothing. Constants without a name, and unnamed values that only rearrange others and are no
 * output, have a line only where they are not finite: the others would repeat what the graph's text or their operand's line says.
 */
export function surveyor(graph: Graph): Surveyor {
  const tallies = new Map<Def, Tally>();
  const outputs = new Map(Object.entries(graph.outputs).map(([name, { def }]) => [def, name]));
  return {
    observe(value, contents) {
      const tally = tallies.get(value.def) ?? newTally(value);
      tallies.set(value.def, tally);
      add(tally, contents);
    },
    of({ def }) {
      const tally = tallies.get(def);
      return tally && finish(tally, outputs);
    },
    report() {
      const all = [...tallies.values()];
      const looked = { input: 0, state: 0, weight: 0, const: 0, op: 0 };
      for (const { value } of all) looked[value.def.kind] += 1;
      const shown = all.filter((tally) => tally.nonFinite > 0 || !isQuiet(tally.value, outputs));
      return { values: shown.map((tally) => finish(tally, outputs)), looked };
    },
  };
}

type OutputNames = ReadonlyMap<Def, string>;

function isQuiet({ def, name }: Tensor, outputs: OutputNames): boolean {
  if (name !== undefined || outputs.has(def)) return false;
  return def.kind === "const" || (def.kind === "op" && has(def, "moves"));
}

const newTally = (value: Tensor): Tally => ({
  value,
  count: 0,
  squares: 0,
  maxAbs: 0,
  worstChannel: 0,
  subnormal: 0,
  nonFinite: 0,
});

function add(tally: Tally, { data, shape, dtype }: RawArray): void {
  const stride = shape.length > 1 ? stridesOf(shape)[1]! : 1;
  const channels = shape.length > 1 ? shape[1]! : 1;
  const leastNormal = ENDS.get(dtype)?.[1] ?? 0;
  const isBits = dtype === "fp16" && data instanceof Uint16Array;
  for (let i = 0; i < data.length; i++) {
    const magnitude = Math.abs(isBits ? HALF[data[i]!]! : data[i]!);
    if (!Number.isFinite(magnitude)) {
      if (tally.nonFinite === 0) tally.worstChannel = Math.floor(i / stride) % channels;
      tally.nonFinite += 1;
      continue;
    }
    tally.squares += magnitude * magnitude;
    if (magnitude > 0 && magnitude < leastNormal) tally.subnormal += 1;
    if (magnitude > tally.maxAbs) {
      tally.maxAbs = magnitude;
      if (tally.nonFinite === 0) tally.worstChannel = Math.floor(i / stride) % channels;
    }
  }
  tally.count += data.length;
}

function finish(tally: Tally, outputs: OutputNames): ValueSurvey {
  const { value, count, squares, maxAbs, subnormal, nonFinite, worstChannel } = tally;
  const { dtype } = value.type;
  const ends = ENDS.get(dtype);
  return {
    value: nameOf(value, outputs),
    kind: value.def.kind,
    dtype,
    maxAbs,
    rms: Math.sqrt(squares / Math.max(1, count - nonFinite)),
    subnormal: ends ? subnormal / Math.max(1, count) : null,
    nonFinite,
    headroom: ends ? headroomOf(ends[0], tally) : null,
    worstChannel,
    site: value.site,
  };
}

function nameOf({ def, name }: Tensor, outputs: OutputNames): string {
  const weight = def.kind === "weight" && def.source.from === "checkpoint" ? sourceName(def.source) : undefined;
  return name ?? outputs.get(def) ?? weight ?? (def.kind === "op" ? def.op : def.kind);
}

function headroomOf(largest: number, { maxAbs, nonFinite }: Tally): number {
  if (nonFinite > 0) return Number.NEGATIVE_INFINITY;
  return maxAbs === 0 ? Number.POSITIVE_INFINITY : Math.log2(largest / maxAbs);
}
