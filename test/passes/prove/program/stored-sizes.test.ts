/** A stored tensor is known by its name: graphs that read another number of elements of it have no checkpoint in common. */
import { expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { input, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { op } from "../../../support/prove/corpus/fault.ts";

/** x times the first 16 elements of a weight. */
const reads = (w: Tensor, shape: Shape) => {
  const [x, flat] = [input("x", [16], "fp16", { role: "shared" }), shape.reduce((a, b) => a * b)];
  const first = op.slice_by_index!(op.reshape!(w as never, { shape: [flat] }), [0], [16]);
  return graph({ name: "g", inputs: [x], outputs: { y: op.mul(x as never, first) as Tensor } });
};
const whole = (...shape: readonly [number, number]) => reads(weight("w", shape), shape);

test("of one name has one number of elements", () => {
  expect(() => provenPair(whole(8, 4), whole(4, 4))).toThrow(
    /weight "w" is fp16\[8,4\] in one place and fp16\[4,4\] in another: a checkpoint has one tensor of that name/,
  );
  expect(() => provenPair(whole(8, 4), whole(4, 8))).not.toThrow();
});

test("of which rows are taken may have others", () => {
  const some = reads(weight("w", [4, 4], { rows: [0, 4] }), [4, 4]);
  expect(() => provenPair(whole(8, 4), some)).not.toThrow();
});
