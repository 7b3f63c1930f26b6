/** Graphs and pages for the tests of `graphc view`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Overlay, PageData } from "../../src/view/data.ts";
import { folderOf, graphc, testFolder } from "./cli.ts";
import { ROOT } from "./root.ts";

const SOURCE = readFileSync(join(ROOT, "examples/attention.ts"), "utf8").replace(/\b(128|384|32)\b/g, (size) =>
  String(Number(size) / 8),
);
const RIGHT = "transpose(reshape(qkv, { shape: [1, 12, 4, T] }), { perm: [0, 1, 3, 2] })";

/** The attention example with heads of 4 dims, as it is or with its heads flattened without the permutation. */
export function attentionFile(fault: "right" | "flattened"): string {
  expect(SOURCE).toContain(RIGHT);
  const text = fault === "right" ? SOURCE : SOURCE.replace(RIGHT, "reshape(qkv, { shape: [1, 12, T, 4] })");
  return join(folderOf({ "layer.ts": text }), "layer.ts");
}

/** The page that a command line writes: its file, its text and its data. */
export async function pageOf(...words: readonly string[]): Promise<{ file: string; text: string; data: PageData }> {
  const file = join(testFolder(), "view.html");
  expect(await graphc(["view", ...words, "--out", file])).toMatchObject({ code: 0, err: "" });
  const text = readFileSync(file, "utf8");
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(text)![1]!;
  return { file, text, data: JSON.parse(json) as PageData };
}

/** One of the overlays of a page. */
export const overlayIn = ({ overlays }: PageData, id: string): Overlay => overlays.find((one) => one.id === id)!;
