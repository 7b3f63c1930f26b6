/** Memory that does not do: one sentence with what to lower, whatever could not be allocated. */

import { constants } from "node:buffer";
import { expect, test } from "vitest";
import { checkMemory, freeMemory } from "../../../src/api/memory.ts";
import { outOfMemory } from "../../../src/cli/errors/out-of-memory.ts";
import { SIZE_OPTIONS } from "../../../src/cli/options/size-options.ts";
import { graph } from "../../../src/dsl/graph.ts";
import { mul } from "../../../src/dsl/ops/index.ts";
import { input, weight } from "../../../src/dsl/tensor.ts";
import { sentenceOf } from "../../../src/dsl/user-error.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { bytesOf } from "../../../src/passes/run/run.ts";

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Failures that Node really has, on any machine: more than its limits, not more than its memory. */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  "a buffer beyond the largest": () => new ArrayBuffer(2 ** 53 - 1),
  "a typed array beyond the largest": () => new Float64Array(2 ** 53 - 1),
  "a text beyond the longest": () => "x".repeat(2 ** 20).repeat(2 ** 20),
  "a text of bytes beyond the longest": () => Buffer.alloc(constants.MAX_STRING_LENGTH + 1).toString("latin1"),
};

test.each(Object.entries(FAILURES))("%s is told as a sentence", (_, failing) => {
  const error = thrownBy(failing);
  const told = outOfMemory(error, SIZE_OPTIONS);
  expect(sentenceOf(told!)).toMatch(
    /^(a buffer|a text) could not be allocated \(.+\); lower --max-seq, --tokens, --layers, or give a smaller input, or run it where more memory is free$/,
  );
  expect(sentenceOf(outOfMemory(error)!)).toMatch(/\); give a smaller input, or run it where more memory is free$/);
});

test("what V8 says of tables and of WebAssembly is known by its words", () => {
  for (const message of [
    "Map maximum size exceeded",
    "Set maximum size exceeded",
    "WebAssembly.Memory(): could not allocate memory",
  ])
    expect(outOfMemory(new RangeError(message))?.message).toContain(`could not be allocated (${message})`);
});

test("any other error stays what it is", () => {
  for (const error of [
    new RangeError("Maximum call stack size exceeded"),
    new RangeError("Invalid array length"),
    new Error("Array buffer allocation failed"),
    undefined,
  ])
    expect(outOfMemory(error)).toBeUndefined();
});

test("a run that the machine has no memory for is refused with the need, what is free, and what to lower", () => {
  const x = input("x", [1024]);
  const plan = planOf(graph({ name: "g", inputs: [x], outputs: { y: mul(x, weight("w", [1024])) } }));
  const need = bytesOf([plan]);
  expect(() => checkMemory([plan], "this run", { free: need })).not.toThrow();
  expect(sentenceOf(thrownBy(() => checkMemory([plan], "this run", { free: need - 1 })) as Error)).toBe(
    "this run needs 65.5 kB of memory, and 65.5 kB is free; lower --max-seq, --tokens or --layers, whichever the graph has",
  );
  expect(freeMemory()).toBeGreaterThan(0);
});
