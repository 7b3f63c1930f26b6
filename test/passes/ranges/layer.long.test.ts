/** Bounds of layers of every kind against ten thousand inputs each, at random and looked for. */
import { afterAll, expect, test } from "vitest";
import { gramMachine } from "../../../src/passes/kernels/gram-run.ts";
import type { GramOf } from "../../../src/passes/ranges/eigen.ts";
import { layerBounds } from "../../../src/passes/ranges/layer.ts";
import { inputsOf, LAYERS, reached, violations } from "../../support/ranges.ts";

const machine = gramMachine(24, 1);
afterAll(machine.close);
const gramOf: GramOf = (rows, columns, write) => ({
  n: columns,
  data: machine.gram(rows, columns, write),
  error: machine.error(rows),
});

test.each([...LAYERS])("no input passes a bound of a layer %s", (_, layer) => {
  const found = layerBounds(layer, gramOf);
  let tried = 0;
  for (const [x, y] of inputsOf(layer, 10_000, 3)) {
    tried++;
    const seen = violations(found, reached(layer, x, y));
    if (seen.length > 0) expect(seen, `input ${tried}`).toEqual([]);
  }
  expect(tried).toBe(10_000);
});
