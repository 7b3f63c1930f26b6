/** conv against plain loops that share no code with its declaration: pad a copy, then slide the kernel. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import type { NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";

test("conv is the sliding sum over a padded input", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { graph, inputs } = exampleOf("conv", randomFrom(seed));
      const value = schedule(graph).find((v) => v.def.kind === "op" && v.def.op === "conv")!;
      const y = Object.values(evaluate(graph, { values: inputs }, { precision: "fp64" }).outputs)[0]!;
      const expected = slide(value, inputs.x0!);
      expect(y.data.length).toBe(expected.length);
      for (const [i, z] of expected.entries()) expect(y.data[i]).toBeCloseTo(z, 9);
    }),
    { numRuns: 200 },
  );
});

/** Every spatial axis is padded to three, so that one set of loops does. */
function slide(value: Tensor, x: NDArray): readonly number[] {
  const { operands, attrs } = value.def as OpDef;
  const weight = operands.weight as Tensor & { def: { data: ArrayLike<number> } };
  const bias = operands.bias as typeof weight | undefined;
  const three = (list: readonly number[], filler: number) => [...list, filler, filler].slice(0, 3);
  const [batch, channels, ...spatial] = x.shape as readonly [number, number, ...number[]];
  const [outputs, perGroup, ...taps] = weight.type.shape as readonly [number, number, ...number[]];
  const size = three(spatial, 1);
  const kernel = three(taps, 1);
  const strides = three(attrs.strides as number[], 1);
  const dilations = three(attrs.dilations as number[], 1);
  const pads = spatial.map((n, a) => padOf(attrs, a, n, (kernel[a]! - 1) * dilations[a]! + 1, strides[a]!));
  const before = three(
    pads.map(([b]) => b),
    0,
  );
  const after = three(
    pads.map(([, b]) => b),
    0,
  );
  const count = size.map(
    (n, a) => Math.floor((n + before[a]! + after[a]! - (kernel[a]! - 1) * dilations[a]! - 1) / strides[a]!) + 1,
  );
  const at = (n: number, c: number, p: readonly number[]) => {
    const q = p.map((i, a) => i - before[a]!);
    if (q.some((i, a) => i < 0 || i >= size[a]!)) return 0;
    return x.data[((n * channels + c) * size[0]! + q[0]!) * size[1]! * size[2]! + q[1]! * size[2]! + q[2]!]!;
  };
  const z: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outputs; o++)
      for (const place of box(count)) {
        let sum = bias?.def.data[o] ?? 0;
        const first = Math.floor(o / (outputs / (attrs.groups as number))) * perGroup;
        for (let c = 0; c < perGroup; c++)
          for (const [k, tap] of box(kernel).entries()) {
            const w = weight.def.data[(o * perGroup + c) * kernel[0]! * kernel[1]! * kernel[2]! + k]!;
            sum +=
              w *
              at(
                n,
                first + c,
                place.map((i, a) => i * strides[a]! + tap[a]! * dilations[a]!),
              );
          }
        z.push(sum);
      }
  return z;
}

/** Padding of one axis, from the words of the format's documentation. */
function padOf(attrs: OpDef["attrs"], axis: number, size: number, reach: number, stride: number): [number, number] {
  const given = attrs.pad as number[];
  if (attrs.pad_type === "custom") return [given[2 * axis]!, given[2 * axis + 1]!];
  if (attrs.pad_type === "valid") return [0, 0];
  let [before, after] = [0, 0];
  // Add one element at a time until ⌈size / stride⌉ outputs fit; the odd one goes where the type says.
  while (Math.floor((size + before + after - reach) / stride) + 1 < Math.ceil(size / stride)) {
    const even = before === after;
    if (even === (attrs.pad_type === "same")) after++;
    else before++;
  }
  return [before, after];
}

const box = ([a, b, c]: readonly number[]): readonly (readonly number[])[] =>
  Array.from({ length: a! * b! * c! }, (_, i) => [Math.floor(i / (b! * c!)), Math.floor(i / c!) % b!, i % c!]);
