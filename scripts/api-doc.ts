/**
 * docs/api.md out of the code: every name that the package root exports with the comment that an editor shows for it. TypeScript 7 has no
 * compiler API at its root, so the comment is read as text: the one that ends right above the declaration.
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

/** All but the ops, in the order of src/index.ts. */
export function exportedNames(index = readFileSync(join(ROOT, "src/index.ts"), "utf8")): readonly Exported[] {
  return [...index.matchAll(EXPORT)].flatMap(([, type, names, from]) => {
    const file = normalize(join("src", from!));
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

/** The page. */
export function apiDoc(): string {
  const all = exportedNames();
  const files = [...new Set(all.map(({ file }) => file))];
  const line = ({ name, isType, doc }: Exported) => `- ${isType ? "type " : ""}\`${name}\`: ${doc ?? ""}`;
  const sections = files.map((file) => {
    const own = all.filter((one) => one.file === file);
    return [`### \`${dirname(file)}/${file.slice(dirname(file).length + 1)}\``, "", ...own.map(line), ""].join("\n");
  });
  return `${HEAD}\n${sections.join("\n")}\n${OPS}\n\n${[...opTable.keys()].map((name) => `\`${name}\``).join(", ")}.\n`;
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
