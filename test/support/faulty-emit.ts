/** One emit on a failing file system, and whether all that was promised of it holds (docs/reliability.md). */
import { cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { reasonOf } from "../../src/files/files.ts";
import { ownerOf } from "../../src/files/owner.ts";
import { fileOf, folderOf, graphc, type Outcome, ones, type RawTensor, testFolder } from "./cli.ts";
import { filesIn } from "./emit.ts";
import { type Calls, type Fault, withFault } from "./faults.ts";

/** The cheapest graph that has all an emit can have: a weight, a cache, so fixtures, and a proof. */
const TINY = `
import { add, graph, input, matmul, mul, named, reduce_sum, state, sub, weight } from "graphc";
export default function tiny({ tokens: T, maxSeq: S }) {
  const [x, slot] = [input("x", [1, 1, T, 4]), input("kv_write_mask", [1, 1, S, T])];
  const old = state("k_state", [1, 1, S, 4]);
  const kept = sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }));
  const K = named("k.cache", add(mul(old, kept), matmul(slot, x)));
  return graph({ name: "tiny", inputs: [x, slot], states: [[old, K]], outputs: { hidden: mul(x, weight("w", [4])) } });
}`;

type Files = Readonly<Record<string, Buffer>>;

/** What the runs start from: the set that stands, and the one that is to take its place. */
export interface Scene {
  readonly oldFolder: string;
  readonly old: Files;
  readonly fresh: Files;
  /** The words of the emit under test, but for its folder. */
  readonly argv: readonly string[];
}

/** Emits both sets, without a fault. */
export async function newScene(): Promise<Scene> {
  const graph = join(folderOf({ "tiny.ts": TINY }), "tiny.ts");
  const twos = { ...ones("w", [4]), data: new Uint8Array(new Uint16Array(4).fill(0x4000).buffer) };
  const argvWith = (tensor: RawTensor): readonly string[] => {
    const weights = folderOf({ "config.json": "{}", "model.safetensors": fileOf([tensor]) });
    return ["emit", graph, "--weights", weights, "--max-seq", "8", "--tokens", "2", "--fixtures"];
  };
  const [before, after] = [argvWith(ones("w", [4])), argvWith(twos)];
  const [oldFolder, freshFolder] = [testFolder(), testFolder()];
  expect(await graphc([...before, "--out", oldFolder])).toMatchObject({ code: 0, err: "" });
  expect(await graphc([...after, "--out", freshFolder])).toMatchObject({ code: 0, err: "" });
  const [old, fresh] = [filesIn(oldFolder), filesIn(freshFolder)];
  expect(Object.keys(fresh)).toEqual(Object.keys(old));
  for (const name of ["tiny.fixtures.json", "tiny.certificate.json"]) expect(Object.keys(old)).toContain(name);
  return { oldFolder, old, fresh, argv: after };
}

/** How the folder looks before the emit under test. */
export type Before = "old set" | "no folder";

/** Runs the emit with this fault in a folder of its own. */
export async function emitWith(scene: Scene, before: Before, fault: Fault | undefined) {
  const out = join(testFolder(), "out");
  if (before === "old set") cpSync(scene.oldFolder, out, { recursive: true });
  const argv = [...scene.argv, "--force", "--out", out];
  const { result, calls } = await withFault(fault, () => graphc(argv));
  // What could not be removed beside the graph file would be looked at by every later run, which then calls otherwise.
  for (const name of hiddenIn(dirname(argv[1]!))) rmSync(join(dirname(argv[1]!), name));
  return { out, outcome: result, calls };
}

/** The calls of the emit without a fault, when all that is loaded once is loaded. */
export async function callsOf(scene: Scene, before: Before): Promise<Calls> {
  await emitWith(scene, before, undefined);
  return (await emitWith(scene, before, undefined)).calls;
}

const HIDDEN = ".graphc-";
const visible = (out: string): Files =>
  Object.fromEntries(Object.entries(existsSync(out) ? filesIn(out) : {}).filter(([name]) => !name.startsWith(HIDDEN)));
const hiddenIn = (out: string): readonly string[] =>
  existsSync(out) ? readdirSync(out).filter((name) => name.startsWith(HIDDEN)) : [];

/**
 * Holds one call that failed against the promise: the new set, or the old one to the byte; a sentence with the reason;
 * what is left over is named. A call that asks whether something is there cannot lie in a way that could be seen.
 */
export async function expectBothOrNeither(scene: Scene, before: Before, fault: Fault): Promise<Outcome> {
  const { out, outcome, calls } = await emitWith(scene, before, fault);
  expect(outcome.code === 0 || outcome.code === 2, outcome.err).toBe(true);
  expectSentences(outcome);
  if (outcome.code === 2 && !MEANS_ABSENT.has(fault.code)) expectReason(outcome, fault, calls[fault.from - 1]!);
  const expected = outcome.code === 0 ? scene.fresh : before === "old set" ? scene.old : {};
  expect(visible(out)).toEqual(expected);
  for (const name of hiddenIn(out)) expect(outcome.err).toContain(`${name} could not be removed`);
  if (before === "no folder" && outcome.code === 2) expect(existsSync(out)).toBe(hiddenIn(out).length > 0);
  rmSync(out, { recursive: true, force: true });
  return outcome;
}

/** The sentence says why, and of which file: of one that is read its path, of one that is written what it will be. */
function expectReason({ err }: Outcome, fault: Fault, call: string): void {
  expect(err).toContain(reasonOf(fault));
  const path = /^\w+ (\/.*)/.exec(call)?.[1];
  const given = path?.includes("graphc-cli-") && !path.includes("/out");
  if (path !== undefined && given) expect(err).toContain(`cannot read …${path.replace(/.*graphc-cli-\w{6}/, "")}: `);
  else if (err.includes("cannot write")) expect(err).toContain("cannot write …/out/tiny.");
  else expect(err).toMatch(/cannot read …\/\S+: /);
  expect(err.split("\n").filter((line) => line.startsWith("error: ") && line.includes(".graphc-"))).toEqual([]);
}

/** Refusals that say of a file that it is not there have words of their own, which depend on the file. */
const MEANS_ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);

/**
 * Lets every call from one on fail, which leaves on the disk what a kill at this call leaves. Holds that a part of one
 * set stands and none of both, that nothing speaks of what does not stand, and that the next emit finds a whole set.
 */
export async function expectRepaired(scene: Scene, before: Before, from: number): Promise<void> {
  const { out, outcome } = await emitWith(scene, before, { from, code: "EIO" });
  expect(outcome.code === 0 || outcome.code === 2, outcome.err).toBe(true);
  expectSentences(outcome);
  const stands = visible(out);
  const sets = [scene.old, scene.fresh].filter((set) => isPart(stands, set));
  expect(sets.length > 0, `a mixture: ${Object.keys(stands)}`).toBe(true);
  const packages = Object.keys(scene.old).filter((name) => name.includes(".mlpackage/"));
  if ("tiny.certificate.json" in stands) expect(Object.keys(stands)).toEqual(expect.arrayContaining(packages));
  if ("tiny.fixtures.json" in stands) expect(Object.keys(stands)).toEqual(Object.keys(scene.old));
  for (const name of hiddenIn(out)) asOfTheDead(out, name);
  const next = await graphc([...scene.argv, "--out", out]);
  const whole = visible(out);
  expect(hiddenIn(out)).toEqual([]);
  if (outcome.code === 0) expect(whole).toEqual(scene.fresh);
  if (next.code === 0) expect([before, whole]).toEqual(["no folder", scene.fresh]);
  else {
    expect(next.err).toContain("exists already; --force replaces it");
    expect(whole).toEqual(isPart(whole, scene.old) ? scene.old : scene.fresh);
  }
  rmSync(out, { recursive: true, force: true });
}

/** Every line is a sentence of ours, and there is no stack. */
function expectSentences({ code, err }: Outcome): void {
  const lines = err.split("\n").filter((line) => line !== "");
  for (const line of lines) expect(line).toMatch(/^(error|warning): \S/);
  expect(lines.filter((line) => line.startsWith("error: "))).toHaveLength(code === 0 ? 0 : 1);
}

const isPart = (part: Files, whole: Files): boolean =>
  Object.entries(part).every(([name, bytes]) => whole[name]?.equals(bytes) === true);

/** The process that made it would be dead; here it is this one, which started at another time than the name then says. */
function asOfTheDead(out: string, name: string): void {
  const dead = name.replace(/-\d+-([0-9a-f]{8})$/, "-1-$1");
  expect(ownerOf(dead, ".graphc-emit-")).toEqual({ kind: "dead" });
  renameSync(join(out, name), join(out, dead));
}

/** Whether a refusal of this call can be told from the answer that nothing is there. */
export const canLie = (calls: Calls, call: number, code: string): boolean =>
  code === "ENOENT" && /^(lstat|stat|statSync|readFile) /.test(calls[call - 1]!);
