/** What the model of a graph file receives: the layer of `--layer`, and the config.json of `--weights`. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkpointOf, expectRefusal, folderOf, graphc } from "../../support/cli.ts";

const SIZE = ["--max-seq", "8", "--tokens", "2"] as const;

/** A graph file whose model adds the gain of a norm to as many channels as config.json says, 4 without one. */
const modelFile = (input: string, tensor: string): string =>
  join(
    folderOf({
      "gain.ts": `import { add, graph, input, weight, type ModelInput } from "graphc";
export default function gain(${input}: ModelInput) {
  const d = Number(config?.hidden_size ?? 4);
  const x = input("x", [1, d, tokens, 1]);
  return graph({ name: "gain", inputs: [x], outputs: { y: add(x, weight(${tensor}, [1, d, 1, 1])) } });
}
`,
    }),
    "gain.ts",
  );

const OF_LAYER = () => modelFile("{ tokens, layer, config }", `\`model.layers.\${layer}.input_layernorm.weight\``);
const OF_NONE = () => modelFile("{ tokens, config }", '"model.norm.weight"');

test.each(["0", "1"])("layer %s, at the width of the checkpoint", async (layer) => {
  const argv = ["check", OF_LAYER(), "--weights", checkpointOf(), ...SIZE, "--layer", layer];
  expect(await graphc(argv)).toMatchObject({
    code: 0,
    out: expect.stringContaining("gain: 3 values, 192 B of weights: OK"),
  });
});

test("the first layer where none is asked for, and no configuration without a checkpoint", async () => {
  const out = folderOf({});
  const { code } = await graphc(["emit", OF_LAYER(), ...SIZE, "--out", join(out, "b"), "--json"]);
  expect(code).toBe(0);
  const { out: told } = await graphc(["inspect", join(out, "b/gain.t2.mlpackage")]);
  expect(told).toContain("model_layers_0_input_layernorm_weight: fp16[1,4,1,1]");
});

test("the layer is in the name of what is emitted", async () => {
  const out = join(folderOf({}), "b");
  const argv = ["emit", OF_LAYER(), "--weights", checkpointOf(), ...SIZE, "--layer", "1", "--out", out];
  expect(await graphc(argv)).toMatchObject({ code: 0, out: expect.stringContaining("gain.layer1.t2.mlpackage") });
});

test("a layer that the checkpoint does not have is a weight that it does not have", async () => {
  const argv = ["check", OF_LAYER(), "--weights", checkpointOf(), ...SIZE, "--layer", "2"];
  const { code, err } = await graphc(argv);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("model.layers.2.input_layernorm.weight") });
});

test("a model that does not look at the layer is not asked for one", async () => {
  await expectRefusal(
    ["check", OF_NONE(), "--weights", checkpointOf(), ...SIZE, "--layer", "1"],
    /gain\.ts builds the same whatever --layer says: its model does not read `layer`; leave the option out$/,
  );
  expect((await graphc(["check", OF_NONE(), "--weights", checkpointOf(), ...SIZE])).code).toBe(0);
});
