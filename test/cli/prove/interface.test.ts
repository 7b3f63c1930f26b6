/** `--interface` with a preset, and `graphc interface`, which prints such a file. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PRESETS } from "../../../src/cli/interface/presets.ts";
import { expectRefusal, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { type PromptLayer, promptLayer } from "../../support/graphs/prompt-layer.ts";

const SIZE = ["--tokens", "2", "--max-seq", "8"];

const layerFile = (layer: PromptLayer = {}): string => join(folderOf({ "layer.ts": promptLayer(layer) }), "layer.ts");

/** Lines as they were before they were wrapped. */
const unwrapped = (text: string): string => text.replaceAll(/\n {4,}(?=\S)/g, " ");

/** The first line of what a command says, and its exit code. */
async function said(...argv: readonly string[]): Promise<readonly [code: number, line: string]> {
  const { code, out, err } = await graphc(argv);
  return [code, unwrapped(out || err).split("\n")[0]!];
}

const PROVEN = [0, "PROVEN (exact): a block of 2 tokens against 2 single-token calls"];
const REFUTED = [1, "REFUTED: a block of 2 tokens against 2 single-token calls"];

describe("a preset", () => {
  test("tells what names and shapes do not, and is named as the source", async () => {
    const file = layerFile();
    await expectRefusal(["prove", file, ...SIZE], /^error: what the host feeds to input "position_ids" /);
    expect(await said("prove", file, ...SIZE, "--interface", "anemll")).toEqual(PROVEN);
    const { roles, certificate } = JSON.parse(
      (await graphc(["prove", file, ...SIZE, "--interface", "anemll", "--json"])).out,
    );
    expect(roles).toEqual([
      { input: "hidden_states", role: "rows", tokenAxis: 1, source: "preset" },
      { input: "position_ids", role: "position", tokenAxis: 0, first: "current_pos", source: "preset" },
      { input: "causal_mask", role: "mask", tokenAxis: 1, slotAxis: 2, open: 0, closed: "-inf", source: "preset" },
      { input: "current_pos", role: "position", source: "preset" },
    ]);
    expect(certificate.roles).toEqual(roles);
  });

  test("that masks with −Inf says so, and check warns of it", async () => {
    const file = layerFile();
    const { out } = await graphc(["prove", file, ...SIZE, "--interface", "anemll", "--explain"]);
    expect(out).toMatch(/^ +causal_mask +mask \(open 0, closed -inf\) +token 1, slot 2 +interface preset$/m);
    expect(out).not.toContain("P8 ");
    const warned = /the host feeds −Inf to mask "causal_mask": .* \[infinite-mask\]/s;
    expect((await graphc(["check", file, ...SIZE, "--interface", "anemll"])).out).toMatch(warned);
    const finite = ["--interface", "anemll", "--role", "causal_mask=mask:closed=-10000"];
    expect((await graphc(["check", file, ...SIZE, ...finite])).out).not.toMatch(/infinite-mask/);
    const path = join(
      folderOf({ "i.json": (await graphc(["interface", file, ...SIZE, "--interface", "anemll"])).out }),
      "i.json",
    );
    expect((await graphc(["prove", file, ...SIZE, "--interface", path, "--explain"])).out).toContain("closed -inf");
    await expectRefusal(
      ["prove", file, ...SIZE, "--interface", "anemll", "--role", "causal_mask=mask:open=-inf"],
      '--role causal_mask=mask:open=-inf: "open" must be a number, not "-inf"',
    );
  });

  test("is used by parity, run and check", async () => {
    const file = layerFile();
    const out = join(testFolder(), "out.safetensors");
    for (const argv of [["parity"], ["check"], ["run", "--positions", "3..4", "--out", out]]) {
      const outcome = await graphc([argv[0]!, file, ...SIZE, ...argv.slice(1), "--interface", "anemll"]);
      expect(outcome).toMatchObject({ err: "" });
      expect(outcome.code).toBe(argv[0] === "check" ? 1 : 0);
    }
  });

  test.each<[fault: string, layer: PromptLayer]>([
    ["a table looked up one position further on", { looked: "T > 1 ? add(positions, 1) : positions" }],
    ["rows written one row further on", { written: "T > 1 ? add(first, 1) : first" }],
  ])("does not make true what is false: %s", async (_, layer) => {
    expect(await said("prove", layerFile(layer), ...SIZE, "--interface", "anemll")).toEqual(REFUTED);
  });

  test("tells the functions of a package", async () => {
    const [out, file] = [testFolder(), layerFile()];
    const emit = ["emit", file, "--max-seq", "8", "--functions", "infer=1,prefill=2", "--out", out];
    expect(await graphc([...emit, "--no-prove"])).toMatchObject({ code: 0 });
    const path = join(out, readdirSync(out).find((name) => name.endsWith(".mlpackage"))!);
    await expectRefusal(["prove", path], /mlpackage has 2 functions: infer, prefill; say which: /);
    expect(await said("prove", path, "--interface", "anemll")).toEqual(PROVEN);
    await expectRefusal(["prove", path, "--interface", "hf"], /has 2 functions: infer, prefill; say which: /);
  });

  test("stands behind an option", async () => {
    const file = layerFile();
    const argv = ["prove", file, ...SIZE, "--interface", "anemll", "--role", "causal_mask=mask:closed=-20000"];
    const { out } = await graphc([...argv, "--explain"]);
    expect(out).toMatch(/^ +causal_mask +mask \(closed -20000\) +token 1, slot 2 +option --role$/m);
    expect(out).toMatch(/^ +current_pos +position +interface preset$/m);
  });

  test("of another host is refused, and so is a word that is none", async () => {
    await expectRefusal(
      ["prove", layerFile({ names: ["a", "b", "c", "d"] }), ...SIZE, "--interface", "anemll"],
      "the preset anemll (Anemll 0.3) speaks of none of the inputs a, b, c, d; graphc interface prints what is assumed of them, to be edited",
    );
    const names = PRESETS.map(({ name }) => name).join(", ");
    for (const [word, meant] of [
      ["anemlll", "did you mean anemll? "],
      ["mlx", ""],
    ])
      await expectRefusal(
        ["prove", layerFile(), ...SIZE, "--interface", word!],
        `--interface ${word}: there is no preset and no file "${word}"; ${meant}the presets are ${names}`,
      );
  });

  test("is told from a file of its name", async () => {
    const [folder, before] = [testFolder(), process.cwd()];
    writeFileSync(join(folder, "hf"), JSON.stringify({ inputs: { position_ids: "position" } }));
    mkdirSync(join(folder, "anemll"));
    const file = layerFile();
    process.chdir(folder);
    try {
      await expectRefusal(
        ["prove", file, ...SIZE, "--interface", "hf"],
        '"hf" is a preset of --interface, and there is a file of that name here; say ./hf for the file, and rename it for the preset',
      );
      expect(await said("prove", file, ...SIZE, "--interface", "./hf")).toEqual(PROVEN);
      expect(await said("prove", file, ...SIZE, "--interface", "anemll")).toEqual(PROVEN);
    } finally {
      process.chdir(before);
    }
  });

  test("speaks of its own inputs once, and every name that the layers of graphc have is one of ane-book's", async () => {
    const { inputs } = PRESETS.find(({ name }) => name === "ane-book")!;
    for (const cache of ["state", "io"]) {
      const { code, out } = await graphc(["interface", "phi4-mini", "--cache", cache, "--interface", "ane-book"]);
      const record = JSON.parse(out);
      expect(code).toBe(0);
      for (const [name, role] of Object.entries<{ source: string }>(record.inputs)) {
        expect(inputs.filter(({ names }) => names.test(name))).toHaveLength(1);
        expect(role.source).toBe("preset");
      }
    }
  });
});

/** A block whose one output is of one row, and wrong at that. */
const STATES_ONLY = "{ output_hidden_states: T > 1 ? mul(slice_by_index(hidden, [0, 0, 0], [1, 1, 4]), 0) : hidden }";

describe("outputs that do not count", () => {
  const butFor = ", but for output_hidden_states, which is not compared";

  test("are those that the preset says its host does not read, and the claim says so", async () => {
    const file = layerFile({ outputs: STATES_ONLY });
    const { err } = await graphc(["prove", file, ...SIZE, "--role", "position_ids=position"]);
    expect(err).toContain("it has no row per token to compare, 2 in the block for 1 in the step along one axis; where");
    const argv = ["prove", file, ...SIZE, "--interface", "anemll"];
    expect(await said(...argv)).toEqual([0, PROVEN[1] + butFor]);
    const { out } = await graphc([...argv, "--explain"]);
    expect(out).toMatch(/yes any m <= 2 tokens may be accepted: cache rows 0 … m-1/);
    const json = JSON.parse((await graphc([...argv, "--json"])).out);
    expect([json.notCompared, json.certificate.notCompared]).toEqual(Array(2).fill(["output_hidden_states"]));
    const parity = await graphc(["parity", file, ...SIZE, "--interface", "anemll"]);
    expect([parity.code, unwrapped(parity.out).includes(`EQUAL: every bit of every token and state${butFor}`)]).toEqual(
      [0, true],
    );
  });

  test("do not hide what is wrong in the states", async () => {
    const file = layerFile({ outputs: STATES_ONLY, looked: "T > 1 ? maximum(positions, 1) : positions" });
    expect(await said("prove", file, ...SIZE, "--interface", "anemll")).toEqual([1, REFUTED[1] + butFor]);
    expect((await graphc(["parity", file, ...SIZE, "--interface", "anemll"])).code).toBe(1);
  });

  test("are printed, asked for and given back", async () => {
    const file = layerFile({ outputs: STATES_ONLY });
    const told = JSON.parse((await graphc(["interface", file, ...SIZE, "--interface", "anemll"])).out);
    expect(told.outputs).toEqual({ output_hidden_states: "ignore" });
    const asked = JSON.parse((await graphc(["interface", file, ...SIZE])).out);
    expect([asked.outputs, asked["?"]]).toEqual([
      { output_hidden_states: null },
      ["position_ids", "output_hidden_states"],
    ]);
    const path = join(folderOf({ "i.json": JSON.stringify(told) }), "i.json");
    expect(await said("prove", file, ...SIZE, "--interface", path)).toEqual([0, PROVEN[1] + butFor]);
  });

  const withOutputs = (outputs: unknown, inputs: unknown = { position_ids: "position" }): string =>
    join(folderOf({ "i.json": JSON.stringify({ inputs, outputs }) }), "i.json");

  test("may be one of several, of equal as well", async () => {
    const wrong = layerFile({ outputs: "{ hidden, other: T > 1 ? mul(hidden, 2) : hidden }" });
    const file = withOutputs({ other: "ignore", hidden: "all" });
    expect(await said("prove", wrong, ...SIZE, "--interface", withOutputs({}))).toEqual(REFUTED);
    const but = ", but for other, which is not compared";
    expect(await said("prove", wrong, ...SIZE, "--interface", file)).toEqual([0, PROVEN[1] + but]);
    const [a, b] = ["{ hidden, other: hidden }", "{ hidden, other: mul(hidden, 2) }"].map((outputs) =>
      layerFile({ outputs }),
    );
    const equal = ["equal", a!, b!, "--max-seq", "8", "--interface"];
    expect((await said(...equal, withOutputs({})))[0]).toBe(1);
    expect(await said(...equal, file)).toEqual([0, `PROVEN (exact): A and B are equal, call by call${but}`]);
    const record = JSON.parse((await graphc([...equal, file, "--json"])).out);
    expect(record.notCompared).toEqual(["other"]);
  });

  test("may be all rows but one", async () => {
    const rows = (begin: number) => `slice_by_index(hidden, [0, ${begin}, 0], [1, ${begin + 1}, 4])`;
    const first = layerFile({ outputs: `{ y: T > 1 ? ${rows(0)} : hidden }` });
    const last = layerFile({ outputs: `{ y: T > 1 ? ${rows(1)} : hidden }` });
    const only = (token: number) => `, of y the row of token ${token} alone`;
    for (const [file, word, token] of [
      [first, "first", 0],
      [first, 0, 0],
      [last, "last", 1],
    ] as const) {
      const argv = ["prove", file, ...SIZE, "--interface", withOutputs({ y: word })];
      expect(await said(...argv)).toEqual([0, PROVEN[1] + only(token)]);
      expect((await graphc([...argv, "--explain"])).out).toMatch(
        /yes any m <= 2 tokens may be accepted: cache rows 0 … m-1/,
      );
      const json = JSON.parse((await graphc([...argv, "--json"])).out);
      expect([json.rows, json.certificate.rows]).toEqual([{ y: token }, { y: token }]);
      expect(json.notCompared).toBeUndefined();
      const { out } = await graphc(["parity", ...argv.slice(1)]);
      expect(unwrapped(out)).toContain(`EQUAL: every bit of every token and state${only(token)}`);
      const told = JSON.parse((await graphc(["interface", ...argv.slice(1)])).out);
      expect(told.outputs).toEqual({ y: word });
    }
    const wrong = ["prove", first, ...SIZE, "--interface", withOutputs({ y: "last" })];
    expect(await said(...wrong)).toEqual([1, REFUTED[1] + only(1)]);
    await expectRefusal(
      ["equal", first, last, "--max-seq", "8", "--interface", withOutputs({ y: "first" })],
      /"outputs": "first" for "y" does nothing here: graphc equal compares outputs as a whole/,
    );
  });

  test("are refused where nothing is left, or where there is none of the name", async () => {
    const stateless = join(
      folderOf({
        "g.ts": `
import { graph, input, mul, type Size } from "graphc";
export default function g({ tokens: T }: Size) {
  const x = input("x", [T, 4]);
  return graph({ name: "g", inputs: [x], outputs: { y: mul(x, 2) } });
}`,
      }),
      "g.ts",
    );
    for (const [outputs, sentence] of [
      [{ y: "ignore" }, "nothing is left to be compared: there is no state, and no output counts (y)"],
      [{ z: "all" }, 'there is no output "z", of which the interface file speaks; the outputs are y'],
      [{ y: "one" }, '…/i.json: output "y" must be all or ignore or first or last or the number of a token, not "one"'],
      [{ y: -1 }, '…/i.json: output "y" must be all or ignore or first or last or the number of a token, not -1'],
      [
        { y: 2 },
        'the interface file says that row 2 of output "y" is read, and the block has 2 tokens; say "first", "last" or a number from 0 to 1',
      ],
    ] as const)
      await expectRefusal(["prove", stateless, "--tokens", "2", "--interface", withOutputs(outputs, {})], sentence);
  });
});

describe("graphc interface", () => {
  test("prints what is assumed, and asks for what is not known", async () => {
    const { code, out } = await graphc(["interface", layerFile(), ...SIZE]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      inputs: {
        hidden_states: { kind: "rows", tokenAxis: 1, source: "shape" },
        position_ids: null,
        causal_mask: { kind: "mask", tokenAxis: 1, slotAxis: 2, open: 0, closed: -10000, source: "name" },
        current_pos: { kind: "position", source: "name" },
      },
      outputs: { hidden: "all" },
      states: { kv_cache_0: "fp16[1,8,4]" },
      "?": ["position_ids"],
    });
  });

  test.each(["anemll", undefined])("is given back as a file with the same verdict (%s)", async (preset) => {
    const names = ["hidden_states", preset ? "position_ids" : "positions", "causal_mask", "current_pos"] as const;
    for (const [layer, verdict] of [
      [{ names }, PROVEN],
      [{ names, looked: "T > 1 ? add(positions, 1) : positions" }, REFUTED],
    ] as const) {
      const file = layerFile(layer);
      const given = preset ? ["--interface", preset] : [];
      expect(await said("prove", file, ...SIZE, ...given)).toEqual(verdict);
      const { code, out } = await graphc(["interface", file, ...SIZE, ...given]);
      expect(code).toBe(0);
      const path = join(folderOf({ "i.json": out }), "i.json");
      expect(await said("prove", file, ...SIZE, "--interface", path)).toEqual(verdict);
    }
  });

  test("asks for what is taken for rows and may be a mask, and feeds back caches", async () => {
    const file = layerFile({ names: ["hidden_states", "positions", "m", "current_pos"] });
    const { code, out } = await graphc(["interface", file, ...SIZE]);
    expect([code, JSON.parse(out)["?"]]).toEqual([1, ["m"]]);
    const size = ["phi4-mini", "--cache", "io", "--max-seq", "8", "--tokens", "2"];
    const caches = await graphc(["interface", ...size]);
    expect(JSON.parse(caches.out).inputs.layers_0_k_cache).toEqual({
      kind: "cache",
      update: "slot",
      rows: "layers_0_k_rows",
      state: "layers_0_k_state",
      source: "declared",
    });
    const path = join(folderOf({ "i.json": caches.out }), "i.json");
    expect(await said("prove", ...size, "--interface", path)).toEqual(PROVEN);
  });

  test("a package alone tells nothing by its shapes, and states of another type are refused", async () => {
    const made = testFolder();
    const size = ["--tokens", "1", "--max-seq", "8"];
    expect((await graphc(["emit", layerFile(), ...size, "--no-prove", "--out", made])).code).toBe(0);
    const alone = join(made, readdirSync(made).find((name) => name.endsWith(".mlpackage"))!);
    expect(JSON.parse((await graphc(["interface", alone])).out)["?"]).toEqual(["hidden_states", "position_ids"]);
    const path = join(folderOf({ "i.json": '{"inputs":{},"states":{"kv_cache_0":"fp16[1,9,4]"}}' }), "i.json");
    await expectRefusal(
      ["prove", layerFile(), ...SIZE, "--interface", path],
      /there is no state "kv_cache_0" of type fp16\[1,9,4\]; the states are kv_cache_0 fp16\[1,8,4\]$/,
    );
  });
});
