/** The files of this repository, and what a reader may expect of each: the checks that `test/repository` holds them to. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ROOT } from "./root.ts";

/** A text beside its path from the root. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

const FOLDERS = ["src", "test", "scripts", "bench", "conformance", "mutation", "tools", "examples", "docs", ".ci"];
/** Not written by people: what tools leave, and what an author's graph file is bundled into while another test runs it. */
const MADE = /(^|\/)(node_modules|\.build|\.venv|__pycache__)(\/|$)|(^|\/)\.[^/]*\.mjs$/;
const GENERATED = /\.gen\.ts$|^src\/emit\/mil\/gen\//;

/** Sources and Markdown that people wrote, those under FOLDERS and at the root. */
export function written(extensions: readonly string[]): readonly Source[] {
  const below = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  return [...readdirSync(ROOT), ...below]
    .filter((path) => extensions.some((end) => path.endsWith(end)) && !MADE.test(path) && !GENERATED.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** The comments of a text with their line numbers; Markdown is one comment. */
function commentsOf({ path, text }: Source): readonly { readonly line: number; readonly comment: string }[] {
  if (path.endsWith(".md")) return [{ line: 1, comment: text }];
  // Slashes in strings count as well: the few that there are may be held to the same.
  const form = /\.(ts|mjs|swift)$/.test(path) ? /\/\*[\s\S]*?\*\/|\/\/.*/g : /"""[\s\S]*?"""|(?<=^|\s)#.*/gm;
  return [...text.matchAll(form)].map((match) => ({ line: lineAt(text, match.index), comment: match[0] }));
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

/** A file's name with its folders, or a folder of ours: neither a part of an address nor of a pattern. */
const FILE = /(?<![\w/.@*<-])(?:\.{0,2}\/)?(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|mjs|md|py|swift|sh)\b/g;
const FOLDER = new RegExp(`(?<![\\w/.@-])(?:${FOLDERS.filter((f) => f !== ".ci").join("|")})/[\\w./-]*[\\w-]{2}`, "g");

/**
 * The files and folders that comments name and that are not there, as "path:line: name". A name is looked up from the root, then
 * beside the file; for the device tool also in its package.
 */
export function staleMentions(
  source: Source,
  exists = (path: string) => existsSync(join(ROOT, path)),
): readonly string[] {
  const swift = source.path.startsWith("tools/") ? ["tools", "tools/Sources"] : [];
  const places = ["", dirname(source.path), ...swift];
  return commentsOf(source).flatMap(({ line, comment }) => {
    const names = [FILE, FOLDER].flatMap((form) => [...comment.matchAll(form)]);
    const stale = names.filter(([name]) => !places.some((place) => exists(normalize(join(place, name)))));
    return [...new Set(stale.map((match) => `${source.path}:${line - 1 + lineAt(comment, match.index)}: ${match[0]}`))];
  });
}

const DECLARATION =
  /^export (?:default )?(?:declare |abstract |async )*(?:function\*?|const|let|class|interface|type|enum) (\w+)/;

/**
 * The exported declarations without a doc comment directly above, by name. An op says what it is in its field `doc`, which
 * the editor shows too, a rule of the prover in `says` and `needs`; of a function's overloads the first speaks for all.
 */
export function undocumented({ text }: Source): readonly string[] {
  const lines = text.split("\n");
  const found = lines.flatMap((line, at) => {
    const name = DECLARATION.exec(line)?.[1];
    const tellsItself = /= op(<\w+>)?\("|: (TermRule|(Decision|Making)<.*>|Rule) = \{$/;
    if (name === undefined || tellsItself.test(line)) return [];
    let above = at - 1;
    while (lines[above]?.startsWith("// biome-ignore")) above--;
    return [{ name, documented: endsDocComment(lines, above) }];
  });
  return found
    .filter(({ name, documented }, k) => !documented && found.findIndex((other) => other.name === name) === k)
    .map(({ name }) => name);
}

/** Whether a doc comment ends on this line; the comment at the top of a file is about the file. */
function endsDocComment(lines: readonly string[], at: number): boolean {
  if (!lines[at]?.endsWith("*/")) return false;
  let begin = at;
  while (begin >= 0 && !lines[begin]!.startsWith("/*")) begin--;
  return begin > 0 && lines[begin]!.startsWith("/**");
}

/** Whether the file begins with a comment, after the line that names its interpreter. */
export const beginsWithComment = ({ text }: Source): boolean => /^(#!.*\n)?(\/\*\*|\/\/)/.test(text);

export const linesOf = ({ text }: Source): number => text.replace(/\n$/, "").split("\n").length;
