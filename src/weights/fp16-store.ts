/** A WeightStore over any stored tensors: streams them as fp16 and gathers what that cost. */
import { sourceName } from "../dsl/weight-source.ts";
import { type Losses, newLosses } from "./convert/convert.ts";
import { readableOf } from "./convert/joined.ts";
import type { ReadableTensor } from "./convert/rectangle.ts";
import { openWorkshop, streamFp16 } from "./convert/stream.ts";
import type { WeightReport, WeightStore } from "./store.ts";

/** @param find The stored tensor of a name; throws UserError when there is none. */
export function fp16Store(find: (tensor: string) => ReadableTensor): Omit<WeightStore, "close"> {
  const workshop = openWorkshop();
  const tallies = new Map<string, readonly [tensor: string, Losses]>();
  return {
    stream(source, type) {
      if (source.from !== "checkpoint") throw new TypeError("a checkpoint does not hold the weights of a package");
      const tally = newLosses();
      // A weight that is streamed again replaces its former tally, so that nothing counts twice.
      tallies.set(JSON.stringify(source), [sourceName(source), tally]);
      return streamFp16(readableOf(source, find), { source, type }, tally, workshop);
    },
    report: () => reportOf(tallies.values()),
  };
}

function reportOf(tallies: Iterable<readonly [tensor: string, Losses]>): WeightReport {
  let rounded = 0;
  let worstError = 0;
  const nonFinite = new Map<string, WeightReport["nonFinite"][number]>();
  for (const [tensor, tally] of tallies) {
    rounded += tally.rounded;
    worstError = Math.max(worstError, tally.worstError);
    if (tally.nonFinite === 0) continue;
    const before = nonFinite.get(tensor);
    nonFinite.set(tensor, {
      tensor,
      index: Math.min(before?.index ?? Infinity, tally.firstNonFinite),
      count: (before?.count ?? 0) + tally.nonFinite,
    });
  }
  return { rounded, worstError, nonFinite: [...nonFinite.values()] };
}
