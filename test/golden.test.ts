/**
 * Reviewed texts under golden/. One table: a case that is not in it is stale. `npm run golden` rewrites them.
 * Under CI a missing file fails as a changed one does.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import attention from "../examples/attention.ts";
import counter from "../examples/counter.ts";
import { PHI4_MINI } from "../src/dsl/models/config.ts";
import { phiLayers } from "../src/dsl/models/phi.ts";
import type { Spelling } from "../src/dsl/models/spelling.ts";
import { printGraph } from "../src/passes/print.ts";
import { ONE_CHANGE } from "./phi-support.ts";

const FOLDER = join(import.meta.dirname, "../golden");
const phi = (tokens: number, spelling: Partial<Spelling> = {}, count = 1) =>
  phiLayers(PHI4_MINI, { tokens, maxSeq: 2048 }, { ...spelling, count });

/** `gqa-tile` for {gqa: "tile"}. */
const slug = (spelling: Partial<Spelling>) => Object.entries(spelling)[0]!.join("-").replaceAll("_", "-");

/** What each file under golden/ must hold. */
const cases: Readonly<Record<string, () => string>> = {
  "phi4-mini.t1.graph.txt": () => printGraph(phi(1)),
  "phi4-mini.t4.graph.txt": () => printGraph(phi(4)),
  "phi4-mini.t4.layers2.graph.txt": () => printGraph(phi(4, {}, 2)),
  "attention.t4.graph.txt": () => printGraph(attention({ tokens: 4, maxSeq: 256 })),
  "counter.graph.txt": () => printGraph(counter()),
  ...Object.fromEntries(
    ONE_CHANGE.slice(1).map((spelling) => [
      `phi4-mini.t4.${slug(spelling)}.graph.txt`,
      () => printGraph(phi(4, spelling)),
    ]),
  ),
};

test.each(Object.keys(cases))("%s", async (name) => {
  await expect(cases[name]!()).toMatchFileSnapshot(join(FOLDER, name));
});

test("no golden is stale: each is in the table above or named by another test", () => {
  const tests = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
  const texts = tests.map((name) => readFileSync(join(import.meta.dirname, name), "utf8")).join();
  const stale = readdirSync(FOLDER).filter((name) => !(name in cases || texts.includes(name)));
  expect(stale).toEqual([]);
});
