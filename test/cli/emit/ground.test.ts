/** The ground of more than one layer is evidence for the very weights and settings; without it the user's word, which is written down. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBuild } from "../../../src/evidence/judge/build.ts";
import { CONFIG, checkpointOf, fileOf, graphc, TENSORS, testFolder } from "../../support/cli.ts";
import { honestEvidence } from "../../support/evidence/evidence.ts";

const SIZE = ["--max-seq", "16", "--tokens", "2"];

/** The evidence of layer 0 of the small model, as a flawless device would give it. */
async function measured(checkpoint: string): Promise<string> {
  const out = testFolder();
  expect(await graphc(["emit", checkpoint, ...SIZE, "--fixtures", "--out", out])).toMatchObject({ code: 0 });
  writeFileSync(join(out, "evidence.json"), JSON.stringify(honestEvidence(await readBuild(out))));
  return out;
}

/** The small model with one element of a tensor changed. */
const withWeight = (name: string): string =>
  checkpointOf({
    "model.safetensors": fileOf(
      TENSORS.map((tensor) => {
        if (tensor.name !== name) return tensor;
        const data = Uint8Array.from(tensor.data);
        data[0]! ^= 1;
        return { ...tensor, data };
      }),
    ),
  });

const withConfig = (edit: Readonly<Record<string, unknown>>): string =>
  checkpointOf({ "config.json": JSON.stringify({ ...CONFIG, ...edit }) });

const stacked = async (checkpoint: string, ...more: readonly string[]) => {
  const out = testFolder();
  const outcome = await graphc(["emit", checkpoint, ...SIZE, "--layers", "2", "--out", out, ...more]);
  return { ...outcome, written: readdirSync(out), out: outcome.out, folder: out };
};

const certificateIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "phi4-mini.layers0-1.certificate.json"), "utf8"));

describe("evidence of layer 0", () => {
  test("opens two layers of its own model, and certificate and output name what was measured", async () => {
    const evidence = await measured(checkpointOf());
    const { code, folder, out } = await stacked(checkpointOf(), "--evidence", evidence, "--json");
    expect(code).toBe(0);
    const { manifest, block, step } = await readBuild(evidence);
    const build = {
      chip: "Apple M4",
      block: block.sha256,
      step: step.sha256,
      weights: manifest.identity.weightsSHA256,
      settings: manifest.identity.settingsSHA256,
    };
    expect(certificateIn(folder).ground).toMatchObject({ kind: "evidence", builds: [build] });
    expect(JSON.parse(out).ground).toEqual(certificateIn(folder).ground);
    // A layer that was not measured is not what the evidence is for.
    const other = await stacked(withWeight("model.layers.1.mlp.down_proj.weight"), "--evidence", evidence);
    expect(other.code).toBe(0);
  });

  test("does not open those of other weights or settings", async () => {
    const evidence = await measured(checkpointOf());
    for (const [checkpoint, why] of [
      [withWeight("model.layers.0.mlp.down_proj.weight"), "is of other weights than those of layer 0"],
      [withWeight("model.layers.0.input_layernorm.weight"), "is of other weights than those of layer 0"],
      [withConfig({ rope_theta: 20000 }), "is of other settings ("],
    ] as const) {
      const { code, err, written } = await stacked(checkpoint, "--evidence", evidence);
      expect(err).toContain(
        `ask for passed evidence of the one-layer gate on the same graph and weights (the one-layer build ${why}`,
      );
      expect([code, written]).toEqual([2, []]);
    }
  });
});

test("ahead of evidence the certificate says so, and what was open", async () => {
  const { code, folder } = await stacked(checkpointOf(), "--ahead-of-evidence");
  expect(code).toBe(0);
  expect(certificateIn(folder).ground).toMatchObject({
    kind: "ahead of evidence",
    open: ["there is no one-layer build"],
  });
  const one = testFolder();
  expect(await graphc(["emit", checkpointOf(), ...SIZE, "--out", one])).toMatchObject({ code: 0 });
  expect(JSON.parse(readFileSync(join(one, "phi4-mini.layer0.certificate.json"), "utf8")).ground).toBeUndefined();
});
