/** What the numbers of a layer look like, value by value: how near they come to the ends of fp16. */
import type { Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { stridesOf } from "../interpret/array.ts";
import { type RawArray, toNDArray } from "../kernels/raw.ts";

const MAX_FP16 = 65504;
const LEAST_NORMAL = 2 ** -14;

/** What one value showed over all calls; magnitudes leave out elements that are not finite. */
export interface ValueSurvey {
  /** The author's name, or the op. */
  readonly value: string;
  readonly maxAbs: number;
  readonly rms: number;
  /** Share of the elements that are subnormal: lost where the engine flushes them. */
  readonly subnormal: number;
  readonly nonFinite: number;
  /** log2(65504 / max |x|): how many doublings are left. Negative infinity after an overflow. */
  readonly headroom: number;
  /** The index along axis 1 (channels or heads) that holds the largest element. */
  readonly worstChannel: number;
}

/** Accumulates what several runs show. */
export interface Surveyor {
  observe(value: Tensor, contents: RawArray): void;
  report(): readonly ValueSurvey[];
}

interface Tally {
  readonly name: string;
  count: number;
  squares: number;
  maxAbs: number;
  worstChannel: number;
  subnormal: number;
  nonFinite: number;
}

/** A surveyor that has seen nothing. Unnamed values that only rearrange others are left out: they would repeat their operand's line. */
export function surveyor(): Surveyor {
  const tallies = new Map<Tensor["def"], Tally>();
  return {
    observe(value, contents) {
      const { def } = value;
      if (def.kind === "op" && has(def, "moves") && value.name === undefined) return;
      const name = value.name ?? (def.kind === "op" ? def.op : def.kind);
      const tally = tallies.get(def) ?? newTally(name);
      tallies.set(def, tally);
      add(tally, contents);
    },
    report: () => [...tallies.values()].map(finish),
  };
}

const newTally = (name: string): Tally => ({
  name,
  count: 0,
  squares: 0,
  maxAbs: 0,
  worstChannel: 0,
  subnormal: 0,
  nonFinite: 0,
});

function add(tally: Tally, contents: RawArray): void {
  const { data, shape } = toNDArray(contents);
  const stride = shape.length > 1 ? stridesOf(shape)[1]! : 1;
  const channels = shape.length > 1 ? shape[1]! : 1;
  for (let i = 0; i < data.length; i++) {
    const magnitude = Math.abs(data[i]!);
    if (!Number.isFinite(magnitude)) {
      tally.nonFinite += 1;
      continue;
    }
    tally.squares += magnitude * magnitude;
    if (magnitude > 0 && magnitude < LEAST_NORMAL) tally.subnormal += 1;
    if (magnitude > tally.maxAbs) {
      tally.maxAbs = magnitude;
      tally.worstChannel = Math.floor(i / stride) % channels;
    }
  }
  tally.count += data.length;
}

const finish = ({ name, count, squares, maxAbs, worstChannel, subnormal, nonFinite }: Tally): ValueSurvey => ({
  value: name,
  maxAbs,
  rms: Math.sqrt(squares / Math.max(1, count - nonFinite)),
  subnormal: subnormal / count,
  nonFinite,
  headroom: nonFinite > 0 ? Number.NEGATIVE_INFINITY : Math.log2(MAX_FP16 / Math.max(maxAbs, Number.MIN_VALUE)),
  worstChannel,
});
