/** The bounds of a row: flat ones, or, where the fixtures predict what the device's engine computes, wider by what they predict. */
import { rowOf } from "../../passes/interpret/array.ts";
import { type RawArray, toNDArray } from "../../passes/kernels/raw.ts";
import { distance } from "../../passes/parity/metrics.ts";
import type { RecordedCall, Recording } from "../../passes/parity/record/recording.ts";
import { outputsOf } from "../fixtures.ts";
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest, PredictedChip } from "../format/fixtures-shape.ts";
import type { MeasuredRow } from "../format/parity.ts";

/** The most that each figure of a row may be. */
export interface Bounds {
  readonly relativeL2: number;
  readonly oneMinusCosine: number;
  readonly worstOverRms: number;
}

/**
 * Bounds per token on hidden − x and on state rows: three to ten times the noise of fp16 partial sums in different
 * chunks, a tenth or less of what the mildest known fault does (tools/README.md, "Tolerances").
 */
export const FLAT: Bounds = { relativeL2: 1e-2, oneMinusCosine: 1e-4, worstOverRms: 5e-2 };

/**
 * How far bounds are widened at most. A device that is off by b shows a fault of f by f − b at least, which is above b where b is below f / 2:
 * half of the mildest known fault (relative L2 0.17), and half of its angle (1 − cos 1.5e-2, of which a quarter is below that of half the angle).
 */
const MOST: Bounds = { relativeL2: 0.17 / 2, oneMinusCosine: 1.5e-2 / 4, worstOverRms: Number.POSITIVE_INFINITY };

/**
 * Where the prediction p is `expected` from the fp64 answer x, a device d that keeps the flat bounds from p keeps these from x: differences and angles
 * obey the triangle's inequality, ‖d − x‖ ≤ ‖p − x‖ + ‖d − p‖. What is not on record of the device is the order of fp16 sums, which is what the flat bounds are for.
 */
export function widened(expected: Bounds): Bounds {
  const { relativeL2, oneMinusCosine, worstOverRms } = expected;
  if (![relativeL2, oneMinusCosine, worstOverRms].every(Number.isFinite)) return FLAT;
  const [a, b] = [Math.max(0, oneMinusCosine), FLAT.oneMinusCosine];
  const sum = {
    relativeL2: relativeL2 + FLAT.relativeL2,
    oneMinusCosine: a + b - a * b + Math.sqrt(a * (2 - a) * b * (2 - b)),
    worstOverRms: worstOverRms + FLAT.worstOverRms,
  };
  const at = (name: keyof Bounds) => Math.max(FLAT[name], Math.min(sum[name], MOST[name]));
  return {
    relativeL2: at("relativeL2"),
    oneMinusCosine: at("oneMinusCosine"),
    worstOverRms: at("worstOverRms"),
  };
}

/** Bounds by `rowKey` and `keptKey`. */
export type RowBounds = ReadonlyMap<string, Bounds>;

/** Of a row against fp64. */
export const rowKey = ({ call, token, value }: Pick<MeasuredRow, "call" | "token" | "value">): string =>
  JSON.stringify([call, token, value]);

/** Of a row that the host keeps after the last call. */
export const keptKey = (cache: string, row: number): string => JSON.stringify([cache, row]);

/** The bounds of every row of a recording that has predictions. */
export function predictedBounds(recording: Recording): RowBounds {
  const bounds = new Map<string, Bounds>();
  for (const [call, one] of recording.calls.entries()) {
    const live = one.call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
    for (const [index, { row, token }] of live.entries()) {
      for (const [value, expected] of expectedOf(recording, one, token, index))
        bounds.set(rowKey({ call, token, value }), widened(expected));
      if (token >= one.call.accepted) continue;
      // A later call that writes the row again has the last word.
      for (const { name, rowAxis } of recording.caches)
        bounds.set(
          keptKey(name, row),
          widened(between(one.predicted!.rows[name]!, one.block.rows[name]!, rowAxis, index)),
        );
    }
  }
  return bounds;
}

/** Of one token, by the name of what is compared, how far the prediction is from fp64. */
function expectedOf(
  recording: Recording,
  { block, exact, predicted }: RecordedCall,
  token: number,
  index: number,
): readonly (readonly [value: string, expected: Bounds])[] {
  const outputs = outputsOf(recording).map(({ name, tokenAxis, residual }) => {
    const base = residual ? block.inputs[residual]! : undefined;
    const expected = between(predicted!.outputs[name]!, exact.outputs[name]!, tokenAxis, token, base);
    return [residual ? `${name} - ${residual}` : name, expected] as const;
  });
  const kept = [...recording.states, ...recording.caches].map(
    ({ name, rowAxis }) => [name, between(predicted!.rows[name]!, exact.rows[name]!, rowAxis, index)] as const,
  );
  return [...outputs, ...kept];
}

function between(a: RawArray, b: RawArray, axis: number, at: number, base?: RawArray): Bounds {
  const [x, y, z] = [a, b, base].map((array) => array && rowOf(toNDArray(array), axis, at));
  const less = (row: Float64Array) => (z ? row.map((v, k) => v - z[k]!) : row);
  const { relativeL2, cosine, worstOverRms } = distance(less(x!), less(y!));
  return { relativeL2, oneMinusCosine: cosine, worstOverRms };
}

/** As the machine tells a chip's name. Of a Pro, Max or Ultra nothing was measured. */
export const chipName = (chip: PredictedChip): string => `Apple ${chip.toUpperCase()}`;

/** The chip whose prediction widens the bounds for this evidence; undefined where they are flat. */
export const predictedFor = ({ predicted }: FixtureManifest, { system }: Evidence): PredictedChip | undefined =>
  predicted && system.chip === chipName(predicted.chip) ? predicted.chip : undefined;

/** Whether the figures of a row keep the bounds. */
export function within({ figures }: Pick<MeasuredRow, "figures">, bounds: Bounds = FLAT): boolean {
  const keeps = (name: keyof Bounds) => {
    const x = figures[name];
    return typeof x === "number" && x >= 0 && x <= bounds[name];
  };
  return figures.finite && keeps("relativeL2") && keeps("oneMinusCosine") && keeps("worstOverRms");
}
