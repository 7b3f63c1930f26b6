/** The bytes and the MIL text of a tiny package. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { printMil } from "../../src/emit/mil/text.ts";
import { lower } from "../../src/emit/write/lower.ts";
import { writePackage } from "../../src/emit/write/package.ts";
import { countingStore, filesIn, folder, tinyGraph } from "../support/emit.ts";
import { ROOT } from "../support/root.ts";

const GOLDEN = join(ROOT, "golden");

/** Sixteen bytes a line: offset, hex, and what of it is text. */
function hexDump(bytes: Buffer): string {
  const lines = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => {
    const row = bytes.subarray(16 * i, 16 * i + 16);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = [...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."));
    return `${(16 * i).toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${text.join("")}`;
  });
  return lines.join("\n");
}

test("the tiny package, to the byte", async () => {
  const path = join(folder(), "tiny.mlpackage");
  await writePackage(tinyGraph(), countingStore(), path);
  const files = Object.entries(filesIn(path)).map(([name, bytes]) =>
    name.endsWith(".json") ? `${name}\n\n${bytes}` : `${name}, ${bytes.length} bytes\n\n${hexDump(bytes)}\n`,
  );
  await expect(files.join("\n")).toMatchFileSnapshot(join(GOLDEN, "tiny.package.txt"));
});

test("the tiny package as MIL text", async () => {
  await expect(printMil(lower(tinyGraph()).model)).toMatchFileSnapshot(join(GOLDEN, "tiny.mil.txt"));
});
