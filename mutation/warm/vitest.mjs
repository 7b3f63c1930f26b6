/** What the tests import as "vitest" when mutants are run: tests are put in a list, and run as often as wanted. */
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { format } from "node:util";
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
export const expect = chai.expect;

/** Filled by `collect`: the tests of the file that is being imported. */
let tests = [];
let file = "";
let path = [];
/** What the file asks for before its first test and after its last. */
let hooks = { before: [], after: [] };
const cleanups = [];

chai.use((_, { addMethod }) => {
  addMethod(chai.Assertion.prototype, "toMatchFileSnapshot", function fileSnapshot(name) {
    expect(this._obj).toBe(readFileSync(resolve(file, "..", name), "utf8"));
  });
});

function each(declare) {
  return (rows) => (name, body) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row];
      declare(titled(name, row, values), () => body(...values));
    }
  };
}

/** The name of one row of values: `%s` stands for the next of them, `$field` for that field of the row. */
const titled = (name, row, values) =>
  name.includes("$")
    ? name.replaceAll(/\$(\w+)/g, (_, field) => String(row[field]))
    : format(name, ...values.slice(0, name.split("%").length - 1));

export function test(name, body) {
  const told = [relative(process.cwd(), file), ...path, name].join(" > ");
  const before = tests.filter((other) => other.told === told).length;
  const [of, around] = [file, hooks];
  tests.push({
    told,
    id: before === 0 ? told : `${told} (${before + 1})`,
    begin: () => begun(around),
    run: async () => {
      await begun(around);
      await runOne(of, body);
    },
    end: () => ended(around),
  });
}
test.each = each(test);
const none = Object.assign(() => {}, { each: () => () => {} });
test.skipIf = (left) => (left ? none : test);
test.runIf = (asked) => (asked ? test : none);

export function describe(name, body) {
  path.push(name);
  body();
  path.pop();
}
describe.each = each(describe);

export const beforeAll = (hook) => hooks.before.push(hook);
export const afterAll = (hook) => hooks.after.push(hook);

/** Once for each copy of the file; where a hook fails every test of the copy fails. */
function begun(around) {
  around.begun ??= (async () => {
    for (const hook of around.before) await hook();
  })();
  return around.begun;
}

/** A mutant may have left nothing to tidy up. */
async function ended(around) {
  await around.begun?.catch(() => {});
  for (const hook of around.after) await (async () => hook())().catch(() => {});
}

export function onTestFinished(cleanup) {
  cleanups.push(cleanup);
}

async function runOne(of, body) {
  file = of;
  try {
    await body();
  } finally {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  }
}

/** The tests that evaluating a file declares. */
export function collect(name, evaluate) {
  [file, tests, path, hooks] = [name, [], [], { before: [], after: [] }];
  evaluate();
  return tests;
}
