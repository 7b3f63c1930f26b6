/**
 * Every call of an emit fails with errors of the file system, and every call is the last one that reaches the disk
 * (docs/reliability.md). `FAULT_CODES` is how many of the codes each call meets, those of a call after those of the one before;
 * `FAULT_CODES=all` tries every code at every call. `FAULT_EVERY=2` tries every other call, from which one on `FAULT_FIRST` says.
 */
import { describe, expect, test } from "vitest";
import { CODES } from "../../support/faults.ts";
import {
  type Before,
  callsOf,
  canLie,
  expectBothOrNeither,
  expectRepaired,
  newScene,
} from "../../support/faulty-emit.ts";

const HOUR = 3_600_000;
const { FAULT_CODES = "1", FAULT_EVERY = "1", FAULT_FIRST = "0" } = process.env;
const STRIDE = FAULT_CODES === "all" ? 1 : Math.floor(CODES.length / Number(FAULT_CODES));

/** Numbers of the calls that are tried, from 1. */
const triedOf = (calls: readonly string[]): readonly number[] =>
  calls.map((_, k) => k + 1).filter((from) => (from + Number(FAULT_FIRST)) % Number(FAULT_EVERY) === 0);

describe.each(["old set", "no folder"] as const)("an emit into a place with %s", (before: Before) => {
  test("one call fails: the new set, or all as it was", { timeout: HOUR }, async () => {
    const scene = await newScene();
    const calls = await callsOf(scene, before);
    const exits = new Map<number, number>();
    const failures: string[] = [];
    const tried = triedOf(calls);
    for (const from of tried)
      for (const code of CODES.filter((_, n) => (n + from) % STRIDE === 0)) {
        if (canLie(calls, from, code)) continue;
        try {
          const { code: exit } = await expectBothOrNeither(scene, before, { from, to: from, code });
          exits.set(exit, (exits.get(exit) ?? 0) + 1);
        } catch (error) {
          failures.push(`${code} at ${from}, ${calls[from - 1]}: ${(error as Error).message}`);
        }
      }
    const told = [...exits].map(([exit, n]) => `${n} exit ${exit}`).join(", ");
    console.log(`${before}: ${tried.length} of ${calls.length} calls, ${told}, ${failures.length} broken`);
    expect(failures).toEqual([]);
    expect(exits.get(2)).toBeGreaterThan(tried.length / 2);
  });

  test("every call from one on fails: the next emit finds a whole set", { timeout: HOUR }, async () => {
    const scene = await newScene();
    const calls = await callsOf(scene, before);
    const failures: string[] = [];
    const tried = triedOf(calls);
    for (const from of tried)
      await expectRepaired(scene, before, from).catch((error: unknown) =>
        failures.push(`from ${from}, ${calls[from - 1]}: ${(error as Error).message}`),
      );
    console.log(`${before}: ${tried.length} of ${calls.length} kills, ${failures.length} broken`);
    expect(failures).toEqual([]);
    expect(tried.length).toBeGreaterThan(0);
  });
});
