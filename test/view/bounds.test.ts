/** The overlay of numbers with what holds for every input beside what was seen. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderOf, graphc } from "../support/cli.ts";
import { attentionFile, overlayIn, pageOf } from "../support/view.ts";

interface Told {
  readonly value: string;
  readonly kind: string;
  readonly most: number | null;
  readonly limit: number;
  readonly holds: boolean;
}

test.each([
  ["rows of any size", []],
  ["small rows", ["--bound", "x=4"]],
])("bounds are those of ranges, with %s, and no sample passes one", async (_, bound) => {
  const words = [attentionFile("right"), "--max-seq", "16", ...bound];
  const { data } = await pageOf(...words, "--ranges");
  const { marks, says } = overlayIn(data, "numbers");
  const { out } = await graphc(["ranges", ...words, "--json"]);
  const report = JSON.parse(out) as { readonly holds: boolean; readonly values: readonly Told[] };
  const broken = report.values.filter(({ holds }) => !holds);
  expect(broken.length > 0).toBe(!report.holds);
  expect(says.find((line) => line.startsWith("For every input with "))).toMatch(
    report.holds ? /: all of \d+ values that are computed keep their limits\./ : /may pass a limit/,
  );
  const named = data.nodes.flatMap(({ label, kind, op }, node) =>
    kind === "op" && label !== op ? [{ label, node }] : [],
  );
  let compared = 0;
  for (const { label, node } of named) {
    const own = report.values.filter(({ value }) => value === label);
    const mark = marks.find((one) => one.node === node)!;
    if (own.length === 0) continue;
    compared++;
    const holds = own.every((one) => one.holds);
    expect(mark.tone === "warn").toBe(!holds);
    const left = Math.min(...own.map(({ limit, most }) => Math.log2(limit / (most ?? Number.POSITIVE_INFINITY))));
    expect(mark.short).toContain(holds ? `all ≥ ${(Math.floor(10 * left) / 10).toFixed(1)}` : "all: NO");
    expect(mark.reach).toBeGreaterThanOrEqual(mark.bar ?? 0);
  }
  expect(compared).toBeGreaterThanOrEqual(8);
});

test("what is not asked for, or cannot be bounded, is said, and what was seen stays", async () => {
  const { data } = await pageOf(attentionFile("right"), "--max-seq", "16");
  expect(overlayIn(data, "numbers").says).toContain("What holds for every input was not asked for: say --ranges.");
  expect(overlayIn(data, "numbers").marks.every(({ reach }) => reach === undefined)).toBe(true);
  const source = `import { graph, input, mul, named } from "graphc";
export default function model() {
  const x = input("x", [1, 8]);
  return graph({ name: "wide", inputs: [x], outputs: { y: named("y", mul(x, 2)), z: named("z", mul(x, 0.5)) } });
}`;
  const file = join(folderOf({ "wide.ts": source }), "wide.ts");
  const wide = (await pageOf(file, "--ranges")).data;
  const of = (label: string) => overlayIn(wide, "numbers").marks.find(({ node }) => wide.nodes[node]!.label === label)!;
  expect([of("y").tone, of("y").says.join()]).toEqual([
    "warn",
    expect.stringMatching(
      /some input may make it as large as 132000, as far as is known, which is not below fp16, 65504/,
    ),
  ]);
  expect([of("z").tone, of("z").short]).toEqual(["good", expect.stringMatching(/ left, all ≥ 0\.9$/)]);
  const none = await graphc(["view", file, "--bound", "x=2", "--out", join(folderOf({}), "view.html")]);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("--bound does nothing without --ranges")]);
});
