/** A small graph with everything a package can have, its weights, and folders to write it into. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { onTestFinished } from "vitest";
import { type Graph, graph } from "../../src/dsl/graph.ts";
import { add, concat, conv, exp, mul, slice_update } from "../../src/dsl/ops/index.ts";
import { constant, input, named, state, weight } from "../../src/dsl/tensor.ts";
import { sizeOf } from "../../src/dsl/type.ts";
import { nothingToReport, type WeightStore } from "../../src/weights/store.ts";

/** A convolution, a state that is shifted in place, an immediate and a stored constant. */
export function tinyGraph(): Graph {
  const [x, k] = [input("x", [1, 2, 4, 1]), state("k_state", [1, 4, 4, 1])];
  const rows = named("x.rows", conv(x, weight("layers.0.w", [2, 2, 1, 1])));
  const fresh = named("k.cache", slice_update(k, rows, [0, 0, 0, 0], [1, 2, 4, 1]));
  const bias = constant(
    Array.from({ length: 16 }, (_, i) => i / 8),
    [1, 4, 4, 1],
  );
  const hidden = concat([mul(add(fresh, bias), 0.5), exp(k)], { axis: 1 });
  return graph({ name: "tiny", inputs: [x], states: [[k, fresh]], outputs: { hidden } });
}

/** Weights of counting fp16 bit patterns, in pieces of `chunk` bytes; `before` is called ahead of each. */
export function countingStore(before: (done: number) => void = () => {}, chunk = 1 << 20): WeightStore {
  const pattern = Buffer.from(Uint16Array.from({ length: 1 << 20 }, (_, i) => 0x3c00 + (i & 1023)).buffer);
  return {
    async *stream(_, { shape }) {
      const bytes = 2 * sizeOf(shape);
      for (let done = 0; done < bytes; done += chunk) {
        before(done);
        const begin = done % 2048;
        yield pattern.subarray(begin, begin + Math.min(chunk, bytes - done));
      }
    },
    report: () => nothingToReport,
    close: async () => {},
  };
}

/** An empty folder that is removed after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "graphc-emit-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Every file below a folder, by its path from there. */
export function filesIn(root: string): Readonly<Record<string, Buffer>> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return Object.fromEntries(paths.map((path) => [relative(root, path), readFileSync(path)]));
}

/** The same by size and digest, which are compared at once and told in a line. */
export const digestsIn = (root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(filesIn(root)).map(([name, bytes]) => [name, toldOf(bytes)]));

const toldOf = (bytes: Uint8Array): string =>
  `${bytes.length} bytes, ${createHash("sha256").update(bytes).digest("hex")}`;
