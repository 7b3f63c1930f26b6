/** Blocks against single tokens over random rejections: what a yes looked at, and how far a no is shrunk. */
import { add, graph, input, type ModelInput, state } from "graphc";
import { assertEqualOverRejections } from "graphc/testing";
import { expect, test } from "vitest";
import { failed } from "../support/testing/failed.ts";
import { layer } from "../support/testing/layers.ts";

const maxSeq = 12;

test("a layer gives the bits of single tokens, and the report says over what", async () => {
  const found = await assertEqualOverRejections({ model: layer(), tokens: [2, 3], maxSeq }, { runs: 10, seed: 7 });
  expect(found.map(({ tokens, runs, seed }) => ({ tokens, runs, seed }))).toEqual([
    { tokens: 2, runs: 10, seed: 7 },
    { tokens: 3, runs: 10, seed: 7 },
  ]);
  for (const { calls, compared, rejected, tokens } of found) {
    expect(calls).toBeGreaterThan(10);
    expect(compared).toBe(calls * tokens);
    expect(rejected).toBeGreaterThan(calls / 8);
  }
  const again = await assertEqualOverRejections({ model: layer(), tokens: [2, 3], maxSeq }, { runs: 10, seed: 7 });
  expect(again).toEqual(found);
});

test("flattened heads are shrunk to one call that keeps all, with the author's line", async () => {
  const { message, failure } = await failed(
    assertEqualOverRejections({ model: layer("flattened"), tokens: 3, maxSeq }, { seed: 1 }),
  );
  expect(message).toMatch(
    /^DIFFERS: [1-3] of 3 tokens, 0 states: blocks against single tokens, keeping 3 of 3 tokens$/m,
  );
  expect(message).toMatch(
    /first difference: joined \(reshape\), token \d, at .*\n {2}at test\/support\/testing\/layers\.ts:\d+:\d+\n {2}\d+ \|.*reshape\(turned/,
  );
  expect(failure).toMatchObject({ kind: "runs", tokens: 3, accepted: [3], seed: 1, value: "joined" });
});

test("a cache row written over is found, and found again by seed and path", async () => {
  const subject = { model: layer("overwritten"), tokens: 2, maxSeq };
  const first = await failed(assertEqualOverRejections(subject, { seed: 3 }));
  expect(first.message).toMatch(/^DIFFERS: \d of 2 tokens, 1 states: /);
  if (first.failure.kind !== "runs") throw new Error("of runs");
  const { seed, path, accepted, feedSeed } = first.failure;
  const again = await failed(assertEqualOverRejections(subject, { seed, path }));
  expect(again.failure).toMatchObject({ accepted, feedSeed });
});

test("a fault that shows only behind a rejection is shrunk to two calls, the first of which rejects", async () => {
  // Rows that are added to what their places held are right until a place held a rejected row.
  const subject = { model: layer("added"), tokens: 2, maxSeq };
  const { message, failure } = await failed(assertEqualOverRejections(subject, { seed: 5, runs: 40 }));
  if (failure.kind !== "runs") throw new Error("of runs");
  expect(failure.accepted).toHaveLength(2);
  expect(failure.accepted[0]).toBeLessThan(2);
  expect(message).toContain("of one call by itself the prover says PROVEN (exact), from equal caches");
});

test("values that are not finite say nothing, and are no yes", async () => {
  const { message } = await failed(
    assertEqualOverRejections({ model: layer("infinite"), tokens: 2, maxSeq }, { seed: 1 }),
  );
  expect(message).toMatch(/^NOT FINITE: call /);
});

test("what nobody can reject is no yes", async () => {
  const model = ({ tokens: T }: ModelInput) => {
    const x = input("x", [1, 4, T, 1], "fp16", { role: "rows" });
    const before = state("count", [1, 1]);
    return graph({ name: `c_t${T}`, inputs: [x], states: [[before, add(before, 1)]], outputs: { y: add(x, 1) } });
  };
  await expect(assertEqualOverRejections({ model, tokens: 2, maxSeq })).rejects.toThrow(
    "no token of c_t2 can be rejected: nothing tells its host which cache rows to write over",
  );
});

test("rejections that no call comes behind are none", async () => {
  // Where one block fills the cache, another comes behind those that were rejected whole, and behind no others.
  const full = { model: layer(), tokens: 2, maxSeq: 2 };
  const [found] = await assertEqualOverRejections(full, { runs: 20, seed: 6 });
  expect(found!.rejected).toBe(2 * (found!.calls - 20));
  const outcomes = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7, 8].map((seed) =>
      assertEqualOverRejections({ model: layer(), tokens: 2, maxSeq: 3 }, { runs: 1, seed }).then(
        ([report]) => report!.rejected,
        (error: Error) => error.message,
      ),
    ),
  );
  const numbers = outcomes.filter((one) => typeof one === "number");
  const refusals = outcomes.filter((one) => typeof one === "string");
  expect(Math.min(...numbers)).toBeGreaterThan(0);
  expect(refusals.length).toBeGreaterThan(0);
  for (const one of refusals)
    expect(one).toMatch(/^in 1 sequence of seed \d no token was rejected and then written over$/);
});

test("stopped, it gives the signal's reason", async () => {
  const stop = new AbortController();
  stop.abort("enough");
  await expect(assertEqualOverRejections({ model: layer(), tokens: 2, maxSeq }, { signal: stop.signal })).rejects.toBe(
    "enough",
  );
});
