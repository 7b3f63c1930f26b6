/** The overlay of the engine: where ops are expected, where a device planned them, and what they are estimated to cost. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readBuild } from "../../src/evidence/judge/build.ts";
import { graphc, testFolder } from "../support/cli.ts";
import { honestEvidence, type Json } from "../support/evidence/evidence.ts";
import { attentionFile, emittedFolder, overlayIn, pageOf } from "../support/view.ts";

const state: { folder: string; honest: Json } = { folder: "", honest: undefined };
beforeAll(async () => {
  state.folder = await emittedFolder();
  state.honest = honestEvidence(await readBuild(state.folder));
});
const packageAt = (tokens: number) => join(state.folder, `layer.t${tokens}.mlpackage`);

/** The evidence with a change, in a file of its own. */
function evidenceWith(change: (evidence: Json) => void): string {
  const evidence = structuredClone(state.honest);
  change(evidence);
  const file = join(testFolder(), "evidence.json");
  writeFileSync(file, JSON.stringify(evidence));
  return file;
}

const operationOf = (evidence: Json, value: string): Json =>
  evidence.residency[0].operations.find(({ values }: Json) => values.includes(value));

describe("measured placement", () => {
  test("of a package that a device planned: every op on the engine, with its share of the cost", async () => {
    for (const [tokens, role] of [
      [4, 0],
      [1, 1],
    ] as const) {
      const { data } = await pageOf(
        packageAt(tokens),
        "--evidence",
        evidenceWith(() => {}),
      );
      const { marks, says } = overlayIn(data, "engine");
      const good = marks.filter(({ tone }) => tone === "good");
      expect(good.length).toBeGreaterThan(10);
      // The three results of split are one op.
      const own = good.length - 2;
      expect(says[1]).toContain(
        `Core ML's plan on Apple M4, macOS 15.5.0 (24F74) has ${own} of ${own} ops on the Neural Engine, for ${tokens} token`,
      );
      // What no mark stands for is a copy or a read of a state, and is counted.
      const planned = state.honest.residency[role].operations.filter(({ cost }: Json) => cost !== undefined);
      const beside = Number(/; (\d+) operations? more of the plan/.exec(says[1]!)?.[1] ?? 0);
      expect(own + beside).toBe(planned.length);
      const share = planned[0].cost;
      for (const { bar, says } of good) {
        expect(bar).toBeCloseTo(share, 12);
        expect(says.join()).toMatch(
          /planned on the Neural Engine; it could run on CPU, Neural Engine; \S+ % of the cost/,
        );
      }
    }
  });

  test("an op that was planned on the CPU is marked at its value, and at no other", async () => {
    const file = evidenceWith((evidence) => {
      Object.assign(operationOf(evidence, "scores"), { device: "CPU", supported: ["CPU"] });
      evidence.attested = [];
    });
    const { data } = await pageOf(packageAt(4), "--evidence", file);
    const { marks, says } = overlayIn(data, "engine");
    const bad = marks.filter(({ tone, short }) => tone === "bad" && short !== "state-alignment");
    expect(bad.map(({ node, short }) => [data.nodes[node]!.label, short])).toEqual([
      ["scores", expect.stringMatching(/^CPU /)],
    ]);
    expect(says.join()).toContain("With which units the plan was loaded was not read back");
  });

  test("evidence that is not of the package that is shown, or not of a device, is an error that says so", async () => {
    const page = join(testFolder(), "view.html");
    for (const [change, says] of [
      [(one: Json) => Object.assign(one.packages[0], { sha256: "0".repeat(64) }), /it is of other bytes, of layer\.t4/],
      [(one: Json) => Object.assign(one.packages[0].files, { "x.bin": "0".repeat(64) }), /it is of other bytes/],
      [
        (one: Json) => Object.assign(one.packages[0], { function: "other" }),
        /it is of its function other, not of main/,
      ],
      [(one: Json) => Object.assign(one.tool, { engine: "scripted stand-in" }), /not on a device/],
      [(one: Json) => Object.assign(one, { units: "all" }), /measured with units all/],
      [(one: Json) => Object.assign(one.attested[0].plan, { units: "cpuOnly" }), /planned with units cpuOnly/],
      [(one: Json) => Object.assign(one.system, { model: "VirtualMac2,1" }), /virtual Mac/],
      [(one: Json) => one.residency.shift(), /its plan was not read/],
      [(one: Json) => one.residency.push(one.residency[0]), /two tables/],
      [(one: Json) => Object.assign(one.residency[0], { function: "other" }), /the plan is of other, not of main/],
      [
        (one: Json) => Object.assign(operationOf(one, "scores"), { values: ["other"] }),
        /scores stands 1 times in the package and 0 times/,
      ],
    ] as const) {
      const words = ["view", packageAt(4), "--evidence", evidenceWith(change), "--out", page];
      const { code, err } = await graphc(words);
      expect([code, err]).toEqual([2, expect.stringMatching(says)]);
    }
    const other = await graphc(["view", packageAt(4), "--evidence", join(state.folder, "gone.json"), "--out", page]);
    expect([other.code, other.err]).toEqual([2, expect.stringContaining("gone.json")]);
  });
});

test("predicted placement: the bars are shares of one whole, by the costs that check tells", async () => {
  const words = [attentionFile("right"), "--max-seq", "8", "--target", "m4"];
  const { data } = await pageOf(...words);
  const { out } = await graphc(["check", ...words, "--json"]);
  const [{ placement }] = JSON.parse(out);
  const [{ ops, milliseconds }] = placement as [{ ops: Json[]; milliseconds: number }];
  const { marks, says } = overlayIn(data, "engine");
  const shown = marks.filter(({ bar }) => bar !== undefined);
  expect(shown).toHaveLength(ops.length);
  expect(shown.reduce((sum, { bar }) => sum + bar!, 0)).toBeCloseTo(1, 9);
  const atPlace = ({ place, milliseconds: { ane, bnns, classic } }: Json): number =>
    place === "engine" ? ane : place === "CPU" ? Math.min(bnns, classic) : Math.min(ane, bnns, classic);
  const all = ops.reduce((sum, op) => sum + atPlace(op), 0);
  for (const [k, op] of ops.entries()) expect(shown[k]!.bar).toBeCloseTo(atPlace(op) / all, 9);
  expect(says.join("\n")).toContain(`${Number(milliseconds.toPrecision(3))} ms a call`);
  expect(says.join("\n")).toContain("no placement was measured");
});
