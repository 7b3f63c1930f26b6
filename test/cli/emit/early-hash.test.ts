/** When `emit` starts its thread for digests before it knows the weights. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emitCommand } from "../../../src/cli/commands/emit.ts";
import { weighsMuch } from "../../../src/cli/emit/early-hash.ts";
import { parseCommandLine } from "../../../src/cli/options/command.ts";
import { WORTH_A_THREAD } from "../../../src/files/hash.ts";

const root = mkdtempSync(join(tmpdir(), "graphc-early-"));
afterAll(() => rmSync(root, { recursive: true }));
const at = (name: string): string => join(root, name);

function sparse(path: string, bytes: number): void {
  writeFileSync(path, "");
  truncateSync(path, bytes);
}

beforeAll(() => {
  for (const name of ["large", "small"]) mkdirSync(at(name));
  for (const part of [1, 2]) sparse(at(`large/model-${part}.safetensors`), WORTH_A_THREAD / 2);
  sparse(at("small/model.safetensors"), WORTH_A_THREAD - 1);
  sparse(at("small/pytorch_model.bin"), WORTH_A_THREAD);
  sparse(at("large.gguf"), WORTH_A_THREAD);
  sparse(at("small.gguf"), 1000);
  writeFileSync(at("graph.ts"), "");
});

test.each([
  [["phi4-mini"], true],
  [["large"], true],
  [["small"], false],
  [["large.gguf"], true],
  [["small.gguf"], false],
  [["graph.ts"], false],
  [["graph.ts", "--weights", "large"], true],
  [["phi4-mini", "--weights", "small"], false],
  [["missing.gguf"], false],
] as const)("%j: %s", (words, expected) => {
  const args = words.map((word) => (/^(phi4-mini|--weights)$/.test(word) ? word : at(word)));
  expect(weighsMuch(parseCommandLine(emitCommand, args))).toBe(expected);
});
