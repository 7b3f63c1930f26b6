/** A seeded share of what faults.long.test.ts tries: calls of an emit that fail, one alone or all from one on. */
import { expect, test } from "vitest";
import { uniform } from "../../src/dsl/random.ts";
import { CODES } from "../support/faults.ts";
import {
  type Before,
  callsOf,
  canLie,
  expectBothOrNeither,
  expectRepaired,
  newScene,
  type Scene,
} from "../support/faulty-emit.ts";

const drawn = (n: number, of: number): number => Math.floor(((uniform(7, of, n) + 1) / 2) * of);

/** The calls by which a set is placed: the few at which most can go wrong. */
async function placingCalls(scene: Scene, before: Before): Promise<{ calls: readonly string[]; placing: number[] }> {
  const calls = await callsOf(scene, before);
  const first = calls.findIndex((call) => call.endsWith("/old"));
  expect(first).toBeGreaterThan(0);
  return {
    calls,
    placing: calls.flatMap((call, n) => (n >= first && /^(rename|rm|writeFile|sync)/.test(call) ? [n + 1] : [])),
  };
}

test("one call fails: the new set, or all as it was", async () => {
  const scene = await newScene();
  const { calls, placing } = await placingCalls(scene, "old set");
  const others = Array.from({ length: 6 }, (_, n) => 1 + drawn(n, calls.length));
  const exits: number[] = [];
  for (const [n, call] of [...placing, ...others].entries()) {
    const code = CODES[n % CODES.length]!;
    if (canLie(calls, call, code)) continue;
    exits.push((await expectBothOrNeither(scene, "old set", { from: call, to: call, code })).code);
  }
  // What fails when the set stands is a warning.
  expect(new Set(exits)).toEqual(new Set([0, 2]));
});

test("every call from one on fails: the next emit repairs", async () => {
  const scene = await newScene();
  const { placing } = await placingCalls(scene, "old set");
  for (const call of placing.filter((_, n) => n % 2 === 0)) await expectRepaired(scene, "old set", call);
});

test("one call fails where there was nothing: the new set, or nothing", async () => {
  const scene = await newScene();
  const { placing } = await placingCalls(scene, "no folder");
  for (const call of placing.filter((_, n) => n % 4 === 0))
    await expectBothOrNeither(scene, "no folder", { from: call, to: call, code: "EIO" });
});
