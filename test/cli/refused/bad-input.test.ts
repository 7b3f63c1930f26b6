/** Bad checkpoints, graph files and options on the command line: exit code 2, one sentence, nothing written. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  CONFIG,
  checkpointOf,
  expectRefusal,
  fileOf,
  folderOf,
  graphc,
  headerOf,
  ones,
  TENSORS,
  testFolder,
} from "../../support/cli.ts";
import { digestsIn } from "../../support/emit.ts";
import { ROOT } from "../../support/root.ts";

/** `graphc emit phi4-mini` from a checkpoint, into a folder beside it that must not appear. */
async function refuseCheckpoint(weights: string, sentence: string | RegExp): Promise<void> {
  const out = join(testFolder(), "new/deep");
  await expectRefusal(["emit", "phi4-mini", "--weights", weights, "--max-seq", "64", "--out", out], sentence, out);
}

const file = (bytes: Uint8Array) => checkpointOf({ "model.safetensors": bytes });
const withHeader = (
  change: (header: Record<string, { data_offsets: number[]; shape: number[] }>) => object | string,
) => {
  const changed = change(structuredClone(headerOf(TENSORS)) as never);
  return file(fileOf(TENSORS, typeof changed === "string" ? changed : JSON.stringify(changed)));
};

const NORM = "model.layers.0.input_layernorm.weight";
const without = (name: string) => TENSORS.filter((tensor) => tensor.name !== name);
const lying = (length: bigint) => {
  const bytes = Buffer.from(fileOf(TENSORS));
  bytes.writeBigUInt64LE(length);
  return bytes;
};

describe("a checkpoint", () => {
  const cases: readonly (readonly [what: string, folder: () => string, sentence: string | RegExp])[] = [
    ["of no file", () => folderOf({}), "cannot read …/config.json: there is no such file or folder"],
    [
      "without weights",
      () => folderOf({ "config.json": JSON.stringify(CONFIG) }),
      "…: holds neither model.safetensors nor model.safetensors.index.json; is it a checkpoint folder?",
    ],
    [
      "cut in its length",
      () => file(new Uint8Array(5)),
      "…/model.safetensors: 5 bytes are too few for a safetensors file",
    ],
    [
      "cut in its header",
      () => file(fileOf(TENSORS).subarray(0, 100)),
      /^error: …\/model\.safetensors: the file is cut off: a header of \d+ bytes in a file of 100 bytes$/,
    ],
    [
      "cut in its data",
      () => file(fileOf(TENSORS).subarray(0, -1)),
      /^error: …\/model\.safetensors: the file is cut off: its header describes \d+ bytes and it has \d+$/,
    ],
    [
      "with bytes behind its end",
      () => file(Buffer.concat([fileOf(TENSORS), Buffer.alloc(3)])),
      /^error: …\/model\.safetensors: the last tensor ends at byte \d+, but the file has \d+ bytes$/,
    ],
    [
      "whose header claims more than 100 MB",
      () => file(lying(100_000_001n)),
      "…/model.safetensors: the header length 100000001 is above the limit of 100000000 bytes",
    ],
    ["whose header is shorter than it says", () => file(lying(40n)), /^error: …\/model\.safetensors: not valid JSON: /],
    [
      "with a hole",
      () => withHeader(({ [NORM]: _, ...rest }) => rest),
      `…/model.safetensors: there is a hole of 64 bytes before tensor "model.layers.0.mlp.down_proj.weight"`,
    ],
    [
      "with an overlap",
      () => withHeader((header) => ({ ...header, twin: header[NORM] })),
      '…/model.safetensors: tensor "twin" overlaps the one before it by 64 bytes',
    ],
    [
      "with a tensor twice",
      () => withHeader((header) => `${JSON.stringify(header).slice(0, -1)},"${NORM}":${JSON.stringify(header[NORM])}}`),
      `…/model.safetensors: the key "${NORM}" is given twice`,
    ],
    [
      "whose shape is not its size",
      () => withHeader((header) => ({ ...header, [NORM]: { ...header[NORM], shape: [33] } })),
      `…/model.safetensors: tensor "${NORM}" has 64 bytes, but BF16 [33] needs 66`,
    ],
    ["without a tensor", () => file(fileOf(without(NORM))), `…: tensor "${NORM}" [32] is missing`],
    [
      "with a tensor too many",
      () => file(fileOf([...TENSORS, ones("model.layers.0.adapter", [2])])),
      '…: tensor "model.layers.0.adapter" is not part of the model that config.json describes; nothing would read it',
    ],
    [
      "with a tensor of another shape",
      () => file(fileOf([...without(NORM), ones(NORM, [31])])),
      `…: tensor "${NORM}" has shape [31], but config.json asks for [32]`,
    ],
    [
      "with a tensor of a dtype that is not supported",
      () => file(fileOf([...without(NORM), { ...ones(NORM, [16]), dtype: "I8", shape: [32] }])),
      `…: tensor "${NORM}" has dtype I8, which is not supported; convert it to BF16, F16 or F32`,
    ],
    [
      "with a number beyond fp16",
      () => {
        const norm = ones(NORM, [32]);
        norm.data.set([0x80, 0x47], 6); // 65536 in bf16
        return file(fileOf([...without(NORM), norm]));
      },
      `…/model.safetensors: tensor "${NORM}" has 65536 at [3], which fp16 cannot hold (its largest number is 65504)`,
    ],
  ];
  test.each(cases)("%s", async (_, folder, sentence) => refuseCheckpoint(folder(), sentence));

  const sharded = (weight_map: Readonly<Record<string, string>>) => {
    const folder = checkpointOf({
      "model.safetensors.index.json": JSON.stringify({ weight_map }),
      "a.safetensors": fileOf(TENSORS),
    });
    rmSync(join(folder, "model.safetensors"));
    return folder;
  };
  const all = (shard: string) => Object.fromEntries(TENSORS.map(({ name }) => [name, shard]));
  const INDEX = "…/model.safetensors.index.json";

  test("whose index names a shard that is missing", async () => {
    const sentence = `${INDEX}: names the file "b.safetensors", which is missing in …`;
    await refuseCheckpoint(sharded({ ...all("a.safetensors"), [NORM]: "b.safetensors" }), sentence);
  });

  test.each(["../a.safetensors", "/etc/passwd", "C:\\a.safetensors"])("whose index names %s", async (path) => {
    const sentence = `${INDEX}: names the file ${JSON.stringify(path)}, which is outside the checkpoint folder`;
    await refuseCheckpoint(sharded(all(path)), sentence);
  });

  test("whose index places a tensor where it is not", async () => {
    const sentence = `${INDEX}: says that tensor "x" is in a.safetensors, which does not hold it`;
    await refuseCheckpoint(sharded({ ...all("a.safetensors"), x: "a.safetensors" }), sentence);
  });

  test("with NaN and Inf is emitted without a proof, with a warning that says where", async () => {
    const norm = ones(NORM, [32]);
    norm.data.set([0xc0, 0x7f, 0x80, 0xff], 4); // NaN and -Inf in bf16
    const weights = file(fileOf([...without(NORM), norm]));
    const out = join(testFolder(), "out");
    const argv = ["emit", "phi4-mini", "--weights", weights, "--max-seq", "64", "--out", out];
    const { code, out: text, err } = await graphc(argv);
    expect(code).toBe(1);
    expect(text).toContain(`NOT PROVEN: a block of 4 tokens against 4 single-token calls`);
    expect(err).toBe(
      [
        `warning: ${NORM} holds 2 values that are not finite, the first at element 2`,
        "warning: the packages were written without a proof",
      ].join("\n"),
    );
    const certificate = JSON.parse(readFileSync(join(out, "phi4-mini.layer0.certificate.json"), "utf8"));
    expect(certificate.verdict).toBe("NOT PROVEN");
    expect(readdirSync(out)).toEqual([
      "phi4-mini.layer0.certificate.json",
      "phi4-mini.layer0.t1.mlpackage",
      "phi4-mini.layer0.t4.mlpackage",
    ]);
  });
});

describe("a config.json", () => {
  const config = (change: Readonly<Record<string, unknown>>) =>
    checkpointOf({ "config.json": JSON.stringify({ ...CONFIG, ...change }) });

  test.each([
    ["hidden_size", "a positive whole number"],
    ["rms_norm_eps", "a positive number"],
    ["partial_rotary_factor", "a positive number"],
    ["tie_word_embeddings", "true or false"],
  ])("whose %s is null or of another type", async (field, what) => {
    await refuseCheckpoint(config({ [field]: null }), `…/config.json: "${field}" is missing; add it (${what})`);
    await refuseCheckpoint(config({ [field]: "a" }), `…/config.json: "${field}" must be ${what}, not "a"`);
  });

  test("with an unknown rope type", async () => {
    const sentence =
      '…/config.json: rope type "ntk" is not supported; graphc knows "default", "linear", "llama3", "yarn" and "longrope"';
    await refuseCheckpoint(config({ rope_scaling: { type: "ntk" } }), sentence);
  });

  test.each([
    ["num_local_experts", 8, "8: a mixture of experts"],
    ["kv_lora_rank", 512, "512: multi-head latent attention (MLA)"],
    ["cross_attention_layers", [3], "a list of 1 ([3]): cross attention"],
  ])("with %s, which no layer here has", async (field, value, what) => {
    await refuseCheckpoint(config({ [field]: value }), `…/config.json: "${field}" is ${what} is not supported`);
  });

  test("that leaves out a field: what is taken for it is told", async () => {
    const folder = config({ rms_norm_eps: undefined });
    const { err, code } = await graphc(["check", "phi4-mini", "--weights", folder, "--max-seq", "64"]);
    expect(err).toContain("note: rms_norm_eps is not given; Hugging Face's default 0.00001");
    expect(code).toBe(0);
  });

  test("that is not JSON", async () => {
    await refuseCheckpoint(checkpointOf({ "config.json": "{" }), /^error: …\/config\.json: not valid JSON: /);
  });

  test.each([
    [["--max-seq", "64", "--layer", "2"], "there is no layer 2; the model has layers 0 to 1"],
    [["--max-seq", "64", "--layers", "3"], "there is no layer 2; the model has layers 0 to 1"],
    [["--max-seq", "65"], "max_seq 65 is beyond the model's max_position_embeddings 64; lower max_seq"],
    [["--max-seq", "3"], "a block of 4 tokens does not fit a cache of 3 rows; raise max_seq"],
  ])("that does not go with %s", async (options, sentence) => {
    const out = join(testFolder(), "out");
    const argv = ["emit", "phi4-mini", "--weights", checkpointOf(), "--out", out, ...options];
    await expectRefusal(argv, sentence, out);
  });
});

describe("a graph file", () => {
  const graph = (name: string, source: string) => join(folderOf({ [name]: source }), name);
  const cases: readonly (readonly [what: string, source: string, sentence: string | RegExp])[] = [
    [
      "with a syntax error",
      "export default (=> 1",
      /^error: \S+g\.ts does not load: Unexpected "=>"\n {2}at \S+g\.ts:1:17\n {2}1 \| export default \(=> 1\n {4}\| {17}\^$/,
    ],
    ["that throws", 'throw new Error("boom")', "…/g.ts threw while it was loaded: boom"],
    [
      "that exports nothing",
      "export const x = 1",
      "…/g.ts must export a model as its default: export default ({ tokens, maxSeq }) => graph({ … })",
    ],
    [
      "whose model throws",
      'export default () => { throw new Error("boom") }',
      "…/g.ts threw while its graph was made: boom",
    ],
    ["whose model gives no graph", "export default () => 4", "the model in …/g.ts must return a graph, not 4"],
    [
      "whose model trips over nothing",
      "export default () => [1].map(() => undefined.x)",
      "…/g.ts threw while its graph was made: Cannot read properties of undefined (reading 'x')",
    ],
    [
      "that imports what is not there",
      'import "./nope.ts"',
      /g\.ts does not load: Could not resolve "\.\/nope\.ts"\n {2}at \S+g\.ts:1:8\n/,
    ],
    [
      "with a wrong shape",
      [
        'import { graph, input, matmul } from "graphc";',
        "export default function model() {",
        '  const x = input("x", [1, 2, 4, 8]);',
        '  const y = matmul(x, input("k", [1, 2, 9, 16]));',
        '  return graph({ name: "g", inputs: [x], outputs: { y } });',
        "}",
      ].join("\n"),
      /^error: matmul: inner sizes differ: 8 and 9\n {2}at .*g\.ts:4:13\n {2}4 \| {3}const y = .*\n +\| +\^\n {2}x: fp16\[1,2,4,8\] +made at .*g\.ts:3:13\n {2}y: fp16\[1,2,9,16\] +made at .*g\.ts:4:23$/,
    ],
  ];
  test.each(cases)("%s", async (_, source, sentence) => {
    const path = graph("g.ts", source);
    const out = join(testFolder(), "out");
    await expectRefusal(["emit", path, "--out", out], sentence, out);
    expect(readdirSync(join(path, ".."))).toEqual(["g.ts"]);
  });

  test("that is not there", async () => {
    await expectRefusal(["check", "nowhere.ts"], "there is no readable file nowhere.ts");
  });

  test("of another kind", async () => {
    const sentence =
      '"model.onnx" is neither phi4-mini nor a checkpoint (a folder or .gguf) nor a graph file (.ts) nor a package (.mlpackage)';
    await expectRefusal(["emit", "model.onnx"], sentence);
  });
});

const [ATTENTION, COUNTER] = ["attention.ts", "counter.ts"].map((name) => join(ROOT, "examples", name)) as [
  string,
  string,
];

describe("a place for the output", () => {
  test("that is taken, by the second package even", async () => {
    const folder = testFolder();
    const taken = join(folder, "counter.t1.mlpackage");
    mkdirSync(taken);
    const out = ["emit", COUNTER, "--out", folder];
    await expectRefusal(out, "…/counter.t1.mlpackage exists already; --force replaces it");
    expect(readdirSync(folder)).toEqual(["counter.t1.mlpackage"]);
    expect((await graphc([...out, "--force"])).code).toBe(0);
    expect(readdirSync(folder)).toEqual(["counter.certificate.json", "counter.t1.mlpackage", "counter.t4.mlpackage"]);
    expect(readdirSync(taken)).toContain("Manifest.json");
  });

  /** Takes the second package's place while it is being written, when the first is complete. */
  const takingSecondPlace = (folder: string) => (label: string) => {
    const path = join(folder, "counter.t1.mlpackage");
    if (label !== "writing t1") return false;
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, "a letter");
    return false;
  };

  test("that is taken when the first package stands already: it is taken back", async () => {
    const folder = testFolder();
    const outcome = await graphc(["emit", COUNTER, "--out", folder], takingSecondPlace(folder));
    const sentence = "error: …/counter.t1.mlpackage exists already; --force replaces it";
    expect(outcome).toEqual({ code: 2, out: "", err: sentence });
    expect(readdirSync(folder)).toEqual(["counter.t1.mlpackage"]);
    expect(readFileSync(join(folder, "counter.t1.mlpackage"), "utf8")).toBe("a letter");
  });

  test("that is taken when the first package is replaced already: the old one stands again", async () => {
    const folder = testFolder();
    const first = join(folder, "counter.t4.mlpackage");
    expect((await graphc(["emit", COUNTER, "--out", folder])).code).toBe(0);
    writeFileSync(join(first, "note"), "of the old one");
    const outcome = await graphc(["emit", COUNTER, "--force", "--out", folder], takingSecondPlace(folder));
    const sentence = "error: …/counter.t1.mlpackage is not a Core ML package; graphc will not replace it";
    expect(outcome).toEqual({ code: 2, out: "", err: sentence });
    expect(readdirSync(folder)).toEqual(["counter.certificate.json", "counter.t1.mlpackage", "counter.t4.mlpackage"]);
    expect(readFileSync(join(first, "note"), "utf8")).toBe("of the old one");
  });

  test("that holds something else, even with --force", async () => {
    const folder = folderOf({ "counter.t4.mlpackage": "a letter" });
    const sentence = "…/counter.t4.mlpackage is not a Core ML package; graphc will not replace it";
    await expectRefusal(["emit", COUNTER, "--out", folder, "--force"], sentence);
    expect(readdirSync(folder)).toEqual(["counter.t4.mlpackage"]);
  });

  test("below a file", async () => {
    const folder = folderOf({ file: "" });
    const sentence = "cannot write …/file/counter.t4.mlpackage: a part of its path is a file, not a folder";
    await expectRefusal(["emit", COUNTER, "--out", join(folder, "file")], sentence);
  });
});

describe("options", () => {
  const cases: readonly (readonly [argv: readonly string[], sentence: string])[] = [
    [["emti"], 'there is no command "emti"; did you mean emit?'],
    [["prov"], 'there is no command "prov"; did you mean prove?'],
    [["frobnicate"], 'there is no command "frobnicate"; graphc --help lists them'],
    [["emit"], "graphc emit needs a model (phi4-mini) or a graph file; for example: graphc emit phi4-mini"],
    [
      ["emit", "a.ts", "b.ts"],
      "graphc emit needs a model (phi4-mini) or a graph file, and 2 operands are given; for example: graphc emit phi4-mini",
    ],
    [
      ["diff", "a.mlpackage"],
      "graphc diff needs two packages, models or graph files, and 1 is given; for example: graphc diff old.mlpackage new.mlpackage",
    ],
    [
      ["emit", "phi4mini"],
      '"phi4mini" is neither phi4-mini nor a checkpoint (a folder or .gguf) nor a graph file (.ts) nor a package (.mlpackage); did you mean phi4-mini?',
    ],
    [["emit", "phi4-mini", "--token", "4"], "Unknown option '--token'; did you mean --tokens?"],
    [["emit", "phi4-mini", "--frobnicate"], "Unknown option '--frobnicate'; see graphc emit --help"],
    [["emit", COUNTER, "--out", ""], "--out has no value; write --out DIR"],
    [["emit", COUNTER, "--out", "a\0b"], '--out must be a path in UTF-8, without a zero byte, not "a\\u0000b"'],
    [["emit", COUNTER, "--out", "a\ufffd"], '--out must be a path in UTF-8, without a zero byte, not "a\ufffd"'],
    [["check", "a\ud800.ts"], '"a\\ud800.ts" is not a path in UTF-8, without a zero byte'],
    [["emit", COUNTER, "--out", "a", "--out", "b"], "--out is given twice, as a and as b; keep one"],
    [["parity", COUNTER, "--threads", "3"], '--threads must be 1 or 2, not "3"'],
    [["parity", COUNTER, "--threads", "0"], '--threads must be 1 or 2, not "0"'],
    [["run", COUNTER, "--positions", "0", "--precision", "fp31"], '--precision must be fp16 or fp64, not "fp31"'],
    [["emit", "phi4-mini", "--tokens", "0"], '--tokens must be a whole number of at least 1, not "0"'],
    [["emit", "phi4-mini", "--tokens", "four"], '--tokens must be a whole number of at least 1, not "four"'],
    [["emit", "phi4-mini", "--layers", "0"], '--layers must be a whole number of at least 1, not "0"'],
    [["emit", COUNTER, "--seed", "1.5"], '--seed must be a whole number of at least 0, not "1.5"'],
    [["parity", COUNTER, "--accumulate", "fp16"], '--accumulate must look like fp16:32/256, not "fp16"'],
    [["emit", "x.mlpackage"], "x.mlpackage is a package already; emit takes a model or a graph file"],
  ];
  test.each(cases)("graphc %s", async (argv, sentence) => expectRefusal(argv, sentence));
});

test("more than one layer without evidence of one is refused", async () => {
  const out = join(testFolder(), "out");
  const argv = ["emit", "phi4-mini", "--weights", checkpointOf(), "--max-seq", "64", "--layers", "2", "--out", out];
  await expectRefusal(argv, /^error: .*--ahead-of-evidence/, out);
});

test("an interrupt while fixtures are recorded leaves nothing, and what was there before as it was", async () => {
  const out = join(testFolder(), "out");
  const argv = ["emit", ATTENTION, "--max-seq", "32", "--fixtures", "--out", out];
  const interrupted = { code: 130, out: "", err: "error: interrupted; nothing was written" };
  expect(await graphc(argv, (at) => at === "recording fixtures")).toEqual(interrupted);
  expect(existsSync(out)).toBe(false);
  expect((await graphc(argv)).code).toBe(0);
  const before = digestsIn(out);
  expect(Object.keys(before)).toContain("attention.fixtures.json");
  const again = [...argv, "--force", "--seed", "2"];
  expect(await graphc(again, (at) => at === "recording fixtures")).toEqual(interrupted);
  expect(digestsIn(out)).toEqual(before);
});

test("fixtures of a graph without a cache are refused before anything is written", async () => {
  const out = join(testFolder(), "out");
  const sentence = "counter has no cache of known size, so nothing can be recorded";
  await expectRefusal(["emit", COUNTER, "--fixtures", "--out", out], sentence, out);
});

test.each(["writing t4", "writing t1"])("an interrupt while %s leaves nothing", async (label) => {
  const out = join(testFolder(), "out");
  const outcome = await graphc(["emit", COUNTER, "--out", out], (at) => at === label);
  expect(outcome).toEqual({ code: 130, out: "", err: "error: interrupted; nothing was written" });
  expect(existsSync(out)).toBe(false);
});
