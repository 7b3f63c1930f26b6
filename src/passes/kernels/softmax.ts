/** softmax of fp16 in plain TypeScript: what its meaning says, with each exponential computed once instead of twice. */
import { operandsOf } from "../../dsl/tensor.ts";
import { sizeOf } from "../../dsl/type.ts";
import { HALF, halfBits } from "./code/runtime.ts";
import type { KernelOf } from "./kernel.ts";
import { align } from "./machine.ts";

/** e^x rounds to 0 in fp32 below this: e^−104 is less than half of 2^−149. */
const VANISHES = -104;

/** For fp16 along any axis; undefined in fp64. */
export const softmax: KernelOf = (def, type, { precision }) => {
  const axis = def.attrs.axis as number;
  if (precision !== "fp16" || operandsOf(def)[0]!.type.dtype !== "fp16") return undefined;
  const [n, stride] = [type.shape[axis]!, sizeOf(type.shape.slice(axis + 1))];
  const rows = sizeOf(type.shape) / n;
  return {
    workspace: align(4 * n),
    scratch: 0,
    run(machine, out, [x], workspace) {
      const weights = new Float32Array(machine.buffer, workspace, n);
      for (let row = 0; row < rows; row++) {
        const begin = Math.floor(row / stride) * stride * n + (row % stride);
        softmaxRow(x!.data as Uint16Array, out.data as Uint16Array, { begin, stride, weights });
      }
    },
  };
};

interface Row {
  readonly begin: number;
  readonly stride: number;
  /** Room for the exponentials, as many as the row has elements. */
  readonly weights: Float32Array;
}

function softmaxRow(x: Uint16Array, out: Uint16Array, { begin, stride, weights }: Row): void {
  const { fround } = Math;
  const n = weights.length;
  let top = HALF[x[begin]!]!;
  for (let k = 1; k < n; k++) top = Math.max(top, HALF[x[begin + k * stride]!]!);
  for (let k = 0; k < n; k++) {
    const distance = fround(HALF[x[begin + k * stride]!]! - top);
    weights[k] = distance < VANISHES ? 0 : Math.exp(distance);
  }
  const total = laneTotal(weights);
  for (let k = 0; k < n; k++) {
    const weight = weights[k]!;
    out[begin + k * stride] = weight === 0 && total > 0 ? 0 : halfBits(fround(weight / total));
  }
}

/** The sum in the order of `laneSum` (../interpret/reading.ts), written out for speed. */
function laneTotal(x: Float32Array): number {
  const { fround } = Math;
  const lanes = new Float32Array(8);
  const whole = x.length - (x.length % 8);
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0; k < whole; k += 8) {
    a = fround(a + x[k]!);
    b = fround(b + x[k + 1]!);
    c = fround(c + x[k + 2]!);
    d = fround(d + x[k + 3]!);
    e = fround(e + x[k + 4]!);
    f = fround(f + x[k + 5]!);
    g = fround(g + x[k + 6]!);
    h = fround(h + x[k + 7]!);
  }
  lanes.set([a, b, c, d, e, f, g, h]);
  for (let k = whole; k < x.length; k++) lanes[k - whole] = lanes[k - whole]! + x[k]!;
  const pair = (j: number) => fround(lanes[j]! + lanes[j + 4]!);
  return fround(fround(pair(0) + pair(1)) + fround(pair(2) + pair(3)));
}
