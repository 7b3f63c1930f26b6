/** Calls of a recording that feed other rows than the usual ones, each as far from them as the graphs bear. */
import type { Twins } from "../../../dsl/host/twins.ts";
import { toNDArray } from "../../kernels/raw.ts";
import { feed } from "../feeds.ts";
import { abilitiesOf, type PlannedCall } from "../sequence.ts";
import { canDraw, deadBeforeLive, FACTORS, SPECIAL_KINDS, type SpecialKind, sourceOf, specialCall } from "./draws.ts";
import { mapValues, type RecordingJob, recordCall, toBits } from "./record-call.ts";
import type { RecordedCall } from "./recording.ts";

/** A call as it is planned; one of special rows, whose factor is to be found, is at the rows of the call. */
export interface PlannedItem {
  readonly call: PlannedCall;
  readonly kind?: SpecialKind;
}

/** Before the last call, which writes over what they leave: dead columns before live ones, and rows of each special kind. */
export function withSpecial(planned: readonly PlannedCall[], twins: Twins, special: boolean): readonly PlannedItem[] {
  const last = planned.at(-1);
  const can = abilitiesOf(twins);
  const all: readonly PlannedItem[] = planned.map((call) => ({ call }));
  if (!last || !special) return all;
  const dead = deadBeforeLive(last, can);
  const kinds = canDraw(twins, can) ? SPECIAL_KINDS.map((kind) => ({ call: last, kind })) : [];
  return [...all.slice(0, -1), ...(dead ? [{ call: dead }] : []), ...kinds, { call: last }];
}

/** Undefined where no factor is borne; the chain is then as it was. */
export async function recordItem(
  job: Omit<RecordingJob, "call">,
  { call, kind }: PlannedItem,
  borne: (call: RecordedCall) => boolean,
): Promise<RecordedCall | undefined> {
  if (kind === undefined) return recordCall({ ...job, call });
  for (const factor of FACTORS[kind]) {
    const chain = { ...job.chain };
    const special = specialCall(call, kind, factor);
    const recorded = await recordCall({ ...job, call: special, chain });
    if (!borne(recorded) || (kind === "large" && !(await bearsTwice(job, special)))) continue;
    Object.assign(job.chain, chain);
    return recorded;
  }
  return undefined;
}

/** fp16 ends at 2^16 and the engine's accumulator at 2^15 (docs/engine-arithmetic.md): rows twice as large have to stay finite. */
async function bearsTwice({ twins, graphs, chain, source, context }: Omit<RecordingJob, "call">, call: PlannedCall) {
  const twice = sourceOf(source, { ...call.draw!, factor: 2 * call.draw!.factor });
  const block = await graphs.runBlock({ ...mapValues(feed(twins.block, twice, context), toBits), ...chain.block });
  return Object.values(block.outputs).every((array) => toNDArray(array).data.every(Number.isFinite));
}
