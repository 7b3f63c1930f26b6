/** Edits of honest evidence, one a line: a name, the sentence with which the judge refuses it, and what is edited. */
import type { BuildOnDisk } from "../../../src/evidence/judge/judge.ts";
import type { Json } from "./evidence.ts";
import { CONSISTENT } from "./forgeries-consistent.ts";

/** An edit of evidence, and what is said of it. */
export interface Forgery {
  readonly name: string;
  readonly says: string;
  edit(evidence: Json, build: BuildOnDisk): void;
}

/** A line of it. */
export type Line = readonly [name: string, says: string, edit: Forgery["edit"]];

const forgery = ([name, says, edit]: Line): Forgery => ({ name, says, edit });

const ZEROS = "0".repeat(64);
const gate = (e: Json, name: string) => e.gates.find((one: Json) => one.gate === name);
/** The operations of a table of residency that are no constants. */
const ops = (e: Json, role = 0): Json[] => e.residency[role].operations.filter(({ kind }: Json) => kind !== "const");
const rows = (e: Json, kind: string): Json[] => e.parity.comparisons.filter((one: Json) => one.kind === kind);

const all = (list: readonly Json[], edit: (one: Json) => void): void => {
  for (const one of list) edit(one);
};
const runsOf = (e: Json, role: string): readonly Json[] => e.crossCheck.filter((one: Json) => one.role === role);

/** Shape of the file, tool and machine. */
const FILE: readonly Line[] = [
  ["of the older format", "is not graphc-evidence of version 2", (e) => (e.version = 1)],
  ["another format", "is not graphc-evidence", (e) => (e.format = "evidence")],
  ["a field that nobody declared", "approved is no field of this format", (e) => (e.approved = true)],
  ["a field inside that nobody declared", "gates[0].checked is no field", (e) => (e.gates[0].checked = true)],
  ["a verdict that there is not", "gates[3].verdict is not", (e) => (e.gates[3].verdict = "passed")],
  ["an unknown gate", "gates[0].gate is not", (e) => (e.gates[0].gate = "everything")],
  ["an unknown tool", "tool.name is not", (e) => (e.tool.name = "graphc-ane-2")],
  [
    "a digest in capital letters",
    "packages[0].sha256 is not a SHA-256",
    (e) => (e.packages[0].sha256 = e.packages[0].sha256.toUpperCase()),
  ],
  [
    "a digest that is short",
    "attested[0].compiledSHA256 is not a SHA-256",
    (e) => (e.attested[0].compiledSHA256 = "c0"),
  ],
  ["half a token", "packages[0].tokens is not a whole number from 0", (e) => (e.packages[0].tokens = 3.5)],
  [
    "a package out of the folder",
    "packages[0].name is not the name of a file in this folder",
    (e) => (e.packages[0].name = `../${e.packages[0].name}`),
  ],
  [
    "a certificate out of the folder",
    "certificate.name is not the name of a file",
    (e) => (e.certificate.name = "/tmp/c.json"),
  ],
  [
    "equal bits as a word",
    "parity.comparisons[0].equalBits is not a boolean",
    (e) => (e.parity.comparisons[0].equalBits = "true"),
  ],
  [
    "by the stand-in",
    "it was made by the scripted stand-in, not on a device",
    (e) => (e.tool.engine = "scripted stand-in"),
  ],
  ["by a tool without a version", 'graphc-ane has no version "new"', (e) => (e.tool.version = "new")],
  ["on an Intel Mac", "is no chip of a Mac with a Neural Engine", (e) => (e.system.chip = "Intel(R) Core(TM) i9")],
  ["on a chip of Apple's without one", "is no chip of a Mac with a Neural Engine", (e) => (e.system.chip = "Apple T2")],
  ["on a virtual Mac", "it was made on a virtual Mac", (e) => (e.system.model = "VirtualMac2,1")],
  ["on macOS 14", "macOS 14.6.1 has no states and no functions", (e) => (e.system.osVersion = "14.6.1")],
  ["on no macOS", 'macOS "new" (24F74) is none', (e) => (e.system.osVersion = "new")],
  ["of a build that is none", "(unknown) is none", (e) => (e.system.osBuild = "unknown")],
  ["never finished", "it was not finished", (e) => delete e.finished],
  ["finished before it began", "its times run backwards", (e) => (e.finished = "2025-11-26T06:02:00Z")],
  ["a day that there is not", "is no time", (e) => (e.started = "2025-13-27T06:00:00Z")],
  ["the state of the machine read once", "was not read at the start and at the end", (e) => e.conditions.pop()],
  [
    "the state of the machine read three times",
    "was not read at the start and at the end",
    (e) => e.conditions.push({ ...e.conditions[1] }),
  ],
  [
    "the state of the machine read after the end",
    "its times run backwards",
    (e) => (e.conditions[1].at = "2025-11-27T06:03:00Z"),
  ],
  ["before there was a macOS 15", "macOS 15 was not there on 2024-06-09", (e) => (e.started = "2024-06-09T23:59:59Z")],
  ["a day without a time", "is no time", (e) => (e.started = "2025-11-27")],
  ["the 31st of November", '"2025-11-31T06:00:00Z" is no time', (e) => (e.finished = "2025-11-31T06:00:00Z")],
  ["24 o'clock", '"2025-11-27T24:00:00Z" is no time', (e) => (e.finished = "2025-11-27T24:00:00Z")],
  ["a time of another place", "is no time", (e) => (e.finished = "2025-11-27T07:02:00+01:00")],
  [
    "a build of macOS 14 by the number of macOS 15",
    "23F79 is no build of macOS 15.5.0",
    (e) => (e.system.osBuild = "23F79"),
  ],
];

/** Whose evidence it is. */
const BYTES: readonly Line[] = [
  ["of another block package", "tiny.t4.mlpackage has changed", (e) => (e.packages[0].sha256 = ZEROS)],
  [
    "the block's digest for the step's",
    "tiny.t1.mlpackage has changed",
    (e) => (e.packages[1].sha256 = e.packages[0].sha256),
  ],
  [
    "another digest of a file",
    "it lists other files of tiny.t4.mlpackage",
    (e) => (e.packages[0].files["Manifest.json"] = ZEROS),
  ],
  ["a file more", "it lists other files of tiny.t1.mlpackage", (e) => (e.packages[1].files["notes.txt"] = ZEROS)],
  ["no files", "it lists other files of tiny.t4.mlpackage", (e) => (e.packages[0].files = {})],
  [
    "a package by another name",
    "it calls tiny.t4.mlpackage other.mlpackage",
    (e) => (e.packages[0].name = "other.mlpackage"),
  ],
  ["the block of one token", "tiny.t4.mlpackage has 4 tokens, not 1", (e) => (e.packages[0].tokens = 1)],
  ["the step of four tokens", "tiny.t1.mlpackage has 1 tokens, not 4", (e) => (e.packages[1].tokens = 4)],
  ["another function", "another function of tiny.t1.mlpackage", (e) => (e.packages[1].function = "prefill")],
  ["no step package", "it names no step package", (e) => e.packages.pop()],
  ["two block packages", "it names two block packages", (e) => e.packages.push({ ...e.packages[0] })],
  ["of other fixtures", "the fixtures have changed", (e) => (e.fixtures.manifestSHA256 = ZEROS)],
  ["of other data", "the fixtures' data have changed", (e) => (e.fixtures.dataSHA256 = ZEROS)],
  ["fixtures by another name", "the fixtures are of tiny, not of small", (e) => (e.fixtures.name = "small")],
  ["of another graph", "the fixtures are of another graph", (e) => (e.fixtures.graph = "another")],
  ["of no graph", "the fixtures are of another graph", (e) => delete e.fixtures.graph],
  ["another certificate", "the certificate has changed", (e) => (e.certificate.sha256 = ZEROS)],
  ["no certificate", "the certificate has changed", (e) => delete e.certificate],
  [
    "a certificate by another name",
    "the certificate has another name",
    (e) => (e.certificate.name = "other.certificate.json"),
  ],
  ["for other weights", "it is for other weights", (e) => (e.identity.weightsSHA256 = ZEROS)],
  ["for no weights", "it is for other weights", (e) => delete e.identity.weightsSHA256],
  ["for other settings", "it is for other settings", (e) => (e.identity.settingsSHA256 = ZEROS)],
  ["measured on all units", "it was measured with units all", (e) => (e.units = "all")],
  ["measured on the CPU", "it was measured with units cpuOnly", (e) => (e.units = "cpuOnly")],
];

/** Gates, preconditions, what was compiled and loaded. */
const STEPS: readonly Line[] = [
  ["a gate that still runs", "gate parity: running", (e) => (gate(e, "parity").verdict = "running")],
  [
    "a gate that failed",
    "gate residency: fail 3 operations",
    (e) => Object.assign(gate(e, "residency"), { verdict: "fail", message: "3 operations" }),
  ],
  ["a gate that met a fault", "gate compile: fault", (e) => (gate(e, "compile").verdict = "fault")],
  ["a gate that was not run", "gate same bytes: not run", (e) => (gate(e, "same bytes").verdict = "not run")],
  ["a gate left out", "gate same bytes: not there", (e) => e.gates.pop()],
  ["a gate twice", "it names 7 gates", (e) => e.gates.push({ ...gate(e, "parity"), verdict: "fail" })],
  ["gates in another order", "gate preconditions: not there", (e) => e.gates.reverse()],
  ["no gates", "gate preconditions: not there", (e) => (e.gates = [])],
  ["a cross-check that was not run", "gate cross-check: not run", (e) => (gate(e, "cross-check").verdict = "not run")],
  [
    "a precondition that was assumed",
    "not asserted on what was fed: P3",
    (e) => (e.preconditions[2].status = "assumed"),
  ],
  ["a precondition left out", "not asserted on what was fed: P7", (e) => e.preconditions.splice(5, 1)],
  [
    "the precondition that may be assumed left out",
    "not asserted on what was fed: P8",
    (e) => (e.preconditions = e.preconditions.filter(({ id }: Json) => id !== "P8")),
  ],
  [
    "a precondition assumed, then asserted",
    "P3 stands there twice",
    (e) => e.preconditions.splice(2, 0, { ...e.preconditions[2], status: "assumed" }),
  ],
  [
    "a precondition that nobody asked for",
    "the proof does not lean on P5",
    (e) => e.preconditions.push({ id: "P5", status: "asserted", meaning: "" }),
  ],
  ["did not compile", "tiny.t1.mlpackage did not compile", (e) => delete e.packages[1].compiledSHA256],
  [
    "compiled folder changed meanwhile",
    "what tiny.t4.mlpackage compiled to has changed",
    (e) => (e.attested[0].compiledSHA256 = ZEROS),
  ],
  [
    "both compiled to one folder",
    "compiled to the same folder",
    (e) => {
      e.packages[1].compiledSHA256 = e.packages[0].compiledSHA256;
      e.attested[1].compiledSHA256 = e.attested[0].compiledSHA256;
    },
  ],
  ["nobody looked at what was compiled again", "was not looked at again after the last call", (e) => e.attested.pop()],
  ["loaded with all units", "the block was loaded with units all", (e) => (e.attested[0].units = "all")],
  ["loaded with the CPU alone", "the step was loaded with units cpuOnly", (e) => (e.attested[1].units = "cpuOnly")],
  ["planned with all units", "the block was planned with units all", (e) => (e.attested[0].plan.units = "all")],
  [
    "loaded with another function",
    "the step was loaded with function t4, not with the default function",
    (e) => (e.attested[1].function = "t4"),
  ],
  [
    "planned with another function",
    "the block was planned with function t1",
    (e) => (e.attested[0].plan.function = "t1"),
  ],
  ["attested twice", "the block is attested twice", (e) => e.attested.push({ ...e.attested[0], units: "all" })],
  [
    "a complaint on standard error",
    "standard error, during residency: ANECCompile() FAILED",
    (e) =>
      e.complaints.push({ gate: "residency", stream: "standard error", line: "ANECCompile() FAILED", earlier: false }),
  ],
  [
    "a complaint of an earlier run",
    "in an earlier run of the same compiled folder",
    (e) =>
      e.complaints.push({
        gate: "parity",
        stream: "standard output",
        line: "E5RT encountered an STL exception",
        earlier: true,
      }),
  ],
  [
    "a complaint in a message",
    "gate compile passes and says",
    (e) => (gate(e, "compile").message = "MILCompilerForANE error: failed"),
  ],
  [
    "a complaint in another message, in capitals",
    "gate cross-check passes and says",
    (e) => (gate(e, "cross-check").message = "ANE MODEL LOAD HAS FAILED"),
  ],
  ["standard output not watched", "standard output was not watched", (e) => e.watched.streams.shift()],
  ["nothing watched", "standard output and standard error was not watched", (e) => (e.watched.streams = [])],
  [
    "a phrase not looked for",
    "nobody looked for ANECF error",
    (e) => (e.watched.phrases = e.watched.phrases.filter((x: string) => x !== "ANECF error")),
  ],
  [
    "another phrase in its place",
    "nobody looked for ANECF error",
    (e) => (e.watched.phrases = e.watched.phrases.map((x: string) => (x === "ANECF error" ? "ANECF warning" : x))),
  ],
  ["standard error not watched", "standard error was not watched", (e) => e.watched.streams.pop()],
  [
    "the unified log watched in place of both",
    "standard output and standard error was not watched",
    (e) => (e.watched.streams = ["unified log", "unified log"]),
  ],
];

/** The tables of residency. */
const PLAN: readonly Line[] = [
  ["no plan of the step", "resident step: missing: the plan was not read", (e) => e.residency.pop()],
  ["two plans of the block", "there are two tables of it", (e) => e.residency.push({ ...e.residency[0] })],
  ["the plan of another function", "the plan is of t4, not of main", (e) => (e.residency[0].function = "t4")],
  ["no operations", "times in the package and 0 times in the plan", (e) => (e.residency[0].operations = [])],
  [
    "an operation left out",
    "stands 1 times in the package and 0 times in the plan",
    (e) => e.residency[0].operations.splice(e.residency[0].operations.indexOf(ops(e)[3]), 1),
  ],
  ["an operation twice", "two operations have one place", (e) => e.residency[0].operations.push(ops(e)[3])],
  [
    "an operation at another place twice",
    "stands 1 times in the package and 2 times in the plan",
    (e) => e.residency[0].operations.push({ ...ops(e)[3], path: "main.block.operations[9999]" }),
  ],
  [
    "an operation that there is not",
    "is in the plan and not in the package",
    (e) => e.residency[1].operations.push({ ...ops(e, 1)[0], values: ["extra"], path: "main.block.operations[9999]" }),
  ],
  ["an operation of another kind", "times in the plan", (e) => (ops(e)[2].kind = "relu")],
  ["a value by another name", "times in the plan", (e) => (ops(e)[2].values = ["other"])],
  [
    "a real operation as a constant",
    "times in the plan",
    (e) => Object.assign(ops(e)[2], { kind: "const", device: "undetermined" }),
  ],
  [
    "an operation without the name of its value",
    "times in the plan",
    (e) => (ops(e).find(({ values }) => values.length > 0).values = []),
  ],
  ["an operation of another function", "is no place of main", (e) => (ops(e)[0].path = "other.block.operations[0]")],
  ["an operation on the CPU", "is on: CPU", (e) => (ops(e)[4].device = "CPU")],
  [
    "three operations on the CPU",
    "is on: CPU (and 2 more)",
    (e) => all(ops(e).slice(2, 5), (one) => (one.device = "CPU")),
  ],
  ["an operation on the GPU", "is on: GPU", (e) => (ops(e, 1)[4].device = "GPU")],
  [
    "an operation on an unknown device",
    "is on: a device unknown to this tool",
    (e) => (ops(e)[4].device = "a device unknown to this tool"),
  ],
  ["an operation of which the plan says nothing", "is on: undetermined", (e) => (ops(e)[4].device = "undetermined")],
  [
    "a constant on the CPU",
    "is on: CPU",
    (e) => (e.residency[0].operations.find(({ kind }: Json) => kind === "const").device = "CPU"),
  ],
  [
    "preferred where it is not supported",
    "which is not among what supports it",
    (e) => (ops(e)[4].supported = ["CPU"]),
  ],
  ["more than the whole cost", "the shares of the cost add up to", (e) => (ops(e)[4].cost = 1.5)],
  ["a negative cost", "the shares of the cost add up to", (e) => Object.assign(ops(e)[4], { cost: -0.1 })],
  [
    "an operation at the place of another function",
    "is no place of main",
    (e) => (ops(e)[0].path = "main2.block.operations[0]"),
  ],
  ["supported by nothing", "which is not among what supports it", (e) => (ops(e)[4].supported = [])],
];

/** Figures of rows. */
const FIGURES: readonly Line[] = [
  ["parity was not measured", "block against steps: missing: parity was not measured", (e) => delete e.parity],
  ["no comparisons", "rows were not compared", (e) => (e.parity.comparisons = [])],
  ["a row left out", "1 of ", (e) => e.parity.comparisons.splice(0, 1)],
  ["the last row left out", "steps against fp64: no: 1 of ", (e) => e.parity.comparisons.pop()],
  [
    "a row twice, once bad",
    "no: 1 rows stand there twice",
    (e) => e.parity.comparisons.push({ ...e.parity.comparisons[0] }),
  ],
  [
    "a row that nobody asked for",
    "the fixtures have no call 0 token 99",
    (e) => e.parity.comparisons.push({ ...e.parity.comparisons[0], token: 99 }),
  ],
  [
    "out of bounds",
    "rows out of bounds, first: call 0 token 0",
    (e) => (rows(e, "block against steps")[0].figures.relativeL2 = 0.011),
  ],
  [
    "not finite",
    "rows out of bounds, first: call 0 token 0",
    (e) => (rows(e, "block against steps")[0].figures.finite = false),
  ],
  ["infinite", "rows out of bounds", (e) => (rows(e, "block against fp64")[0].figures.relativeL2 = "Infinity")],
  ["negative", "rows out of bounds", (e) => (rows(e, "block against fp64")[0].figures.oneMinusCosine = -1e-9)],
  ["null for a figure", "rows out of bounds", (e) => (rows(e, "block against fp64")[0].figures.relativeL2 = null)],
  [
    "an infinite figure of a row that is finite",
    "rows out of bounds",
    (e, { manifest: { calls } }) => {
      const isSmall = ({ call }: Json) => calls[call]!.draw.kind === "small";
      rows(e, "block against fp64").find(isSmall)!.figures.worstOverRms = "Infinity";
    },
  ],
  ["a figure left out", "rows out of bounds", (e) => delete rows(e, "steps against fp64")[0].figures.worstOverRms],
  ["failed by the tool", "the tool failed call 0 token 0", (e) => (rows(e, "block against fp64")[0].passes = false)],
  [
    "an angle out of bounds",
    "rows out of bounds, first: call 0 token 0",
    (e) => (rows(e, "block against fp64")[0].figures.oneMinusCosine = 2e-4),
  ],
  [
    "one element out of bounds",
    "rows out of bounds, first: call 0 token 0",
    (e) => (rows(e, "steps against fp64")[0].figures.worstOverRms = 0.06),
  ],
  [
    "narrower bounds",
    "the tool judged by a bound of 0.001 for worstOverRms, not 0.05",
    (e) => (e.parity.tolerances.worstOverRms = 1e-3),
  ],
  ["a row at another place of the cache", "1 of ", (e) => (rows(e, "block against fp64")[0].row = 31)],
  ["a fault", "state k did not change", (e) => e.parity.faults.push("state k did not change")],
  [
    "wider bounds",
    "the tool judged by a bound of 1 for relativeL2, not 0.01",
    (e) => (e.parity.tolerances.relativeL2 = 1),
  ],
  [
    "equal bits that differ",
    "block and step have equal bits, and relative L2 0.001",
    (e) => (rows(e, "block against steps")[0].figures = { ...rows(e, "block against fp64")[0].figures }),
  ],
  [
    "other bits that do not differ",
    "block and step have other bits, and relative L2 0",
    (e) => (rows(e, "block against steps")[0].equalBits = false),
  ],
  [
    "the worst element below the mean",
    "relative L2 0.001 is above worst/rms 0.0001",
    (e) => (rows(e, "block against fp64")[0].figures.worstOverRms = 1e-4),
  ],
  [
    "the worst element above all of them",
    "times relative L2 0.001",
    (e) => (rows(e, "block against fp64")[0].figures.worstOverRms = 0.04),
  ],
  [
    "the worst element a little above all of them",
    "times relative L2 0.001",
    (e) => (rows(e, "block against fp64").find((one) => one.value === "hidden - x").figures.worstOverRms = 0.006),
  ],
  [
    "an angle without a distance",
    "is above the square of relative L2",
    (e) => (rows(e, "steps against fp64")[0].figures.oneMinusCosine = 5e-5),
  ],
  [
    "equal rows at other distances from fp64",
    "too near each other",
    (e) => Object.assign(rows(e, "block against fp64")[0].figures, { relativeL2: 2e-3, worstOverRms: 3e-3 }),
  ],
  [
    "equal rows at other angles from fp64",
    "block and step have equal bits, and oneMinusCosine of 2e-7 and 1e-7",
    (e) => (rows(e, "block against fp64")[0].figures.oneMinusCosine = 2e-7),
  ],
  [
    "equal rows of which one element is further from fp64",
    "block and step have equal bits, and worstOverRms of 0.002 and 0.0021",
    (e) => (rows(e, "steps against fp64")[0].figures.worstOverRms = 2.1e-3),
  ],
  [
    "equal rows, of which the step is further from fp64",
    "too near each other",
    (e) => Object.assign(rows(e, "steps against fp64")[0].figures, { relativeL2: 2e-3, worstOverRms: 3e-3 }),
  ],
  [
    "rows so near each other, of which one is further from fp64",
    "too near each other",
    (e) => {
      Object.assign(rows(e, "block against steps")[0], {
        equalBits: false,
        figures: { relativeL2: 1e-4, worstOverRms: 2e-4, oneMinusCosine: 0, finite: true },
      });
      Object.assign(rows(e, "steps against fp64")[0].figures, { relativeL2: 2e-3, worstOverRms: 3e-3 });
    },
  ],
  [
    "rows further apart than both are from fp64",
    "further apart",
    (e) =>
      Object.assign(rows(e, "block against steps")[0], {
        equalBits: false,
        figures: { relativeL2: 5e-3, worstOverRms: 6e-3, oneMinusCosine: 1e-6, finite: true },
      }),
  ],
  [
    "rows a little further apart than both are from fp64",
    "further apart",
    (e) =>
      Object.assign(rows(e, "block against steps")[0], {
        equalBits: false,
        figures: { relativeL2: 3e-3, worstOverRms: 4e-3, oneMinusCosine: 1e-6, finite: true },
      }),
  ],
  [
    "caches that the host does not keep",
    "the host keeps no caches of this build",
    (e) => (e.parity.caches = { fed: [], kept: [] }),
  ],
];

/** Whether it ran on the engine, and times. */
const RUNS: readonly Line[] = [
  ["no cross-check", "no prediction of the block was made again", (e) => (e.crossCheck = [])],
  ["a prediction left out", "predictions were made again", (e) => e.crossCheck.splice(1, 1)],
  [
    "the steps left out",
    "no prediction of the step was made again",
    (e) => (e.crossCheck = e.crossCheck.filter(({ role }: Json) => role === "block")),
  ],
  ["another prediction in its place", "another prediction stands there", (e) => (e.crossCheck[1].call = 0)],
  ["another token in its place", "another prediction stands there", (e) => (runsOf(e, "step")[1]!.token = 0)],
  [
    "the bits of the CPU",
    "not shown: block: all",
    (e) => all(e.crossCheck, (one) => (one.engine.sha256 = one.cpuOnly.sha256)),
  ],
  [
    "the step with the bits of the CPU",
    "not shown: step: all",
    (e) => all(runsOf(e, "step"), (one) => (one.engine.sha256 = one.cpuOnly.sha256)),
  ],
  [
    "the CPU time of the CPU",
    "not shown: block: 11.0 ms of CPU time a call, 11.0 with cpuOnly",
    (e) => all(e.crossCheck, (one) => (one.engine.cpuMs = 11)),
  ],
  [
    "nearly the CPU time of the CPU",
    "not shown: block: 6.00 ms of CPU time",
    (e) => all(runsOf(e, "block"), (one) => (one.engine.cpuMs = 6)),
  ],
  [
    "no CPU time on either",
    "not shown: step: 0.00 ms of CPU time a call, 0.00 with cpuOnly",
    (e) => all(runsOf(e, "step"), ({ engine, cpuOnly }) => (engine.cpuMs = cpuOnly.cpuMs = 0)),
  ],
  [
    "one prediction as the CPU makes it",
    "not shown: block: 1 of ",
    (e) => Object.assign(runsOf(e, "block")[2], { engine: { ...runsOf(e, "block")[2].cpuOnly } }),
  ],
  [
    "the second prediction as the CPU makes it",
    "not shown: block: 1 of ",
    (e) => Object.assign(runsOf(e, "block")[1], { engine: { ...runsOf(e, "block")[1].cpuOnly } }),
  ],
  [
    "the same outputs at every call",
    "every prediction gave the same outputs",
    (e) => all(runsOf(e, "block"), (one) => (one.engine.sha256 = ZEROS)),
  ],
  [
    "the bits of cpuOnly, each of the next prediction",
    "the engine gave what cpuOnly gives in another prediction",
    (e) => {
      const block = runsOf(e, "block");
      for (const [k, one] of block.entries()) one.engine.sha256 = block[(k + 1) % block.length]!.cpuOnly.sha256;
    },
  ],
  [
    "the bits of one prediction of cpuOnly in the last one",
    "step of token",
    (e) => (runsOf(e, "step").at(-1)!.engine.sha256 = runsOf(e, "step")[0]!.cpuOnly.sha256),
  ],
  ["more CPU time than all cores have", "which cannot be", (e) => (e.crossCheck[0].cpuOnly.cpuMs = 321)],
  ["CPU time without an end", "engine.cpuMs is not", (e) => (e.crossCheck[0].engine.cpuMs = Number.NaN)],
  [
    "a gate that lasted no time",
    "it lasted 1 s at most, and its loads and predictions 4.",
    (e) => {
      e.finished = e.started;
      e.conditions[1].at = e.started;
    },
  ],
  [
    "a gate that lasted less than its loads",
    "it lasted 121 s at most",
    (e) => (e.measured.times[1].coldLoadMs = 120_000),
  ],
  ["predictions longer than the gate", "it lasted 121 s at most", (e) => (e.crossCheck[1].cpuOnly.wallMs = 121_000)],
  ["calls longer than the gate", "it lasted 121 s at most", (e) => (e.measured.times[0].calls = 100_000)],
  [
    "a run that took no time",
    "block: call 0: on the engine it took 0 ms and 0.3 ms of CPU time, which cannot be",
    (e) => (e.crossCheck[0].engine.wallMs = 0),
  ],
  ["a run with negative CPU time", "which cannot be", (e) => (e.crossCheck[0].engine.cpuMs = -1)],
  ["a run of the CPU that took no time", "which cannot be", (e) => (e.crossCheck[0].cpuOnly.wallMs = 0)],
  [
    "a prediction more",
    "predictions were made again",
    (e) => e.crossCheck.push({ ...e.crossCheck.at(-1), engine: e.crossCheck[0].engine }),
  ],
  [
    "all but one with the bits and the CPU time of the CPU",
    "not shown: block: ",
    (e) => all(runsOf(e, "block").slice(1), (one) => Object.assign(one, { engine: { ...one.cpuOnly } })),
  ],
  [
    "the bits of the CPU, of which the tool says otherwise",
    "not shown: block: all",
    (e) => {
      Object.assign(gate(e, "cross-check"), { verdict: "fail", message: "the disk is full" });
      all(e.crossCheck, (one) => (one.engine.sha256 = one.cpuOnly.sha256));
    },
  ],
  [
    "the tool's own not shown",
    "the tool itself says: not shown",
    (e) => Object.assign(gate(e, "cross-check"), { verdict: "fail", message: "not shown" }),
  ],
  ["times of the block alone", "the step was not measured once but 0 times", (e) => e.measured.times.pop()],
  ["times of another number of tokens", "the block has 4 tokens, not 8", (e) => (e.measured.times[0].tokens = 8)],
  ["no call was timed", "no call of the step was timed", (e) => (e.measured.times[1].calls = 0)],
  ["negative times", "warmLoadMs of the block is -1", (e) => (e.measured.times[0].warmLoadMs = -1)],
  [
    "times of the block twice",
    "the block was not measured once but 2 times",
    (e) => e.measured.times.push({ ...e.measured.times[0] }),
  ],
  ["a first call in no time", "firstCallMs of the block is 0", (e) => (e.measured.times[0].firstCallMs = 0)],
  ["a load that took for ever", "coldLoadMs", (e) => (e.measured.times[0].coldLoadMs = Number.POSITIVE_INFINITY)],
  ["a soak that ended at once", "the soak of the step took no time", (e) => (e.measured.soak[0].lastMs = 0)],
  ["a process without memory", "the process took no memory", (e) => (e.measured.peakBytes = 0)],
  ["a soak without calls", "the soak of the step has no calls", (e) => (e.measured.soak[0].calls = 0)],
  ["a soak that began in no time", "the soak of the step took no time", (e) => (e.measured.soak[0].firstMs = 0)],
  ["a soak that ended in no time", "the soak of the step took no time", (e) => (e.measured.soak[0].lastMs = -1)],
  ["the worst call faster than the median", "took less than the median", (e) => (e.measured.times[0].worstMs = 1)],
  [
    "a soak that met NaN",
    "the soak of the step met numbers that are not finite",
    (e) => (e.measured.soak[0].finite = false),
  ],
  [
    "a drift of an output that nobody chained",
    "k cannot be fed back as x in this build",
    (e) => (e.measured.drift.output = "k"),
  ],
  [
    "a drift that comes back as another input",
    "hidden cannot be fed back as attn_mask",
    (e) => (e.measured.drift.input = "attn_mask"),
  ],
  ["a drift of no layers", "the chain has no layers", (e) => (e.measured.drift.depths = [])],
  ["a drift without its third layer", "layer 3 of the chain: it is of 4", (e) => e.measured.drift.depths.splice(2, 1)],
  ["a drift that begins late", "layer 1 of the chain: it is of 2", (e) => e.measured.drift.depths.shift()],
  [
    "a negative drift",
    "layer 2 of the chain: its figures are -0.001",
    (e) => (e.measured.drift.depths[1].figures.relativeL2 = -1e-3),
  ],
  [
    "a drift that is no number",
    "layer 2 of the chain: its figures are 0.002, 0.000001, NaN",
    (e) => (e.measured.drift.depths[1].figures.worstOverRms = "NaN"),
  ],
  [
    "a drift without a figure",
    "layer 32 of the chain: its figures are",
    (e) => delete e.measured.drift.depths[31].figures.oneMinusCosine,
  ],
  [
    "a drift above its worst element",
    "layer 4 of the chain: relative L2 0.1 is above worst/rms",
    (e) => (e.measured.drift.depths[3].figures.relativeL2 = 0.1),
  ],
  [
    "one layer that is not finite",
    "layer 1 of the chain: a single layer is not finite",
    (e) => (e.measured.drift.depths = [{ depth: 1, figures: { finite: false } }]),
  ],
  [
    "a drift that goes on behind what is not finite",
    "layer 5 of the chain: it is not finite, and the chain goes on",
    (e) => (e.measured.drift.depths[4].figures = { finite: false }),
  ],
  [
    "a drift that is not finite and has figures",
    "layer 32 of the chain: it is not finite and has figures",
    (e) => (e.measured.drift.depths[31].figures.finite = false),
  ],
  [
    "times in low-power mode",
    "measured: not shown: the times were taken in low-power mode",
    (e) => (e.conditions[1].lowPower = true),
  ],
  ["times on a hot machine", "thermal state serious", (e) => (e.conditions[1].thermal = "serious")],
  ["times on a machine that is too hot", "thermal state critical", (e) => (e.conditions[0].thermal = "critical")],
];

/** Every edit that is refused. */
export const FORGERIES: readonly Forgery[] = [
  ...FILE,
  ...BYTES,
  ...STEPS,
  ...PLAN,
  ...FIGURES,
  ...RUNS,
  ...CONSISTENT,
].map(forgery);

/** Edits that change nothing: words for people, optional fields, order where there is none. */
export const HARMLESS: readonly Forgery[] = (
  [
    ["a message", "", (e) => (gate(e, "compile").message = "tiny.t4.mlmodelc, tiny.t1.mlmodelc")],
    ["the meaning of a precondition", "", (e) => (e.preconditions[0].meaning = "one-hot")],
    [
      "fields in another order",
      "",
      (e) => Object.assign(e, { tool: Object.fromEntries(Object.entries(e.tool).reverse()) }),
    ],
    ["null for an absent field", "", (e) => (e.packages[0].function = null)],
    ["preconditions in another order", "", (e) => e.preconditions.reverse()],
    ["packages in another order", "", (e) => e.packages.reverse()],
    ["tables in another order", "", (e) => e.residency.reverse()],
    ["rows in another order", "", (e) => e.parity.comparisons.reverse()],
    ["operations in another order", "", (e) => e.residency[0].operations.reverse()],
    ["no times", "", (e) => delete e.measured],
    ["no drift", "", (e) => delete e.measured.drift],
    [
      "a chain that ends in what is not finite",
      "",
      (e) => e.measured.drift.depths.splice(9, 23, { depth: 10, figures: { finite: false } }),
    ],
    ["no constants in the plan", "", (e) => (e.residency[0].operations = ops(e))],
    [
      "a constant more in the plan",
      "",
      (e) =>
        e.residency[0].operations.push({
          path: "main.block.operations[9999]",
          kind: "const",
          values: ["lifted"],
          device: "undetermined",
          supported: [],
        }),
    ],
    ["the unified log watched as well", "", (e) => e.watched.streams.push("unified log")],
    ["a phrase more looked for", "", (e) => e.watched.phrases.push("falling back")],
    [
      "a first prediction as the CPU makes it, while the model is set up",
      "",
      (e) => Object.assign(e.crossCheck[0], { engine: { ...e.crossCheck[0].cpuOnly } }),
    ],
    [
      "a prediction with the bits of the CPU that waited for the engine",
      "",
      (e) => (e.crossCheck[2].engine.sha256 = e.crossCheck[2].cpuOnly.sha256),
    ],
    [
      "a prediction with bits of its own that took the CPU's time",
      "",
      (e) => (e.crossCheck[2].engine.cpuMs = e.crossCheck[2].cpuOnly.cpuMs),
    ],
    [
      "half of the CPU's time, and no more",
      "",
      (e) => all(e.crossCheck, (one) => (one.engine.cpuMs = one.cpuOnly.cpuMs / 2)),
    ],
    [
      "one call, as long as the worst",
      "",
      (e) => all(e.measured.times, (one) => Object.assign(one, { calls: 1, worstMs: one.medianMs })),
    ],
    [
      "on the day that macOS 15 came",
      "",
      (e) => {
        e.started = "2024-06-10T00:00:00Z";
        e.conditions[0].at = e.started;
      },
    ],
    [
      "a prediction with the bits of the CPU and half of its time",
      "",
      (e) =>
        Object.assign(e.crossCheck[2].engine, {
          sha256: e.crossCheck[2].cpuOnly.sha256,
          cpuMs: e.crossCheck[2].cpuOnly.cpuMs / 2,
        }),
    ],
    ["a soak of one call", "", (e) => (e.measured.soak[0].calls = 1)],
    ["as much CPU time as 64 cores have", "", (e) => (e.crossCheck[0].cpuOnly.cpuMs = 64 * 5)],
    [
      "two predictions that are equal on the CPU, one of them on the engine as well",
      "",
      (e) => {
        e.crossCheck[3].cpuOnly.sha256 = e.crossCheck[2].cpuOnly.sha256;
        e.crossCheck[2].engine.sha256 = e.crossCheck[2].cpuOnly.sha256;
      },
    ],
    [
      "on the Mac and the macOS of another year",
      "",
      (e) =>
        Object.assign(e.system, { chip: "Apple M5 Pro", model: "Mac17,8", osVersion: "27.0.1", osBuild: "26A434" }),
    ],
    ["on macOS 26", "", (e) => Object.assign(e.system, { osVersion: "26.0", osBuild: "25A354" })],
    ["on the first Mac of its kind", "", (e) => Object.assign(e.system, { chip: "Apple M1", model: "MacBookAir10,1" })],
    [
      "on a Mac with a chip of telephones",
      "",
      (e) => Object.assign(e.system, { chip: "Apple A18 Pro", model: "Mac17,5", osVersion: "26.3", osBuild: "25D125" }),
    ],
    [
      "two predictions with equal bits, on the CPU as well",
      "",
      (e) => Object.assign(e.crossCheck[1], { engine: e.crossCheck[0].engine, cpuOnly: e.crossCheck[0].cpuOnly }),
    ],
    [
      "two tokens of small rows, which the engine gives as zeros",
      "",
      (e, { manifest: { calls } }) => {
        const small = calls.findIndex(({ draw }) => draw.kind === "small");
        all(
          runsOf(e, "step").filter(({ call }) => call === small),
          (one) => (one.engine.sha256 = ZEROS),
        );
      },
    ],
    ["flushed elements", "", (e) => (e.parity.flushed = 3)],
  ] as readonly Line[]
).map(forgery);
