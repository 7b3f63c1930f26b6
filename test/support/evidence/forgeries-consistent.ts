/** Forgeries that edit several places so that these agree, or that hide in how a number or a name is written. */
import type { Json } from "./evidence.ts";
import type { Line } from "./forgeries.ts";

const ZEROS = "0".repeat(64);
const all = (list: readonly Json[], edit: (one: Json) => void): void => {
  for (const one of list) edit(one);
};
const runsOf = (e: Json, role: string): readonly Json[] => e.crossCheck.filter((one: Json) => one.role === role);
/** The packages of a role and all that is told of them. */
const tables = (e: Json): readonly Json[][] => [e.packages, e.residency, e.attested, e.crossCheck, e.measured.times];

/** Roles, calls and tokens that stand for others. */
const SWAPPED: readonly Line[] = [
  [
    "block and step change places everywhere",
    "tiny.t4.mlpackage has changed",
    (e) => all(tables(e).flat(), (one) => (one.role = one.role === "block" ? "step" : "block")),
  ],
  [
    "block and step change their digests, of packages and of what was compiled",
    "tiny.t4.mlpackage has changed",
    (e) => {
      const [a, b] = e.packages;
      [a.sha256, b.sha256] = [b.sha256, a.sha256];
      [a.files, b.files] = [b.files, a.files];
    },
  ],
  [
    "the step's predictions are the block's",
    "predictions were made again",
    (e) => all(runsOf(e, "step"), (one) => (one.role = "block")),
  ],
  [
    "the step has the block's outputs",
    "step: call 0, step of token 0: it gave what the block gave in call 0",
    (e) => all(runsOf(e, "step"), (one) => (one.engine.sha256 = runsOf(e, "block")[one.call]!.engine.sha256)),
  ],
  [
    "the step has what the block gave with cpuOnly",
    "step: call 0, step of token 0: it gave what the block gave in call 0",
    (e) => all(runsOf(e, "step"), (one) => (one.engine.sha256 = runsOf(e, "block")[one.call]!.cpuOnly.sha256)),
  ],
  [
    "one prediction's outputs in the next one",
    "it gave what the block gave in call 0",
    (e) => (runsOf(e, "block")[1]!.engine.sha256 = runsOf(e, "block")[0]!.engine.sha256),
  ],
  [
    "one token's outputs in all steps of its call",
    "step of token 1: it gave what the step gave in call 1, step of token 0",
    (e) =>
      all(
        runsOf(e, "step").filter(({ call }) => call === 1),
        (one) => (one.engine.sha256 = ZEROS),
      ),
  ],
  [
    "two calls change places",
    "another prediction stands there",
    (e) => ([e.crossCheck[0], e.crossCheck[1]] = [e.crossCheck[1], e.crossCheck[0]]),
  ],
  [
    "the rows of one token under another one's name",
    "rows were not compared",
    (e) =>
      all(
        e.parity.comparisons.filter(({ call, token }: Json) => call === 0 && token === 1),
        (one) => (one.token = 0),
      ),
  ],
  [
    "the rows of one token with another one's place in the cache",
    "rows were not compared",
    (e) =>
      all(
        e.parity.comparisons.filter(({ call, token }: Json) => call === 0 && token === 1),
        (one) => (one.row = 0),
      ),
  ],
  [
    "block against fp64 told as steps against fp64",
    "block against fp64: no: ",
    (e) =>
      all(
        e.parity.comparisons.filter(({ kind }: Json) => kind === "block against fp64"),
        (one) => (one.kind = "steps against fp64"),
      ),
  ],
  [
    "the rows of one state under the other one's name",
    "rows were not compared",
    (e) => {
      const [k, v] = [...new Set<string>(e.parity.comparisons.map(({ value }: Json) => value))].slice(1);
      all(
        e.parity.comparisons.filter(({ value }: Json) => value === v),
        (one) => (one.value = k),
      );
    },
  ],
  [
    "the step's table is the block's, by another name of the function",
    "the plan is of t1, not of main",
    (e) => {
      e.residency[1] = structuredClone({ ...e.residency[0], role: "step", function: "t1" });
      all(e.residency[1].operations, (one) => (one.path = one.path.replace("main.", "t1.")));
    },
  ],
  [
    "operations by other names, the same in both tables",
    "times in the plan",
    (e) =>
      all(
        e.residency.flatMap(({ operations }: Json) => operations),
        (one) => (one.values = one.values.map((value: string) => `${value}_0`)),
      ),
  ],
  [
    "one operation's name for another's, of another kind",
    "times in the plan",
    (e) => {
      const [a, b] = ["softmax", "silu"].map((kind) =>
        e.residency[0].operations.find((one: Json) => one.kind === kind),
      );
      [a.values, b.values] = [b.values, a.values];
    },
  ],
];

/** A machine, a day and words that go with each other and with nothing that there was. */
const MADE_UP: readonly Line[] = [
  [
    "a macOS between 15 and 26",
    'macOS "17.0" (26A100) is none',
    (e) => Object.assign(e.system, { osVersion: "17.0", osBuild: "26A100" }),
  ],
  [
    "macOS 26 with a build of macOS 15",
    "24F74 is no build of macOS 26.0",
    (e) => Object.assign(e.system, { osVersion: "26.0", osBuild: "24F74" }),
  ],
  ["macOS 15 with a build of macOS 26", "25A354 is no build of macOS 15.5.0", (e) => (e.system.osBuild = "25A354")],
  [
    "a chip that came with macOS 26 on macOS 15",
    "Apple M5 has no macOS 15.5.0",
    (e) => Object.assign(e.system, { chip: "Apple M5", model: "Mac17,2" }),
  ],
  [
    "a chip of a telephone on macOS 15",
    "Apple A18 Pro has no macOS 15.5.0",
    (e) => Object.assign(e.system, { chip: "Apple A18 Pro", model: "Mac17,5" }),
  ],
  [
    "a Mac of the first chip with another one",
    "a Macmini9,1 has an M1, and no Apple M4",
    (e) => (e.system.model = "Macmini9,1"),
  ],
  ["a Mac with Intel's", '"MacBookPro16,1" is no Mac', (e) => (e.system.model = "MacBookPro16,1")],
  ["a chip without a number of its own", '"Apple M0" is no chip of a Mac', (e) => (e.system.chip = "Apple M0")],
  ["a chip of a telephone", '"Apple A12" is no chip of a Mac', (e) => (e.system.chip = "Apple A12")],
  ["a telephone", '"iPhone17,1" is no Mac', (e) => Object.assign(e.system, { model: "iPhone17,1" })],
  ["no model", '"" is no Mac', (e) => (e.system.model = "")],
  [
    "a Mac that has another chip",
    "a Mac15,3 has an M3, and no Apple M4",
    (e) => Object.assign(e.system, { model: "Mac15,3" }),
  ],
  ["a chip in Cyrillic letters", "is no chip of a Mac with a Neural Engine", (e) => (e.system.chip = "\u0410pple M4")],
  ["a chip and a break of line", "is no chip of a Mac with a Neural Engine", (e) => (e.system.chip = "Apple M4\n")],
  ["a chip with digits of another script", "is no chip of a Mac", (e) => (e.system.chip = "Apple M\u0664")],
  [
    "a package in Cyrillic letters",
    "it calls tiny.t4.mlpackage tiny.t4.mlp\u0430ckage",
    (e) => (e.packages[0].name = "tiny.t4.mlp\u0430ckage"),
  ],
  [
    "a file by a look-alike of its name",
    "it lists other files of tiny.t4.mlpackage",
    (e) => {
      const { "Manifest.json": digest, ...files } = e.packages[0].files;
      e.packages[0].files = { ...files, "Manifest.js\u043en": digest };
    },
  ],
  [
    "a file by a way out of the folder and back",
    "it lists other files of tiny.t4.mlpackage",
    (e) => {
      const { "Manifest.json": digest, ...files } = e.packages[0].files;
      e.packages[0].files = { ...files, "../tiny.t4.mlpackage/Manifest.json": digest };
    },
  ],
  [
    "a phrase in letters that look alike",
    "nobody looked for ANECCompile",
    (e) => (e.watched.phrases = e.watched.phrases.map((x: string) => x.replace("ANEC", "\u0410NEC"))),
  ],
  [
    "a minus of another kind",
    "rows were not compared",
    (e) => all(e.parity.comparisons, (one) => (one.value = one.value.replace("-", "\u2212"))),
  ],
  ["a value with a blank more", "times in the plan", (e) => (e.residency[0].operations.at(-1).values[0] += " ")],
  ["a device in small letters", "device is not", (e) => (e.residency[0].operations.at(-1).device = "neural engine")],
  [
    "the complaints taken out, and that nobody listened",
    "standard error was not watched",
    (e) => Object.assign(e, { complaints: [], watched: { ...e.watched, streams: ["standard output", "unified log"] } }),
  ],
  [
    "the complaints taken out, and nobody knew what to look for",
    "nobody looked for ANECCompile",
    (e) => Object.assign(e, { complaints: [], watched: { ...e.watched, phrases: [] } }),
  ],
  ["every phrase in one", "nobody looked for", (e) => (e.watched.phrases = [e.watched.phrases.join(", ")])],
];

/** How values are written. */
const WRITTEN: readonly Line[] = [
  ["tokens as a text", "packages[0].tokens is not a whole number from 0", (e) => (e.packages[0].tokens = "4")],
  ["a call as a text", "comparisons[0].call is not a whole", (e) => (e.parity.comparisons[0].call = "0")],
  ["a call of a cross-check as a text", "crossCheck[0].call is not", (e) => (e.crossCheck[0].call = "0")],
  ["a figure as a text", "relativeL2 is not", (e) => (e.parity.comparisons[0].figures.relativeL2 = "0.001")],
  ["a figure that is NaN", "rows out of bounds", (e) => (e.parity.comparisons[0].figures.relativeL2 = "NaN")],
  ["a bound that is NaN", "tolerances.relativeL2 is not a number", (e) => (e.parity.tolerances.relativeL2 = "NaN")],
  ["finite as a number", "figures.finite is not a boolean", (e) => (e.parity.comparisons[0].figures.finite = 1)],
  ["a time as a number", "started is not a string", (e) => (e.started = Date.parse(e.started))],
  ["gates as an object", "gates is not a list", (e) => (e.gates = { ...e.gates })],
  ["null for a list", "complaints is not a list", (e) => (e.complaints = null)],
  ["null for a table", "residency[1] is not an object", (e) => (e.residency[1] = null)],
  ["null for what was compiled", "tiny.t4.mlpackage did not compile", (e) => (e.packages[0].compiledSHA256 = null)],
  ["null for the end", "it was not finished", (e) => (e.finished = null)],
  ["null for the parity", "parity was not measured", (e) => (e.parity = null)],
  ["null for the certificate", "the certificate has changed", (e) => (e.certificate = null)],
  ["null for the weights", "it is for other weights", (e) => (e.identity.weightsSHA256 = null)],
  ["a token of a block", "another prediction stands there", (e) => (e.crossCheck[0].token = 0)],
  ["a step without a token", "another prediction stands there", (e) => delete runsOf(e, "step")[0]!.token],
  ["the version as a text", "is not graphc-evidence of version 2", (e) => (e.version = "2")],
];

/** All of them. */
export const CONSISTENT: readonly Line[] = [...SWAPPED, ...MADE_UP, ...WRITTEN];
