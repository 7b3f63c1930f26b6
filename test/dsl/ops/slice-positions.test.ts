/** The slice ops against the positions that a slice names, counted one by one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { indicesOf } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import { at } from "../../support/ops/worked.ts";

test("slice_by_index reads them", () => {
  slicesOf("slice_by_index", ({ x, y, positions }) => {
    const expected = [...indicesOf(y.shape)].map((ix) => at(x, placeOf(positions, ix)));
    expect([...y.data]).toEqual(expected);
  });
});

test("slice_update writes them, and leaves the rest", () => {
  slicesOf("slice_update", ({ x, y, update, positions }) => {
    const written = new Map(
      [...indicesOf(update!.shape)].map((ix) => [placeOf(positions, ix).join(), at(update!, ix)]),
    );
    const expected = [...indicesOf(y.shape)].map((ix) => written.get(ix.join()) ?? at(x, ix));
    expect([...y.data]).toEqual(expected);
  });
});

type Arr = ReturnType<typeof evaluate>["outputs"][string];
interface Sliced {
  readonly x: Arr;
  readonly y: Arr;
  readonly update?: Arr;
  /** Of each axis those that the slice takes; `squeezed` axes are left out of it. */
  readonly positions: readonly { readonly list: readonly number[]; readonly squeezed: boolean }[];
}

/** Random slices with bounds that are known at compile time. */
function slicesOf(name: "slice_by_index" | "slice_update", check: (sliced: Sliced) => void): void {
  let seen = 0;
  const property = fc.property(fc.integer(), (seed) => {
    const { graph, inputs } = exampleOf(name, randomFrom(seed));
    const { def } = schedule(graph).find((v) => v.def.kind === "op" && v.def.op === name)!;
    const { operands, attrs } = def as OpDef;
    const [begin, end] = [operands.begin, operands.end].map((bound) => (bound as Tensor).def);
    if (begin!.kind !== "const" || end!.kind !== "const") return;
    seen++;
    const { begin_mask, end_mask, squeeze_mask, stride } = attrs as Readonly<Record<string, readonly never[]>>;
    const positions = inputs.x0!.shape.map((n, axis) => {
      const step: number = stride![axis]!;
      const from = begin_mask![axis] ? (step > 0 ? 0 : n - 1) : fromFront(begin!.data[axis]!, n);
      const to = end_mask![axis] ? (step > 0 ? n : -1) : fromFront(end!.data[axis]!, n);
      const squeezed: boolean = squeeze_mask![axis]!;
      return {
        list: squeezed ? [begin_mask![axis] ? 0 : fromFront(begin!.data[axis]!, n)] : walk(from, to, step, n),
        squeezed,
      };
    });
    const y = evaluate(graph, { values: inputs }).outputs.y0!;
    // A scalar is made a vector at the border.
    const shape = (operands.update as Tensor | undefined)
      ? y.shape
      : positions.flatMap((a) => (a.squeezed ? [] : [a.list.length]));
    check({ x: inputs.x0!, y: { ...y, shape }, positions, ...(inputs.x1 ? { update: inputs.x1 } : {}) });
  });
  fc.assert(property, { numRuns: 100 });
  expect(seen).toBeGreaterThan(20);
}

const fromFront = (bound: number, n: number) => (bound < 0 ? bound + n : bound);

function walk(from: number, to: number, step: number, n: number): readonly number[] {
  const list: number[] = [];
  for (let i = from; step > 0 ? i < Math.min(to, n) : i > to; i += step) list.push(i);
  return list;
}

/** The place in x of an index of the slice. */
function placeOf(positions: Sliced["positions"], ix: readonly number[]): readonly number[] {
  const rest = [...ix];
  return positions.map(({ list, squeezed }) => list[squeezed ? 0 : rest.shift()!]!);
}
