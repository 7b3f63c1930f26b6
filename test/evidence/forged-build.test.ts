/** Builds that were edited on disk, with the evidence made to fit: what the judge computes again does not agree. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestFolder } from "../../src/evidence/digests.ts";
import { readBuild, withComputed } from "../../src/evidence/judge/build.ts";
import { heldAgainst, recordAgain } from "../../src/evidence/judge/computed-again.ts";
import { type BuildOnDisk, judgeEvidence } from "../../src/evidence/judge/judge.ts";
import type { Recording } from "../../src/passes/parity/record/recording.ts";
import { readArrays, writeArrays } from "../../src/weights/safetensors/arrays.ts";
import { honestEvidence, type Json } from "../support/evidence/evidence.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-build-"));
const copies: string[] = [];
const MANIFEST = "tiny.fixtures.json";
const ZEROS = "0".repeat(64);

/** What the judge makes of the packages: proofs and runs, which take longest. */
let build: BuildOnDisk;
let recording: Recording;

beforeAll(async () => {
  await writeBuild(folder);
  const { manifest, programs, ...read } = await readBuild(folder);
  recording = await recordAgain(programs, { manifest, roles: new Map() });
  build = { ...read, manifest, programs, computed: await heldAgainst(folder, manifest, recording) };
});
afterAll(() => {
  for (const each of [folder, ...copies]) rmSync(each, { recursive: true });
});

const jsonIn = (path: string): Json => JSON.parse(readFileSync(path, "utf8"));

/** What is open of a build with its evidence, which may be edited, as `item: status: note`. */
const openIn = (on: BuildOnDisk, edit: (evidence: Json) => unknown = () => {}): readonly string[] => {
  const evidence = honestEvidence(on);
  edit(evidence);
  return judgeEvidence(on, evidence)
    .findings.filter(({ status }) => status !== "yes")
    .map(({ item, status, note }) => `${item}: ${status}: ${note}`);
};

test("a build that nobody edited has nothing open", () => {
  expect(openIn(build)).toEqual([]);
});

const CLAIMS: readonly (readonly [name: string, says: string, edit: (claim: Json) => unknown])[] = [
  [
    "another block",
    "proven: no: the certificate is of another graph than the block package holds",
    (c) => (c.block.sha256 = ZEROS),
  ],
  ["another step", "than the step package holds", (c) => (c.step.sha256 = c.block.sha256)],
  ["less exactness", "the certificate claims reals, and the packages are PROVEN (exact)", (c) => (c.level = "reals")],
  ["no level", "the certificate claims no level", (c) => delete c.level],
  [
    "a precondition less",
    "the certificate leans on P1, P2, P3, P4, P6, P8, and the proof on P1, P2, P3, P4, P6, P7, P8",
    (c) => c.preconditions.splice(5, 1),
  ],
  ["NOT PROVEN", "the certificate says NOT PROVEN", (c) => (c.verdict = "NOT PROVEN")],
  [
    "another role",
    "the roles in the certificate are not those that the proof found",
    (c) => (c.roles[1].tokenAxis = 1),
  ],
  ["a role less", "the roles in the certificate are not those", (c) => c.roles.pop()],
];

test.each(CLAIMS)("a certificate of %s is refused", (_, says, edit) => {
  const certificate = structuredClone(build.certificate!);
  edit(certificate.contents);
  expect(openIn({ ...build, certificate })[0]).toContain(says);
});

test("packages that are not proven again are refused, whatever the certificate says", () => {
  const certificate = structuredClone(build.certificate!);
  Object.assign(certificate.again.verdict, { verdict: "NOT PROVEN" });
  expect(openIn({ ...build, certificate })).toEqual(["proven: no: proven again, the packages are NOT PROVEN"]);
});

const special = (m: Json): Json => m.calls.find(({ draw }: Json) => draw.kind !== "usual");

const MANIFESTS: readonly (readonly [name: string, says: string, edit: (manifest: Json) => unknown])[] = [
  ["a call left out", '"calls" is not what graphc makes of these packages', (m) => m.calls.pop()],
  [
    "a token that is not stepped",
    '"calls" is not what',
    (m) => m.calls.find((call: Json) => call.steps.length > call.accepted).steps.pop(),
  ],
  ["a token more that is accepted", '"calls" is not what', (m) => m.calls.at(-1).accepted++],
  ["a call by another name", '"calls" is not what', (m) => (m.calls[0].label = "easy")],
  ["another residual", '"outputs" is not what', (m) => delete m.outputs[0].residual],
  ["another closed value", '"closed" is not what', (m) => (m.closed = -5)],
  ["other axes", '"inputs" is not what', (m) => (m.inputs[0].tokenAxis = 1)],
  ["a state less", '"states" is not what', (m) => m.states.pop()],
  ["other rows of as many letters", '"calls" is not what', (m) => m.calls[0].rows.reverse()],
  [
    "a kind of rows left out, and said to be",
    '"calls" is not what',
    (m) => {
      m.calls = m.calls.filter(({ draw }: Json) => draw.kind !== "outliers");
      m.leftOut = ["outliers"];
    },
  ],
  ["rows said to be left out that are fed", '"leftOut" is not what', (m) => (m.leftOut = ["small"])],
  ["rows larger than usual told as usual", '"calls" is not what', (m) => (special(m).draw = m.calls[0].draw)],
  ["a smaller factor", '"calls" is not what', (m) => (special(m).draw.factor /= 2)],
  ["a state by a look-alike of its name", '"states" is not what', (m) => (m.states[0].name = "\u043a")],
  ["caches besides states", '"caches" is not what', (m) => (m.caches = [{ ...m.states[0], update: "slot" }])],
  ["two calls that change places", '"calls" is not what', (m) => m.calls.splice(0, 2, m.calls[1], m.calls[0])],
  ["a smaller cache", '"maxSeq" is not what', (m) => (m.maxSeq = 16)],
];

test.each(MANIFESTS)("fixtures with %s are refused", async (_, says, edit) => {
  const manifest = structuredClone(build.manifest);
  edit(manifest);
  const { differs } = await heldAgainst(folder, manifest, recording);
  expect(differs).toContain(says);
  const finding = judgeEvidence({ ...build, computed: { ...build.computed!, differs: differs! } }, undefined)
    .findings[1];
  expect(finding).toMatchObject({ item: "fixtures", status: "no", note: differs });
});

const DATA: readonly (readonly [name: string, says: string, edit: (arrays: Json) => unknown])[] = [
  [
    "an fp64 answer that is nearer",
    "calls/0/exact/out/hidden is not what the seed, the packages and the settings give",
    (all) => (all["calls/0/exact/out/hidden"].data[0] += 1e-9),
  ],
  ["an input that is zero", "calls/1/block/in/x is not what", (all) => all["calls/1/block/in/x"].data.fill(0)],
  [
    "a zero of the other sign",
    "is not what the seed, the packages and the settings give",
    (all) => {
      const zero = Object.keys(all).find((name) => name.startsWith("calls/") && all[name].data.includes(0))!;
      // In fp16 the sign is a bit of the number; in fp64 it is the number's.
      const { data } = all[zero];
      data[data.indexOf(0)] = data instanceof Uint16Array ? 0x8000 : -0;
    },
  ],
  [
    "an array in another shape",
    "calls/0/block/in/x is not what",
    (all) => {
      const { shape } = all["calls/0/block/in/x"];
      all["calls/0/block/in/x"] = { ...all["calls/0/block/in/x"], shape: [...shape].reverse() };
    },
  ],
  ["an array more", "more is in the data, and nothing makes it", (all) => (all.more = all["calls/0/block/in/x"])],
  ["an array less", "calls/0/block/out/hidden is not in the data", (all) => delete all["calls/0/block/out/hidden"]],
];

test.each(DATA)("data with %s are refused", async (_, says, edit) => {
  const copy = copyOf();
  const path = join(copy, build.manifest.data.file);
  const all: Json = { ...(await readArrays(join(folder, build.manifest.data.file), () => "fp16")) };
  edit(all);
  await writeArrays(path, all);
  expect((await heldAgainst(copy, build.manifest, recording)).differs).toContain(says);
});

test("another seed and other settings give other data", async () => {
  const { manifest, programs, certificate } = build;
  const differing = async (other: Json) => {
    const told = { ...manifest, ...other };
    return (await heldAgainst(folder, manifest, await recordAgain(programs, { manifest: told, roles: new Map() })))
      .differs;
  };
  expect(certificate).toBeDefined();
  expect(await differing({ seed: 2 })).toBe(
    `initial/${manifest.states[0]!.name} is not what the seed, the packages and the settings give`,
  );
  const rope = { ...manifest.settings!.rope, attentionFactor: 2 };
  expect(await differing({ settings: { ...manifest.settings, rope } })).toContain(
    "calls/0/block/in/rope_cos is not what",
  );
});

test("fixtures name the weights and settings that they have", () => {
  const withManifest = (edit: (m: Json) => unknown) => {
    const manifest = structuredClone(build.manifest);
    edit(manifest);
    return openIn({ ...build, manifest })[0];
  };
  const evidence = "evidence: no: it is of other bytes: the fixtures name other";
  expect(withManifest((m) => (m.identity.weightsSHA256 = ZEROS))).toBe(`${evidence} weights than they have`);
  expect(withManifest((m) => (m.settings.vocab = 7))).toBe(`${evidence} settings than they have`);
});

/** As a build with two functions in packages has it; that there are such functions is not asked for here. */
const ofFunctions = (): BuildOnDisk => {
  const manifest: Json = structuredClone(build.manifest);
  Object.assign(manifest.block, { function: "t4" });
  Object.assign(manifest.step, { function: "t1" });
  return { ...build, manifest };
};

test("a build of functions passes with evidence of them", () => {
  expect(openIn(ofFunctions())).toEqual([]);
});

const FUNCTIONS: readonly (readonly [name: string, says: string, edit: (evidence: Json) => unknown])[] = [
  ["measured without one", "another function of tiny.t1.mlpackage", (e) => delete e.packages[1].function],
  ["measured with another", "another function of tiny.t4.mlpackage", (e) => (e.packages[0].function = "t1")],
  [
    "loaded without one",
    "the step was loaded with the default function, not with function t1",
    (e) => delete e.attested[1].function,
  ],
  [
    "loaded with another",
    "the block was loaded with function t1, not with function t4",
    (e) => (e.attested[0].function = "t1"),
  ],
  [
    "planned without one",
    "the block was planned with the default function, not with function t4",
    (e) => delete e.attested[0].plan.function,
  ],
];

test.each(FUNCTIONS)("evidence of functions %s is refused", (_, says, edit) => {
  expect(openIn(ofFunctions(), edit)[0]).toContain(says);
});

test("functions of one package compile to one folder", () => {
  const manifest: Json = structuredClone(ofFunctions().manifest);
  Object.assign(manifest.step, { ...manifest.block, function: "t1", tokens: 1 });
  const one = { ...build, manifest, step: build.block };
  const folded = (evidence: Json) => {
    evidence.packages[1].compiledSHA256 = evidence.packages[0].compiledSHA256;
    evidence.attested[1].compiledSHA256 = evidence.attested[0].compiledSHA256;
  };
  expect(openIn(one, folded)).toEqual([]);
});

test("the packages are those of the fixtures by each digest", () => {
  const says = "evidence: no: it is of other bytes: tiny.t4.mlpackage is not the package of the fixtures";
  for (const edit of [
    (m: Json) => (m.block.sha256 = ZEROS),
    (m: Json) => (m.block.files["Manifest.json"] = ZEROS),
    (m: Json) => (m.block.files["notes.txt"] = ZEROS),
  ]) {
    const manifest = structuredClone(build.manifest);
    edit(manifest);
    expect(openIn({ ...build, manifest })[0]).toBe(says);
  }
});

test("a certificate is the fixtures' own by its bytes, and says what they feed", () => {
  const withManifest = (edit: (m: Json) => unknown) => {
    const manifest = structuredClone(build.manifest);
    edit(manifest);
    return openIn({ ...build, manifest })[0];
  };
  expect(withManifest((m) => (m.certificate.sha256 = ZEROS))).toBe("proven: no: the certificate is not this build's");
  expect(withManifest((m) => (m.inputs.find(({ name }: Json) => name === "x").role = "mask"))).toBe(
    "proven: no: the fixtures feed x as mask, and the proof knows another role",
  );
});

test("an input that no proof knows is fed as nothing", () => {
  const manifest: Json = structuredClone(build.manifest);
  manifest.inputs.push({ name: "more", role: "shared" });
  expect(openIn({ ...build, manifest })[0]).toBe(
    "proven: no: the fixtures feed more as shared, and the proof knows another role",
  );
});

test("preconditions of a certificate have no order", () => {
  const certificate: Json = structuredClone(build.certificate!);
  certificate.contents.preconditions.reverse();
  expect(openIn({ ...build, certificate })).toEqual([]);
});

test("a precondition of another name is another one, though there are as many", () => {
  const certificate: Json = structuredClone(build.certificate!);
  certificate.contents.preconditions[2].id = "P5";
  expect(openIn({ ...build, certificate })[0]).toContain("the certificate leans on");
});

test("a bit of a weight is noticed, though every digest was made to fit", async () => {
  const copy = copyOf();
  cpSync(folder, copy, { recursive: true });
  flipped(join(copy, "tiny.t4.mlpackage/Data/com.apple.CoreML/weights/weight.bin"));
  const manifest = jsonIn(join(copy, MANIFEST));
  Object.assign(manifest.block, await digestFolder(join(copy, manifest.block.package)));
  writeFileSync(join(copy, MANIFEST), JSON.stringify(manifest));
  const open = openIn(await withComputed(copy, await readBuild(copy)));
  expect(open[0]).toBe("proven: no: the certificate is of another graph than the block package holds");
  expect(open[1]).toMatch(/^fixtures: no: calls\/0\/.* is not what/);
  expect(open[2]).toBe("evidence: no: it is of other bytes: the fixtures name other weights than they have");
});

function copyOf(): string {
  const copy = mkdtempSync(join(tmpdir(), "graphc-build-"));
  copies.push(copy);
  return copy;
}

/** Flips the lowest bit of the last byte but one. */
function flipped(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 2]! ^= 1;
  writeFileSync(path, bytes);
}

const REFUSED: readonly (readonly [says: string, edit: (manifest: Json) => unknown])[] = [
  ["there are no calls, so nothing would be compared", (m) => (m.calls = [])],
  ["there are no outputs, so nothing would be compared", (m) => (m.outputs = [])],
  ["there are no states and no caches", (m) => (m.states = [])],
  [
    "no token is run one by one",
    (m) => {
      for (const call of m.calls) Object.assign(call, { steps: [], accepted: 0 });
    },
  ],
  [
    "step is block: both are the same function of the same package",
    (m) => Object.assign(m.step, { package: m.block.package }),
  ],
  ["the step package must have one token", (m) => (m.step.tokens = 4)],
  ["names 4 tokens of 3", (m) => (m.block.tokens = 3)],
  ["call 0 names 3 tokens of 4", (m) => m.calls[0].rows.pop()],
  ["call 0 has a row outside the cache", (m) => (m.calls[0].rows = [32, 33, 34, 35])],
  ["call 0 has a row outside the cache", (m) => (m.calls[0].rows = [null, null, null, null])],
  ["call 0 writes a row twice", (m) => (m.calls[0].rows = [0, 1, 1, 2])],
  ["call 0 accepts tokens that it does not have", (m) => (m.calls[0].accepted = 5)],
  ["call 0 does not step every accepted token", (m) => m.calls[0].steps.shift()],
  ["call 0 steps a token that it does not have", (m) => m.calls[0].steps.push(4)],
  ["call 0 steps a token that it does not have", (m) => m.calls[0].steps.reverse()],
  ["is not the one of 32 cache rows", (m) => (m.states[0].rowAxis = 1)],
  [
    "input attn_mask does not say which axis counts what",
    (m) => delete m.inputs.find(({ name }: Json) => name === "attn_mask").slotAxis,
  ],
  ["x is named twice", (m) => (m.states[0].name = "x")],
  ["block.package is not the name of a file in this folder", (m) => (m.block.package = "../tiny.t4.mlpackage")],
  ["data.file is not the name of a file in this folder", (m) => (m.data.file = "/etc/passwd")],
  ["calls[0].accepted is not a whole number from 0", (m) => (m.calls[0].accepted = 1.5)],
  ["seed is not a whole number from 0", (m) => delete m.seed],
];

/** What JSON.stringify does not write. */
const TEXTS: readonly (readonly [name: string, says: string, edit: (text: string) => string])[] = [
  ["a mark of byte order", "not valid JSON", (text) => `\ufeff${text}`],
  ["the seed twice", 'the key "seed" is given twice', (text) => text.replace('"seed"', '"seed":7,"seed"')],
  [
    "a closed value beyond all numbers",
    "closed is not",
    (text) => text.replace(/"closed":[^,]+/, '"closed":"-Infinity"'),
  ],
  ["a seed as a text", "seed is not a whole number", (text) => text.replace('"seed":1', '"seed":"1"')],
  ["rows as texts", "calls[0].rows[0] is not a whole number", (text) => text.replace('"rows":[0', '"rows":["0"')],
  [
    "a digest in capitals",
    "is not a SHA-256",
    (text) => text.replace(/"sha256":"\w+"/, (x) => x.toUpperCase().replace("SHA256", "sha256")),
  ],
];

test.each(TEXTS)("fixtures with %s are refused", async (_, says, edit) => {
  const copy = copyOf();
  const text = readFileSync(join(folder, MANIFEST), "utf8");
  // As it is written, and without blanks.
  const edited = edit(JSON.stringify(JSON.parse(text)));
  expect(edited).not.toBe(JSON.stringify(JSON.parse(text)));
  writeFileSync(join(copy, MANIFEST), edited);
  await expect(readBuild(copy)).rejects.toThrow(says);
});

test("a folder has one manifest, and packages have no links", async () => {
  const copy = copyOf();
  cpSync(folder, copy, { recursive: true });
  writeFileSync(join(copy, "other.fixtures.json"), readFileSync(join(copy, MANIFEST)));
  await expect(readBuild(copy)).rejects.toThrow("must hold one .fixtures.json and holds 2");
  rmSync(join(copy, "other.fixtures.json"));
  const inside = "tiny.t4.mlpackage/Data/com.apple.CoreML/weights/weight.bin";
  rmSync(join(copy, inside));
  symlinkSync(join(folder, inside), join(copy, inside));
  await expect(readBuild(copy)).rejects.toThrow("is neither a file nor a folder");
});

test.each([
  ["a mark of byte order", "not valid JSON", (text: string) => `\ufeff${text}`],
  [
    "a verdict twice",
    'the key "verdict" is given twice',
    (text: string) => text.replace('"verdict"', '"verdict":"PROVEN","verdict"'),
  ],
  ["a verdict of its own", "verdict is not", (text: string) => text.replace('"PROVEN"', '"PROVEN\u200b"')],
  ["a source of its own", "source is not", (text: string) => text.replace('"source":"name"', '"source":"device"')],
  [
    "another format",
    "is not a certificate",
    (text: string) => text.replace("graphc-certificate-1", "graphc-certificate-2"),
  ],
])("a certificate with %s is refused", async (_, says, edit) => {
  const copy = copyOf();
  cpSync(folder, copy, { recursive: true });
  const path = join(copy, build.manifest.certificate!.file);
  const text = edit(readFileSync(path, "utf8"));
  expect(text).not.toBe(readFileSync(path, "utf8"));
  writeFileSync(path, text);
  await expect(readBuild(copy)).rejects.toThrow(says);
});

test.each(REFUSED)("fixtures of which %s are refused", async (says, edit) => {
  const copy = copyOf();
  // The manifest is refused before anything else is read.
  const manifest = jsonIn(join(folder, MANIFEST));
  edit(manifest);
  writeFileSync(join(copy, MANIFEST), JSON.stringify(manifest));
  await expect(readBuild(copy)).rejects.toThrow(says);
});

test("fixtures of version 2, which say of no call what rows it feeds, are refused with the advice to write them again", async () => {
  const copy = copyOf();
  writeFileSync(join(copy, MANIFEST), JSON.stringify({ ...jsonIn(join(folder, MANIFEST)), version: 2 }));
  await expect(readBuild(copy)).rejects.toThrow(
    expect.objectContaining({
      message: expect.stringContaining("is not a graphc-fixtures file of version 3"),
      mend: "write it again with graphc emit --fixtures",
    }),
  );
});
