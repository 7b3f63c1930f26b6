/** More of `wire.test.ts`: WIRE_FUZZ_RUNS and WIRE_FUZZ_SEED choose others. */
import { expect, test } from "vitest";
import { shareOf } from "../../support/share.ts";
import { fuzzWire } from "../../support/wire/fuzz.ts";
import { CLASSES } from "../../support/wire/judge.ts";

const runs = shareOf(20_000, "WIRE_FUZZ_RUNS");
const seed = Number(process.env.WIRE_FUZZ_SEED ?? 1);

test(`${runs} changes, seed ${seed}`, { timeout: 0 }, async () => {
  const { counts, wrong } = await fuzzWire(runs, seed);
  console.log(`wire: ${JSON.stringify(Object.fromEntries(counts))}, ${wrong.length} wrong`);
  expect(wrong).toEqual([]);
  // What only a map makes deeper for us than for protobufjs is in the short suite.
  expect(CLASSES.filter((name) => !counts.has(name) && name !== "nested deeper than 100")).toEqual([]);
});
