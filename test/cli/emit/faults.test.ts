/** A share of what faults.long.test.ts tries: calls of an emit that fail, one alone or all from one on. */
import { expect, test } from "vitest";
import { CODES } from "../../support/faults.ts";
import {
  type Before,
  callsOf,
  canLie,
  expectBothOrNeither,
  expectRepaired,
  newScene,
  type Scene,
} from "../../support/faulty-emit.ts";

/** Of the calls of each function the first and the one in the middle. */
function oneOfEach(calls: readonly string[]): readonly number[] {
  const byName = new Map<string, number[]>();
  for (const [n, call] of calls.entries()) {
    const name = call.split(" ")[0]!;
    byName.set(name, [...(byName.get(name) ?? []), n + 1]);
  }
  return [...byName.values()].flatMap((all) => [...new Set([all[0]!, all[all.length >> 1]!])]);
}

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
  const exits: number[] = [];
  for (const [n, call] of placing.entries()) {
    const code = CODES[n % CODES.length]!;
    if (canLie(calls, call, code)) continue;
    exits.push((await expectBothOrNeither(scene, "old set", { from: call, to: call, code })).code);
  }
  for (const call of oneOfEach(calls))
    exits.push((await expectBothOrNeither(scene, "old set", { from: call, to: call, code: "EIO" })).code);
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
