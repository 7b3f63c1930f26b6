/**
 * Reviewed texts under golden/: each model case as a graph and as the MIL program that ships, and verdicts of the prover
 * as they are printed. One table: a file that is not in it is stale. A changed and a missing file fail alike, in CI or not; `npm run golden` rewrites them.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import attention from "../../examples/attention.ts";
import counter from "../../examples/counter.ts";
import type { Graph } from "../../src/dsl/graph.ts";
import { printMil } from "../../src/emit/mil/text.ts";
import { lower } from "../../src/emit/write/lower.ts";
import type { Spelling } from "../../src/models/blocks/spelling.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import { decoderLayers, type LayerOptions } from "../../src/models/layers.ts";
import { printGraph } from "../../src/passes/print.ts";
import { ONE_CHANGE } from "../support/phi/phi.ts";
import { VERDICTS, verdictTexts } from "../support/prove/verdicts.ts";
import { ROOT } from "../support/root.ts";

/** The variable is for test/gates.long.test.ts, which damages a copy. */
const FOLDER = process.env.GRAPHC_GOLDEN ?? join(ROOT, "golden");
/** Held by package.test.ts, the bytes of a tiny package, and by host-caches.test.ts. */
const ELSEWHERE = ["tiny.mil.txt", "tiny.package.txt", "host-caches.fixtures.json", "host-caches.digests.json"];

const phi = (tokens: number, options: LayerOptions = {}, count = 1) =>
  decoderLayers(PHI4_MINI, { tokens, maxSeq: 2048 }, { ...options, count });

/** `gqa-tile` for {gqa: "tile"}. */
const slug = (spelling: Partial<Spelling>) => Object.entries(spelling)[0]!.join("-").replaceAll("_", "-");

const cases: Readonly<Record<string, () => Graph>> = {
  "phi4-mini.t1": () => phi(1),
  "phi4-mini.t4": () => phi(4),
  "phi4-mini.t4.layers2": () => phi(4, {}, 2),
  "phi4-mini.t1.cache-io": () => phi(1, { cache: "io" }),
  "phi4-mini.t4.cache-io": () => phi(4, { cache: "io" }),
  "attention.t4": () => attention({ tokens: 4, maxSeq: 256 }),
  counter: () => counter(),
  ...Object.fromEntries(
    ONE_CHANGE.slice(1).map((spelling) => [`phi4-mini.t4.${slug(spelling)}`, () => phi(4, spelling)]),
  ),
};

const prints: Readonly<Record<string, (graph: Graph) => string>> = {
  graph: printGraph,
  mil: (graph) => printMil(lower(graph).model),
};

/** What each file must hold. */
const files: Readonly<Record<string, () => string>> = Object.fromEntries([
  ...Object.entries(cases).flatMap(([name, make]) =>
    Object.entries(prints).map(([kind, print]) => [`${name}.${kind}.txt`, () => print(make())]),
  ),
  ...Object.entries(VERDICTS).flatMap(([name, make]) => {
    let made: ReturnType<typeof verdictTexts> | undefined;
    const texts = () => (made ??= verdictTexts(make()));
    return [
      [`${name}.verdict.txt`, () => texts().whole],
      [`${name}.brief.txt`, () => texts().brief],
    ];
  }),
]);

test.each(Object.keys(files))("%s", async (name) => {
  await expect(files[name]!()).toMatchFileSnapshot(join(FOLDER, name));
});

test("no golden is stale", () => {
  expect(readdirSync(FOLDER).filter((name) => !(name in files || ELSEWHERE.includes(name)))).toEqual([]);
});
