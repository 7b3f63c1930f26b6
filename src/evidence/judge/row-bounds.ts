/** The bounds of each row of a recording against fp64, by the kind of rows it was fed and what the readings of the package give. */
import { rowOf } from "../../passes/interpret/array.ts";
import { type RawArray, toNDArray } from "../../passes/kernels/raw.ts";
import { distance } from "../../passes/parity/metrics.ts";
import type { Computed, RecordedCall, RecordedGraphs, Recording } from "../../passes/parity/record/recording.ts";
import { judgedName, outputsOf, residualOf } from "../fixtures.ts";
import type { MeasuredRow } from "../format/parity.ts";
import type { PredictedChip } from "../format/predicted-chips.ts";
import { type Bounds, FLAT, isCovered, widened } from "./bounds.ts";

/** Bounds by `rowKey` and `keptKey`; a row that is not there has the flat ones. */
export type RowBounds = ReadonlyMap<string, Bounds>;

/** Those for any machine, and those for the chip of the prediction, where there is one. */
export interface BoundsOfRows {
  readonly plain: RowBounds;
  readonly predicted?: RowBounds;
}

/** Of a row against fp64. */
export const rowKey = ({ call, token, value }: Pick<MeasuredRow, "call" | "token" | "value">): string =>
  JSON.stringify([call, token, value]);

/** Of a row that the host keeps after the last call. */
export const keptKey = (cache: string, row: number): string => JSON.stringify([cache, row]);

/**
 * What a row of small numbers is held to where nothing predicts the engine: to be finite. Products below 2^-16 vanish in its accumulator, and who
 * computes so is right.
 */
export const FINITE: Bounds = {
  relativeL2: Number.POSITIVE_INFINITY,
  oneMinusCosine: Number.POSITIVE_INFINITY,
  worstOverRms: Number.POSITIVE_INFINITY,
};

/** Those that count for a machine, by the chip whose prediction counts for it. */
export const boundsFor = (bounds: BoundsOfRows | undefined, chip: PredictedChip | undefined): RowBounds | undefined =>
  chip === undefined ? bounds?.plain : bounds?.predicted;

/** The bounds of every row of a recording. */
export function boundsOfRows(recording: Recording): BoundsOfRows {
  const plain = boundsBy(recording, false);
  return recording.calls.some(({ predicted }) => predicted)
    ? { plain, predicted: boundsBy(recording, true) }
    : { plain };
}

function boundsBy(recording: Recording, predicts: boolean): RowBounds {
  const bounds = new Map<string, Bounds>();
  for (const [call, one] of recording.calls.entries()) {
    const readings = readingsOf(one, predicts);
    for (const { row, token, index } of liveOf(one)) {
      for (const value of valuesOf(recording, one, token, index)) {
        const held = heldTo(one, predicts, readings.map(value.far));
        if (held) bounds.set(rowKey({ call, token, value: value.name }), held);
      }
      if (!predicts || token >= one.call.accepted) continue;
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

/** What a device may compute as: of special rows fp16, whose own noise may be above the flat bounds; and the engine as it is predicted. */
const readingsOf = ({ call, block, predicted }: RecordedCall, predicts: boolean): readonly Computed[] => [
  ...(call.draw ? [block] : []),
  ...(predicts ? [predicted!] : []),
];

function heldTo({ call }: RecordedCall, predicts: boolean, far: readonly Bounds[]): Bounds | undefined {
  if (call.draw?.kind === "small" && !predicts) return FINITE;
  const [first, ...more] = far.map(widened);
  return first && more.reduce(wider, first);
}

const wider = (a: Bounds, b: Bounds): Bounds => ({
  relativeL2: Math.max(a.relativeL2, b.relativeL2),
  oneMinusCosine: Math.max(a.oneMinusCosine, b.oneMinusCosine),
  worstOverRms: Math.max(a.worstOverRms, b.worstOverRms),
});

/**
 * Whether special rows are borne: what fp16 makes of them is finite, and so near to fp64 that a device which computes as fp16 does is not accused and
 * a known fault shows beside it. Where the engine is predicted, that is finite too.
 */
export function isBorne(call: RecordedCall, of: RecordedGraphs): boolean {
  const computed = [call.block, ...call.steps.values(), ...(call.predicted ? [call.predicted] : [])];
  if (!computed.every(isFiniteThroughout)) return false;
  return liveOf(call).every(({ token, index }) =>
    valuesOf({ ...of, calls: [call] }, call, token, index).every(({ far }) => isCovered(far(call.block))),
  );
}

const isFiniteThroughout = ({ outputs, rows }: Computed): boolean =>
  [...Object.values(outputs), ...Object.values(rows)].every((array) => toNDArray(array).data.every(Number.isFinite));

const liveOf = ({ call }: RecordedCall) =>
  call.rows
    .flatMap((row, token) => (row === undefined ? [] : [{ row, token }]))
    .map((live, index) => ({ ...live, index }));

/** One row that is judged, and how far a reading's is from fp64. */
interface JudgedValue {
  readonly name: string;
  far(reading: Computed): Bounds;
}

/** Of one token, all that is compared. */
function valuesOf(
  of: RecordedGraphs & Pick<Recording, "calls">,
  { call, block, exact }: RecordedCall,
  token: number,
  index: number,
): readonly JudgedValue[] {
  const outputs = outputsOf(of).map((output): JudgedValue => {
    const residual = residualOf(output, call.draw?.kind);
    const base = residual === undefined ? undefined : block.inputs[residual]!;
    return {
      name: judgedName(output, call.draw?.kind),
      far: ({ outputs: all }) => between(all[output.name]!, exact.outputs[output.name]!, output.tokenAxis, token, base),
    };
  });
  const kept = [...of.states, ...of.caches].map(
    ({ name, rowAxis }): JudgedValue => ({
      name,
      far: ({ rows }) => between(rows[name]!, exact.rows[name]!, rowAxis, index),
    }),
  );
  return [...outputs, ...kept];
}

function between(a: RawArray, b: RawArray, axis: number, at: number, base?: RawArray): Bounds {
  const [x, y, z] = [a, b, base].map((array) => array && rowOf(toNDArray(array), axis, at));
  const less = (row: Float64Array) => (z ? row.map((v, k) => v - z[k]!) : row);
  const { relativeL2, cosine, worstOverRms } = distance(less(x!), less(y!));
  return { relativeL2, oneMinusCosine: cosine, worstOverRms };
}

/** The bounds of a row, flat where nothing widens them. */
export const boundsAt = (bounds: RowBounds | undefined, key: string): Bounds => bounds?.get(key) ?? FLAT;
