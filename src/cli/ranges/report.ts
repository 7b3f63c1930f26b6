/** All that `graphc ranges` found of a checkpoint, and as JSON. */
import { broken, type LayerBounds, QUANTITIES } from "../../passes/ranges/layer.ts";
import { GIVEN, LIMITS } from "../../passes/ranges/limits.ts";
import { inputUpTo, type NetworkBounds } from "../../passes/ranges/network.ts";
import type { Calibration } from "./calibration.ts";

/** A layer, and what its numbers cannot be above. */
export interface BoundedLayer {
  readonly layer: number;
  readonly found: LayerBounds;
}

/** The layers that were asked for; what follows for the network where it was all of them; what a prompt reached. */
export interface RangesReport {
  readonly layers: readonly BoundedLayer[];
  readonly network?: NetworkBounds;
  readonly calibrated?: Calibration;
}

/** Whether every sum of products, fp16 number and score of the layers, the last norm and the head keeps its limit, and the hidden row of a prompt that was run. */
export const holds = ({ layers, network, calibrated }: RangesReport): boolean =>
  layers.every(({ found }) => broken(found) === undefined) && !endBreaks(network) && !promptBreaks(calibrated);

/** Whether the hidden row of a prompt leaves fp16, or is no number. */
export const promptBreaks = (calibrated: Calibration | undefined): boolean =>
  calibrated?.layers.some(({ hidden }) => !(hidden < LIMITS.fp16)) === true;

/** Which of what is behind the layers may pass its limit: the last norm's row fp16, or the head's sums the accumulator. */
export function endBreaks(network: NetworkBounds | undefined): "normed" | "logits" | undefined {
  if (!network) return undefined;
  const { normed, logits } = network;
  if (!(normed.value < LIMITS.fp16)) return "normed";
  return logits && !(logits.value < LIMITS.accumulator) ? "logits" : undefined;
}

/** For JSON. */
export const rangesRecord = ({ layers, network, calibrated }: RangesReport) => ({
  given: GIVEN,
  limits: Object.fromEntries(Object.entries(QUANTITIES).map(([name, limit]) => [name, LIMITS[limit]])),
  layers: layers.map(({ layer, found }) => ({
    layer,
    holds: broken(found) === undefined,
    ...found,
    inputUpTo: inputUpTo([found]),
  })),
  ...(network ? { network } : {}),
  ...(calibrated ? { calibrated } : {}),
});
