/** Graphs and pages for the tests of `graphc view`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { Overlay, PageData } from "../../src/view/data.ts";
import { type PackedPage, unpacked } from "../../src/view/packed.ts";
import { graphc } from "./cli.ts";
import { ROOT } from "./root.ts";

const SOURCE = readFileSync(join(ROOT, "examples/attention.ts"), "utf8").replace(/\b(128|384|32)\b/g, (size) =>
  String(Number(size) / 8),
);
const RIGHT = "transpose(reshape(qkv, { shape: [1, 12, 4, T] }), { perm: [0, 1, 3, 2] })";

/** What is replaced in the example, and by what. */
const FAULTS = {
  right: ["", ""],
  /** Heads and tokens as one axis, without the permutation. */
  flattened: [RIGHT, "reshape(qkv, { shape: [1, 12, T, 4] })"],
  /** The mask counts for nothing. */
  unmasked: ["add(scores, mask)", "add(scores, mul(mask, 0))"],
  /** New rows are added to what stands in the cache. */
  uncleared: [
    "sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }))",
    "sub(1, mul(reduce_sum(slot, { axes: [3], keep_dims: true }), 0))",
  ],
  /** No row is kept: the cache is what this call wrote. */
  forgetful: ["add(mul(oldK, kept), matmul(slot, newK))", "add(mul(oldK, mul(kept, 0)), matmul(slot, newK))"],
} as const;
type Fault = keyof typeof FAULTS;

/** The attention example with heads of 4 dims, as it is or with a fault. */
export function attentionFile(fault: Fault): string {
  const made = files.get(fault) ?? madeFile(fault);
  files.set(fault, made);
  return made;
}

/** Files that several tests read and none writes: each is made once. */
const KEPT = mkdtempSync(join(tmpdir(), "graphc-view-"));
process.once("exit", () => rmSync(KEPT, { recursive: true, force: true }));
const files = new Map<string, string>();
const pages = new Map<string, Promise<Page>>();

function madeFile(fault: Fault): string {
  const [right, wrong] = FAULTS[fault];
  expect(SOURCE).toContain(right);
  const text = SOURCE.replace(right, wrong);
  const file = join(mkdtempSync(join(KEPT, fault)), "layer.ts");
  writeFileSync(file, text);
  return file;
}

const emitted: { folder?: Promise<string> } = {};

/** The folder of the right example's packages and fixtures, `layer.t4.mlpackage` and `layer.t1.mlpackage`; emitted once, and written into by none. */
export function emittedFolder(): Promise<string> {
  emitted.folder ??= emittedInto(mkdtempSync(join(KEPT, "emitted")));
  return emitted.folder;
}

async function emittedInto(folder: string): Promise<string> {
  const words = ["emit", attentionFile("right"), "--max-seq", "8", "--fixtures", "--out", folder];
  expect(await graphc(words)).toMatchObject({ code: 0 });
  return folder;
}

interface Page {
  readonly file: string;
  readonly text: string;
  readonly data: PageData;
}

/** The page that a command line writes: its file, its text and its data; of one command line once. */
export function pageOf(...words: readonly string[]): Promise<Page> {
  const key = JSON.stringify(words);
  const page = pages.get(key) ?? madePage(words);
  pages.set(key, page);
  return page;
}

async function madePage(words: readonly string[]): Promise<Page> {
  const file = join(mkdtempSync(join(KEPT, "page")), "view.html");
  expect(await graphc(["view", ...words, "--out", file])).toMatchObject({ code: 0, err: "" });
  const text = readFileSync(file, "utf8");
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(text)![1]!;
  return { file, text, data: unpacked(JSON.parse(json) as PackedPage) };
}

/** One of the overlays of a page. */
export const overlayIn = ({ overlays }: PageData, id: string): Overlay => overlays.find((one) => one.id === id)!;
