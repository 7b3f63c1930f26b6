/** Many changes on the wire, each judged. */
import { subjects } from "../diff/subjects.ts";
import { randomFrom } from "../ops/draw.ts";
import { judgeWire, type WireOutcome } from "./judge.ts";
import { KINDS, mutate } from "./mutate.ts";

/** What came of a run; `wrong` says of each difference what was done. */
export interface WireTally {
  readonly counts: ReadonlyMap<WireOutcome, number>;
  readonly kinds: ReadonlyMap<string, number>;
  readonly wrong: readonly string[];
}

/** As many changes as `runs`, every kind in turn; the same for the same seed. */
export async function fuzzWire(runs: number, seed: number): Promise<WireTally> {
  const all = await subjects();
  const random = randomFrom(seed);
  const [counts, kinds] = [new Map<WireOutcome, number>(), new Map<string, number>()];
  const wrong: string[] = [];
  for (let n = 0; n < runs; n++) {
    const subject = all[Math.floor(random() * all.length)]!;
    const kind = KINDS[n % KINDS.length]!;
    const mutated = mutate(subject.bytes, kind, random);
    if (!mutated) continue;
    const judged = judgeWire(mutated.bytes);
    if ("wrong" in judged) wrong.push(`${n}: ${mutated.what} of ${subject.name}: ${judged.wrong}`);
    else counts.set(judged.outcome, (counts.get(judged.outcome) ?? 0) + 1);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return { counts, kinds, wrong };
}
