/** Whose a temporary name is: living, dead and foreign processes, and numbers that were given out again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ownerOf, ownName, SILENCE_MS, sweep } from "../../src/files/owner.ts";

const PREFIX = ".x-";
const parts = () => ownName(PREFIX).slice(PREFIX.length).split("-") as [string, string, string, string, string];
const nameOf = (...[host, boot, pid, start, random]: readonly (string | number)[]) =>
  `${PREFIX}${host}-${boot}-${pid}-${start}-${random}`;

test("a name of this process is a living one's, and no two are the same", () => {
  const [a, b] = [ownName(PREFIX), ownName(PREFIX)];
  expect(a).not.toBe(b);
  for (const name of [a, `${b}.mjs`]) expect(ownerOf(name, PREFIX)).toEqual({ kind: "alive", pid: process.pid });
});

test("other names are nobody's", () => {
  const [host, boot, pid, start, random] = parts();
  for (const name of [
    "x",
    PREFIX,
    ownName(".y-"),
    nameOf(host, boot, pid, start, "short"),
    nameOf("host", boot, pid, start, random),
    `${nameOf(host, boot, pid, start, random)}x`,
  ])
    expect(ownerOf(name, PREFIX)).toBeUndefined();
});

test("a process that has ended is dead, and so is every one before the machine was started", async () => {
  const [host, boot, pid, start, random] = parts();
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  expect(ownerOf(nameOf(host, boot, child.pid!, start, random), PREFIX)).toEqual({ kind: "dead" });
  const other = boot === "00000000" ? "00000001" : "00000000";
  expect(ownerOf(nameOf(host, other, pid, start, random), PREFIX)).toEqual({ kind: "dead" });
});

test("a number that was given out again is told by the time of the start, where that is known", ({ skip }) => {
  const [host, boot, pid, start, random] = parts();
  if (start === "0") skip("this system does not tell when a process started");
  expect(ownerOf(nameOf(host, boot, pid, Number(start) + 1, random), PREFIX)).toEqual({ kind: "dead" });
  expect(ownerOf(nameOf(host, boot, pid, 0, random), PREFIX)).toMatchObject({ kind: "alive" });
});

test("nothing is said of the processes of another host", () => {
  const [, boot, pid, start, random] = parts();
  expect(ownerOf(nameOf("00000000", boot, pid, start, random), PREFIX)).toEqual({ kind: "elsewhere" });
});

test("what the dead left is swept, with what was long silent, and nothing else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graphc-owner-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [host, , pid, start, random] = parts();
  const [living, dead] = [ownName(PREFIX), nameOf(host, "ffffffff", pid, start, random)];
  const [foreign, silent] = [
    nameOf("00000000", "0".repeat(8), 1, 1, random),
    nameOf("00000001", "0".repeat(8), 1, 1, random),
  ];
  for (const name of [living, dead, foreign, silent, "mine", ".x-mine"]) writeFileSync(join(folder, name), "");
  const long = new Date(Date.now() - SILENCE_MS - 60_000);
  utimesSync(join(folder, silent), long, long);
  await sweep(folder, PREFIX);
  expect(readdirSync(folder).sort()).toEqual([".x-mine", foreign, living, "mine"].sort());
});
