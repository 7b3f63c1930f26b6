/** A proof is ended before Node ends itself: where four fifths of what its heap may hold are in use. */
import { execFileSync } from "node:child_process";
import { getHeapStatistics } from "node:v8";
import { expect, test } from "vitest";
import { checkHeap, nodeHeap, watchHeap, youngBytes } from "../../../../src/passes/prove/logic/heap.ts";

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

test.each([[[]], [["--max-semi-space-size=8"]], [["--max-semi-space-size=32"]], [["--max_semi_space_size=1"]]])(
  "of the limit that Node tells, what is not of the young generation is what it was given: %j",
  (options) => {
    const tell = "console.log(require('node:v8').getHeapStatistics().heap_size_limit)";
    const told = execFileSync(process.execPath, ["--max-old-space-size=300", ...options, "-e", tell], { env: {} });
    expect(Number(told) - youngBytes(options)).toBe(300 * 2 ** 20);
  },
);

test("Node's own", () => {
  const { used, most } = nodeHeap();
  expect(getHeapStatistics().heap_size_limit - most).toBe(youngBytes());
  expect(used).toBeGreaterThan(1e6);
});
