/** Every value of a run of both graphs. */
import type { Tensor } from "../../../../dsl/tensor.ts";
import type { NDArray } from "../../../interpret/array.ts";
import type { Precision } from "../../../interpret/reading.ts";
import type { ProvenPair } from "../../program/pair.ts";
import type { Sample } from "../feeds.ts";
import { bothRunner } from "../sample.ts";

/** Of the block's values one array, of the step's one for each call. */
export type Runs = ReadonlyMap<Tensor, readonly NDArray[]>;

/** Runs both graphs on a sample. @throws as `bothRunner` does */
export function runsOf(pair: ProvenPair, sample: Sample, precision: Precision): Runs {
  const arrays = new Map<Tensor, NDArray[]>();
  bothRunner(pair, precision)(sample, (value, array) => {
    const known = arrays.get(value);
    if (known) known.push(array);
    else arrays.set(value, [array]);
  });
  return arrays;
}
