/**
 * Runs the mutants of StrykerJS in one process: every test file is bundled and compiled once, and evaluated anew for each mutant, so that
 * nothing that one mutant leaves behind kills or spares the next. The tests that reach the mutant run one by one, likeliest killer first.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { INSTRUMENTER_CONSTANTS } from "@stryker-mutator/api/core";
import { DryRunStatus, MutantRunStatus, TestStatus } from "@stryker-mutator/api/test-runner";
import { loader, testFiles } from "./bundle.mjs";

/** Of tests; for the judge of evidence, which is not among what is mutated unasked, `mutation/run.mjs` names its own. */
const FOLDERS = process.env.MUTATION_TESTS?.split(",") ?? ["test/passes/prove", "test/dsl/ops"];
/** Left out: what others do in less time, tests that load authors' files, which are not mutated, and texts of docs. */
const LEFT = /prove\/(prove|fuzz|mutants|cases)\.test\.ts$|evidence\/(draws|docs|identity)\.test\.ts$/;
/** How many tests of other folders are run against one mutant at the most: one that only tests beyond that would kill counts as alive. */
const PATIENCE = 200;

const told = (error) => String(error?.stack ?? error).slice(0, 2000);
/** Nothing where it ends, else the error. */
async function failure(run) {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error ?? new Error("nothing was thrown");
  }
}
const byId = (tests) => new Map(tests.map((test) => [test.id, test]));

export class WarmRunner {
  namespace = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ?? {};
  /** Of each file how it is evaluated; of each test its file, what it costs (ms, and mutants reached), and how many mutants it killed. */
  files = new Map();
  fileOf = new Map();
  costs = new Map();
  kills = new Map();

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] = this.namespace;
    const root = process.cwd();
    for (const name of testFiles(root, FOLDERS, LEFT)) {
      const evaluate = await loader(root, name);
      this.files.set(name, evaluate);
      for (const { id } of evaluate()) this.fileOf.set(id, name);
    }
    mkdirSync(join(root, "build"), { recursive: true });
    this.known = join(root, "build/test-costs.json");
    // A worker that takes the place of one that hung makes no dry run of its own.
    if (existsSync(this.known)) this.costs = new Map(JSON.parse(readFileSync(this.known, "utf8")));
  }

  async dryRun() {
    const results = [];
    for (const [name, evaluate] of this.files) {
      this.namespace.currentTestId = name;
      const tests = evaluate();
      await tests[0]?.begin();
      for (const test of tests) results.push(await this.rehearse(test));
      await tests[0]?.end();
      this.reachedAtLoading(name, tests);
    }
    writeFileSync(this.known, JSON.stringify([...this.costs]));
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage: this.namespace.mutantCoverage };
  }

  /** Runs a test without a mutant, and notes which it reaches. */
  async rehearse(test) {
    const from = performance.now();
    this.namespace.currentTestId = test.id;
    const error = await failure(test.run);
    this.namespace.currentTestId = undefined;
    const timeSpentMs = performance.now() - from;
    this.costs.set(test.id, { ms: timeSpentMs });
    const base = { id: test.id, name: test.id, timeSpentMs };
    if (error === undefined) return { ...base, status: TestStatus.Success };
    return { ...base, status: TestStatus.Failed, failureMessage: told(error) };
  }

  /** What was reached while a file was evaluated, or before its first test, may show in any of its tests. */
  reachedAtLoading(name, tests) {
    const { perTest } = this.namespace.mutantCoverage;
    for (const { id } of tests) {
      perTest[id] = { ...perTest[name], ...perTest[id] };
      this.costs.get(id).reached = Object.keys(perTest[id]).length;
    }
    delete perTest[name];
  }

  costOf(id) {
    return this.costs.get(id) ?? { ms: 1, reached: 1 };
  }

  /** The nearest folder of tests: that of src/evidence/judge/ran.ts is test/evidence. */
  folderOf(home) {
    const folder = dirname(home);
    const has = folder === "." || [...this.files.keys()].some((name) => name.startsWith(`test/${folder}/`));
    return has ? `test/${folder}/` : this.folderOf(folder);
  }

  /**
   * The tests of the mutant's own file, then all others of its folder, then some of the rest; among these cheap ones, those that reach
   * little else, and those that killed before come first.
   */
  inOrder(ids, home) {
    const folder = this.folderOf(home);
    const near = (id) => (id.startsWith(`test/${home}`) ? 0 : id.startsWith(folder) ? 1 : 2);
    const rank = (id) => (this.costOf(id).ms * this.costOf(id).reached) / (1 + (this.kills.get(id) ?? 0)) ** 2;
    const all = ids.toSorted((a, b) => near(a) - near(b) || rank(a) - rank(b));
    return all.slice(0, all.filter((id) => near(id) < 2).length + PATIENCE);
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    this.namespace.hitCount = 0;
    this.namespace.hitLimit = hitLimit;
    // src/dsl/ops/conv.ts is at home in what begins like test/dsl/ops/conv.test.ts.
    const home = activeMutant.fileName.replace(/^.*\/src\//, "").replace(/\.ts$/, "");
    const ids = this.inOrder(testFilter ?? [...this.fileOf.keys()], home);
    this.namespace.activeMutant = activeMutant.id;
    try {
      return await this.firstKill(ids, hitLimit);
    } finally {
      this.namespace.activeMutant = undefined;
    }
  }

  async firstKill(ids, hitLimit) {
    const copies = new Map();
    try {
      return await this.firstKillIn(copies, ids, hitLimit);
    } finally {
      for (const tests of copies.values()) await tests.values().next().value?.end();
    }
  }

  async firstKillIn(copies, ids, hitLimit) {
    for (const [at, id] of ids.entries()) {
      const error = await failure(() => this.copyOf(id, copies)?.run());
      if (this.namespace.hitCount > hitLimit) return { status: MutantRunStatus.Timeout, reason: "hit limit" };
      if (error === undefined) continue;
      this.kills.set(id, (this.kills.get(id) ?? 0) + 1);
      return { status: MutantRunStatus.Killed, killedBy: [id], failureMessage: told(error), nrOfTests: at + 1 };
    }
    return { status: MutantRunStatus.Survived, nrOfTests: ids.length };
  }

  /** The test in a copy of its file that this mutant alone has seen; nothing where the mutant made another test of it. */
  copyOf(id, copies) {
    const name = this.fileOf.get(id);
    if (!copies.has(name)) copies.set(name, byId(this.files.get(name)()));
    return copies.get(name).get(id);
  }
}
