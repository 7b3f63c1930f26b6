/** A proof is ended before Node ends itself: where four fifths of what its heap may hold are in use. */
import { getHeapStatistics } from "node:v8";
import { expect, test } from "vitest";
import { checkHeap, nodeHeap, watchHeap } from "../../../../src/passes/prove/logic/heap.ts";

test("a heap that is nearly full ends the proof, one that is not does not", () => {
  expect(() => checkHeap(8192, { used: 801e6, most: 1000e6 })).toThrow(
    expect.objectContaining({
      message: "the proof does not fit into the 1000 MB that Node takes: it has come to 8192 terms",
      mend: "lower --tokens, or give Node more: NODE_OPTIONS=--max-old-space-size=2000",
    }),
  );
  expect(() => checkHeap(8192, { used: 800e6, most: 1000e6 })).not.toThrow();
  expect(() => checkHeap(8192)).not.toThrow();
});

test("it is looked at every 4096 terms", () => {
  const looks: number[] = [];
  for (let terms = 0; terms < 10_000; terms++) watchHeap(terms, (n) => looks.push(n));
  expect(looks).toEqual([0, 4096, 8192]);
});

test("Node's own holds its limit but for the young generation, 48 MiB", () => {
  const { used, most } = nodeHeap();
  expect(getHeapStatistics().heap_size_limit - most).toBe(48 * 2 ** 20);
  expect(used).toBeGreaterThan(1e6);
});
