/** Sets of files that are placed all or none, on a real file system with the refusals that it can be made to give. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LOCK_PREFIX } from "../../src/files/lock.ts";
import { ownName, SILENCE_MS } from "../../src/files/owner.ts";
import { placeSet, planFor, type Room } from "../../src/files/placing.ts";
import { openTransaction, type Transaction } from "../../src/files/transaction.ts";

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "graphc-set-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A set of two boxes and a letter that speaks of them. */
const targetsOf = (replace: boolean) => [
  { name: "a", replace, kind: { name: "box", mark: "mark" } },
  { name: "b", replace, kind: { name: "box", mark: "mark" } },
  { name: "letter", replace: true, kind: { name: "letter" } },
];
const ALL = ["a", "b", "letter"];

function writeSet(folder: string, contents: string, names: readonly string[] = ALL): void {
  for (const name of names) {
    if (name === "letter") writeFileSync(join(folder, name), contents);
    else {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, "mark"), contents);
    }
  }
}

/** Every file below a folder with its contents. */
const contentsOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
const setOf = (contents: string) => ({ "a/mark": contents, "b/mark": contents, letter: contents });

async function open(folder: string, replace = true): Promise<{ set: Transaction; warnings: string[] }> {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  return { set: await openTransaction({ folder, targets: targetsOf(replace), warn }), warnings };
}

async function begin(folder: string, contents: string): Promise<Transaction> {
  const { set } = await open(folder);
  writeSet(set.staging, contents);
  return set;
}

test("nothing is seen of a set until it is placed, and then nothing else", async () => {
  const folder = join(newFolder(), "new/deep");
  const set = await begin(folder, "new");
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.graphc-emit-/)]);
  expect(await set.commit(ALL)).toEqual([]);
  expect(contentsOf(folder)).toEqual(setOf("new"));
  expect(readdirSync(folder)).toEqual(ALL);
});

test("abandoning leaves what stood, and removes the folders that were made", async () => {
  const folder = newFolder();
  expect(await (await begin(join(folder, "new/deep"), "new")).abandon()).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
  writeSet(folder, "old");
  expect(await (await begin(folder, "new")).abandon()).toEqual([]);
  expect(contentsOf(folder)).toEqual(setOf("old"));
});

test("what the set has not under its names is taken away with the rest", async () => {
  const folder = newFolder();
  writeSet(folder, "old");
  const { set } = await open(folder);
  writeSet(set.staging, "new", ["a", "b"]);
  expect(await set.commit(["a", "b"])).toEqual([]);
  expect(contentsOf(folder)).toEqual({ "a/mark": "new", "b/mark": "new" });
});

test("a name that is taken, before and meanwhile", async () => {
  const folder = newFolder();
  writeSet(folder, "old", ["b"]);
  await expect(open(folder, false)).rejects.toMatchObject({ message: `${join(folder, "b")} exists already` });
  expect(readdirSync(folder)).toEqual(["b"]);
  rmSync(join(folder, "b"), { recursive: true });
  const { set } = await open(folder, false);
  writeSet(set.staging, "new");
  writeSet(folder, "another's", ["b"]);
  await expect(set.commit(ALL)).rejects.toThrow("exists already");
  expect(await set.abandon()).toEqual([]);
  expect(contentsOf(folder)).toEqual({ "b/mark": "another's" });
});

test("nothing of another kind is replaced", async () => {
  for (const [name, what] of [
    ["a", "box"],
    ["letter", "letter"],
  ] as const) {
    const folder = newFolder();
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "else"), "");
    await expect(open(folder)).rejects.toThrow(`${join(folder, name)} is not a ${what}; graphc will not replace it`);
    expect(readdirSync(folder)).toEqual([name]);
  }
});

test("what was announced and is not staged takes all back", async () => {
  const folder = newFolder();
  writeSet(folder, "old");
  const { set } = await open(folder);
  writeSet(set.staging, "new", ["a", "letter"]);
  await expect(set.commit(ALL)).rejects.toThrow(`cannot write ${join(folder, "a")}: there is no such file or folder`);
  expect(await set.abandon()).toEqual([]);
  expect(contentsOf(folder)).toEqual(setOf("old"));
});

test("a folder is one set's at a time", async () => {
  const folder = newFolder();
  const set = await begin(folder, "first");
  await expect(open(folder)).rejects.toMatchObject({
    message: `an emit in process ${process.pid} is writing into ${folder}`,
    mend: "wait for it, or give another --out",
  });
  await set.commit(ALL);
  await (await begin(folder, "second")).commit(ALL);
  expect(contentsOf(folder)).toEqual(setOf("second"));
});

test("of several at the same moment the folder holds one whole set", async () => {
  const folder = newFolder();
  const ends = await Promise.allSettled(["1", "2", "3", "4"].map(async (n) => (await begin(folder, n)).commit(ALL)));
  expect(ends.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
  const one = readFileSync(join(folder, "letter"), "utf8");
  expect(contentsOf(folder)).toEqual(setOf(one));
});

/** A name that a dead process of this machine gave. */
const deadName = (): string => ownName(LOCK_PREFIX).replace(/-\d+-([0-9a-f]{8})$/, "-1-$1");

/** What a kill leaves that came when the moves were made: a room with both sets, and the plan. */
async function killedRoom(folder: string, staged: readonly string[] = ALL): Promise<Room> {
  const room = { folder, hidden: join(folder, deadName()) };
  mkdirSync(join(room.hidden, "new"), { recursive: true });
  writeSet(join(room.hidden, "new"), "new", staged);
  await placeSet(room, await planFor(room, ALL, staged));
  return room;
}

test("a set that a killed process moved aside stands again before anything else is done", async () => {
  const folder = newFolder();
  writeSet(folder, "old");
  await killedRoom(folder);
  expect(contentsOf(folder)).toMatchObject(setOf("new"));
  const { set, warnings } = await open(folder);
  expect(warnings).toEqual([
    `an emit into ${folder} was killed while it placed its files: what stood there before is back`,
  ]);
  await set.abandon();
  expect(contentsOf(folder)).toEqual(setOf("old"));
});

test("what a killed process placed where nothing stood is taken away", async () => {
  const folder = newFolder();
  await killedRoom(folder, ["a", "b"]);
  await (await open(folder)).set.abandon();
  expect(contentsOf(folder)).toEqual({});
});

test("what somebody put there since is not taken for the killed process's", async () => {
  const folder = newFolder();
  const room = await killedRoom(folder, ["a"]);
  rmSync(join(folder, "a"), { recursive: true });
  writeSet(folder, "mine", ["a"]);
  // The file system may give a number again; the plan then has another.
  const plan = JSON.parse(readFileSync(join(room.hidden, "plan.json"), "utf8"));
  writeFileSync(join(room.hidden, "plan.json"), JSON.stringify({ ...plan, staged: { a: "0" } }));
  await (await open(folder)).set.abandon();
  expect(readFileSync(join(folder, "a/mark"), "utf8")).toBe("mine");
});

test("what stands in the way of an old set is named, with where the old one is, and neither is touched", async () => {
  const folder = newFolder();
  writeSet(folder, "old");
  const room = await killedRoom(folder);
  const plan = JSON.parse(readFileSync(join(room.hidden, "plan.json"), "utf8"));
  writeFileSync(join(room.hidden, "plan.json"), JSON.stringify({ ...plan, staged: { ...plan.staged, a: "0" } }));
  await expect(open(folder)).rejects.toMatchObject({
    message: `${join(folder, "a")} is in the way of what stood there before, which is ${join(room.hidden, "old/a")}`,
  });
  expect(readFileSync(join(room.hidden, "old/a/mark"), "utf8")).toBe("old");
  expect(readFileSync(join(folder, "a/mark"), "utf8")).toBe("new");
});

test("a plan that is none is not guessed at", async () => {
  const folder = newFolder();
  for (const text of ["", "{", '{"names":["../x"],"staged":{}}', '{"names":"a","staged":{}}', "null"]) {
    const hidden = join(folder, deadName());
    mkdirSync(hidden);
    writeFileSync(join(hidden, "plan.json"), text);
    await expect(open(folder)).rejects.toThrow("does not tell what an emit that was killed moved aside");
    rmSync(hidden, { recursive: true });
  }
});

/** A name of another host. */
const foreignName = (): string => ownName(LOCK_PREFIX).replace(/-emit-[0-9a-f]{8}/, "-emit-00000000");

test("an emit of another host holds the folder until it has been silent for long", async () => {
  const folder = newFolder();
  const hidden = join(folder, foreignName());
  mkdirSync(hidden);
  writeFileSync(join(hidden, "alive"), "");
  const refusal = "an emit on another machine or in another container";
  await expect(open(folder)).rejects.toThrow(refusal);
  const [recent, old] = [SILENCE_MS - 60_000, SILENCE_MS + 60_000].map((ms) => new Date(Date.now() - ms)) as [
    Date,
    Date,
  ];
  utimesSync(join(hidden, "alive"), old, old);
  await expect(open(folder)).rejects.toThrow(refusal);
  for (const [of, alive] of [
    [recent, old],
    [old, recent],
  ] as const) {
    utimesSync(hidden, of, of);
    utimesSync(join(hidden, "alive"), alive, alive);
    await expect(open(folder)).rejects.toThrow(refusal);
  }
  for (const path of [hidden, join(hidden, "alive")]) utimesSync(path, old, old);
  await (await begin(folder, "new")).commit(ALL);
  expect(existsSync(hidden)).toBe(false);
  expect(readdirSync(folder)).toEqual(ALL);
});
