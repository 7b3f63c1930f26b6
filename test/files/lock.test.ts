/** The signs of life that a lock gives to other hosts. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { giveSignsOfLife } from "../../src/files/lock.ts";

test("a lock is touched every few seconds until it is told to stop, and is no reason to fail", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graphc-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  mkdirSync(join(folder, "own"));
  const stops = [giveSignsOfLife(folder, "own"), giveSignsOfLife(folder, "gone")];
  expect(readdirSync(join(folder, "own"))).toEqual([]);
  vi.advanceTimersByTime(60_000);
  for (const stop of stops) await stop();
  expect(readdirSync(join(folder, "own"))).toEqual(["alive"]);
  rmSync(join(folder, "own/alive"));
  vi.advanceTimersByTime(60_000);
  for (const stop of stops) await stop();
  expect(readdirSync(join(folder, "own"))).toEqual([]);
});
