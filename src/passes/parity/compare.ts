/** What of a block's results differs from what the steps gave: per token and output, and per cache row. */

import { outputRows } from "../../dsl/host/output-rows.ts";
import { slotAxisOf } from "../../dsl/host/slots.ts";
import type { Twins } from "../../dsl/host/twins.ts";
import { rowOf, stridesOf } from "../interpret/array.ts";
import { type RawArray, toNDArray } from "../kernels/raw.ts";
import type { Values } from "./feeds.ts";
import { type Distance, distance } from "./metrics.ts";
import type { Arrays } from "./runner.ts";

/** How far an output's row of one token is from that of its step. */
export interface TokenReport extends Distance {
  readonly output: string;
  /** In the block, from 0. */
  readonly token: number;
  /** The cache row of that token. */
  readonly row: number;
}

/** Where a state differs after a block and after its steps. */
export interface StateReport {
  readonly state: string;
  readonly equal: boolean;
  /** Cache rows whose bits differ, stale ones left out. */
  readonly rows: readonly number[];
}

/** One token of a call: what the block was fed, and the outputs of both graphs by name. */
export interface TokenResults {
  readonly inputs: Values;
  readonly block: Arrays;
  readonly step: Arrays;
  readonly token: number;
  readonly row: number;
}

/** Every output of one token, but for those of which only another's row is read. */
export function compareToken(twins: Twins, { token, row, inputs, ...outputs }: TokenResults): readonly TokenReport[] {
  return Object.keys(twins.block.outputs).flatMap((output) => {
    const { axis, tokens: read } = outputRows(twins, output);
    if (!read.includes(token)) return [];
    const [array, one] = [toNDArray(outputs.block[output]!), toNDArray(outputs.step[output]!)];
    // On the difference hidden − x: with large residual channels the whole row hides what the layer did.
    const residual = Object.values(inputs).find((x) => x.shape.join() === array.shape.join());
    const [a, b] = [rowOf(array, axis, token), one.data];
    const x = residual ? rowOf(residual, axis, token) : undefined;
    const measured = distance(minus(a, x), minus(b, x));
    return [{ output, token, row, ...measured, equal: distance(a, b).equal }];
  });
}

const minus = (a: Float64Array, x: Float64Array | undefined): Float64Array => (x ? a.map((v, i) => v - x[i]!) : a);

/** Every state, by cache rows where it has `slots` of them; the rows in `stale` do not count. */
export function compareStates(
  block: Arrays,
  step: Arrays,
  stale: ReadonlySet<number>,
  slots: number,
): readonly StateReport[] {
  return Object.entries(block).map(([state, a]) => {
    const differs = differingElements(a, step[state]!);
    const axis = slotAxisOf(a.shape, slots);
    const stride = axis === undefined ? 1 : stridesOf(a.shape)[axis]!;
    const differing = new Set<number>();
    for (let i = 0; i < a.data.length; i++)
      if (differs(i)) differing.add(axis === undefined ? 0 : Math.floor(i / stride) % slots);
    const rows = [...differing].filter((row) => axis === undefined || !stale.has(row)).sort((x, y) => x - y);
    return { state, equal: rows.length === 0, rows };
  });
}

/** Whether element i differs in bits, the signs of zero and the kinds of NaN aside. */
function differingElements({ dtype, data: a }: RawArray, { data: b }: RawArray): (i: number) => boolean {
  if (dtype !== "fp16" || !(a instanceof Uint16Array))
    return (i) => a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]));
  const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7c00;
  return (i) => a[i] !== b[i] && ((a[i]! | b[i]!) & 0x7fff) !== 0 && !(isNaNBits(a[i]!) && isNaNBits(b[i]!));
}
