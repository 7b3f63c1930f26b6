/** Bounds of layers of every kind against ten thousand inputs each, at random and looked for. */
import { afterAll, expect, test } from "vitest";
import { layerBounds } from "../../../src/passes/ranges/layer.ts";
import { inputsOf, LAYERS, reached, smallForms, violations } from "../../support/graphs/ranges.ts";

const { gramOf, close } = smallForms();
afterAll(close);

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
