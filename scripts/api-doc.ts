/**
 * docs/api.md and docs/testing.md out of the code: every name that the package root and graphc/testing export with the comment that an editor
 * shows for it. TypeScript 7 has no compiler API at its root, so the comment is read as text: the one that ends right above the declaration.
 */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { opTable } from "../src/dsl/ops/index.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const EXPORT = /export (type )?\{([^}]+)\} from "(\.\/[^"]+)";/g;

/** A name of the package root. */
export interface Exported {
  readonly name: string;
  readonly file: string;
  readonly isType: boolean;
  /** The comment, without its stars; undefined where there is none. */
  readonly doc: string | undefined;
}

/** All but the ops, in the order of the file that exports them. */
export function exportedNames(index = "src/index.ts"): readonly Exported[] {
  return [...readFileSync(join(ROOT, index), "utf8").matchAll(EXPORT)].flatMap(([, type, names, from]) => {
    const file = normalize(join(dirname(index), from!));
    const text = readFileSync(join(ROOT, file), "utf8");
    return names!
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .map((name) => ({ name, file, isType: type !== undefined, doc: docOf(text, name) }));
  });
}

/** The comment right above a declaration. */
export function docOf(text: string, name: string): string | undefined {
  const declared = new RegExp(`^export (?:async )?(?:function|const|class|interface|type) ${name}\\b`, "m").exec(text);
  if (!declared) return undefined;
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n$/.exec(text.slice(0, declared.index));
  return comment?.[1]
    ?.split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trim())
    .join(" ")
    .trim();
}

/** The page on the package root. */
export function apiDoc(): string {
  return `${HEAD}\n${sectionsOf("src/index.ts")}\n${OPS}\n\n${[...opTable.keys()].map((name) => `\`${name}\``).join(", ")}.\n`;
}

/** The page on graphc/testing. */
export const testingDoc = (): string => `${TESTING}\n${sectionsOf("src/testing/index.ts")}`;

function sectionsOf(index: string): string {
  const all = exportedNames(index);
  const files = [...new Set(all.map(({ file }) => file))];
  const line = ({ name, isType, doc }: Exported) => `- ${isType ? "type " : ""}\`${name}\`: ${doc ?? ""}`;
  const sections = files.map((file) => {
    const own = all.filter((one) => one.file === file);
    return [`### \`${dirname(file)}/${file.slice(dirname(file).length + 1)}\``, "", ...own.map(line), ""].join("\n");
  });
  return sections.join("\n");
}

const HEAD = `# The public API

Printed from the code (\`npx vitest run test/api/doc.test.ts -u\`): every name that \`import { … } from "graphc"\` gives, with the comment that an
editor shows for it. What is not here is not public, and may change without a word.

\`\`\`ts
import { generatedWeights, graphOf, prove, readPackage, writePackage } from "graphc";

const verdict = await prove({ model, tokens: 4, maxSeq: 2048 });
if (verdict.verdict === "PROVEN") console.log(verdict.level, verdict.preconditions);
\`\`\`

Functions write to no stream, end no process, and read neither its arguments nor its environment. They throw a \`UserError\` (a mistake outside a
graph) or a \`GraphError\` (one inside, with the author's line), each one sentence and, as \`mend\`, what to do about it: what the command line prints.
A \`ProofContradicted\`, or any other error, is a fault of graphc; \`signal\` rejects with its own reason.
`;

const OPS = `### Ops

One function for each op of [ops.md](ops.md), and \`opTable\` by name:`;

const TESTING = `# Tests of your own

Printed from the code (\`npx vitest run test/api/doc.test.ts -u\`): every name that \`import { … } from "graphc/testing"\` gives. \`graphc init [DIR]\` writes a
project that uses it (templates/project): a layer that is proven, run over rejections and held to goldens, with scripts, types and a CI workflow; in its layer stands
something to try, which makes \`npm test\` say REFUTED. What is there already is never replaced. The project pins the version of graphc that wrote it; while that is in no registry, \`npm run pack\` in a checkout makes
the tarball, and \`npm install PATH/build/npm/graphc-VERSION.tgz\` in the project takes it.

\`\`\`ts
import { assertEqualOverRejections, assertGoldens, assertProven } from "graphc/testing";

await assertProven({ model: layer, tokens: [2, 3, 4], maxSeq: 16 });              // for all weights, inputs and caches
await assertEqualOverRejections({ model: layer, tokens: 4, maxSeq: 16 });         // bit for bit, whatever is rejected on the way
assertGoldens("golden", { "layer.t4": layer({ tokens: 4, maxSeq: 16, layer: 0 }) }); // reviewed text of the graph and of its MIL program
\`\`\`

Assertions are plain functions, for any test runner. One that holds gives what was looked at; one that does not throws an \`AssertionFailed\`, whose message
is what the command line prints, the author's line included, and whose \`failure\` is the same as data. What would look at nothing (no T, no run, an
empty table or folder, an option of another name) throws a \`UserError\`: it is no yes.

Goldens are written with \`GRAPHC_UPDATE_GOLDENS=1\` or \`update: true\`, and reviewed as any change. A file of their folder that no graph of the table has is stale,
and fails the test: delete it. A folder belongs to one table.

Declare what the host feeds (\`input(…, { role: "mask" })\`) where a fault should be *refuted*: a counterexample that rests on a role taken from a name refutes
nothing, and is told as \`NOT PROVEN\` ([interface.md](interface.md)).

Arbitraries are those of [fast-check](https://fast-check.dev), which is a peer dependency: npm installs it beside graphc, and the tests of a project draw
from the same copy, of the version that the project chose. Numbers of a feed come from one drawn seed, so that it is its shape that shrinks.
`;
