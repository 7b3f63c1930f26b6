/** What `graphc equal` takes besides two graphs: functions by name, a checkpoint to look at, a folder for the counterexample. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkpointOf, expectRefusal, fileOf, graphc, ones, testFolder } from "../../support/cli.ts";
import { FUSED, layerFile, MODEL_FAULTS } from "../../support/graphs/equal-layer.ts";

const SIZE = ["--max-seq", "6"];
const WRONG = MODEL_FAULTS["RoPE pairs swapped"]!;

describe("functions", () => {
  /** Packages of two functions, of the layer as it is and in other forms. */
  const packagesOf = (...forms: readonly (typeof FUSED | undefined)[]): Promise<string[]> =>
    Promise.all(
      forms.map(async (form) => {
        const [file, out] = [form ? layerFile(form) : layerFile(), testFolder()];
        const argv = ["emit", file, ...SIZE, "--functions", "infer,verify2", "--no-prove", "--out", out];
        expect((await graphc(argv)).err).toBe("");
        return join(out, "layer.infer-verify2.mlpackage");
      }),
    );

  test("of two packages meet by name", async () => {
    const argv = ["equal", ...(await packagesOf(undefined, FUSED)), "--functions", "infer,verify2"];
    const { code, out } = await graphc(argv);
    expect([code, out.match(/^(\S+ against \S+:|PROVEN.*?:)/gm)]).toEqual([
      0,
      ["infer against infer:", "PROVEN (reals):", "verify2 against verify2:", "PROVEN (reals):"],
    ]);
    const { functions } = JSON.parse((await graphc([...argv, "--json"])).out);
    expect(functions).toMatchObject([
      { a: "infer", b: "infer", result: { claim: "PROVEN (reals)", inputs: "by their roles" } },
      { a: "verify2", b: "verify2", result: { claim: "PROVEN (reals)", inputs: "arbitrary" } },
    ]);
  });

  test("are paired by both names, and the worst verdict is the exit code", async () => {
    const packages = await packagesOf(undefined, WRONG);
    const { code, out } = await graphc(["equal", ...packages, "--functions", "verify2=verify2,infer"]);
    expect([code, out.match(/^(\S+ against \S+:|[A-Z ()a-z]+:(?= A))/gm)]).toEqual([
      1,
      ["verify2 against verify2:", "NOT PROVEN:", "infer against infer:", "REFUTED:"],
    ]);
  });

  test("of other sizes, or that are not there, are refused", async () => {
    const packages = await packagesOf(undefined, FUSED);
    const said = async (functions: string, sentence: RegExp) => {
      const { code, err } = await graphc(["equal", ...packages, "--functions", functions]);
      expect([code, err]).toEqual([2, expect.stringMatching(sentence)]);
    };
    await said("infer=verify2", /: equal compares calls of one size; graphc prove compares/);
    await said("nope", /there is no function "nope"; the functions are infer, verify2$/);
    await said("infer,infer", /--functions names "infer" twice; name each once$/);
    await expectRefusal(
      ["equal", ...packages, "--functions", "infer", "--function", "infer"],
      /--functions does nothing beside --function/,
    );
  });
});

test("the counterexample of a refutation is written, and gives other numbers when it is run", async () => {
  const dump = join(testFolder(), "found");
  const { code, err } = await graphc(["equal", layerFile(), layerFile(WRONG), ...SIZE, "--dump", dump]);
  expect([code, err.match(/^replay: graphc run \S+[ab]\.mlpackage --inputs \S+ --state \S+$/gm)?.length]).toEqual([
    1, 2,
  ]);
  const given = await Promise.all(
    ["a", "b"].map(async (name) => {
      const at = (file: string): string => join(dump, file);
      const feed = ["--inputs", at(`${name}.inputs.safetensors`), "--state", at("state.safetensors")];
      const out = at(`${name}.out.safetensors`);
      expect((await graphc(["run", at(`${name}.mlpackage`), ...feed, "--out", out])).err).toBe("");
      return readFileSync(out);
    }),
  );
  expect(given[0]).not.toEqual(given[1]);
  const again = await graphc(["equal", layerFile(), layerFile(WRONG), ...SIZE, "--dump", dump]);
  expect([again.code, again.err]).toEqual([2, expect.stringMatching(/was not written to \S+: it exists already/)]);
});

test("a weight of a checkpoint that is not finite is named", async () => {
  const [norm, qkv, out] = [ones("norm", [1, 8, 1, 1]), ones("qkv", [32, 8, 1, 1]), ones("out", [8, 16, 1, 1])];
  const weights = (bytes: readonly number[]): string => {
    norm.data.set(bytes, 4);
    return checkpointOf({ "model.safetensors": fileOf([norm, qkv, out]) });
  };
  const argv = ["equal", layerFile(), layerFile(FUSED), ...SIZE, "--weights"];
  const fine = await graphc([...argv, weights([0x80, 0x3f])]);
  expect([fine.err, fine.out.split(":")[0]]).toEqual(["", "PROVEN (reals)"]);
  const { code, out: text } = await graphc([...argv, weights([0xc0, 0x7f])]);
  expect([code, text.split(":")[0]]).toEqual([1, "NOT PROVEN"]);
  expect(text).toMatch(/norm holds 1 value/);
});
