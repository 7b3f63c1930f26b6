// Takes comments out of the rolled declarations that no editor shows, or shows only deep inside a result: what stands before a declaration
// that nobody can import, and the members of those that no public declaration names.
import { readFileSync, writeFileSync } from "node:fs";

/** Rewrites the rolled declarations in `file`; public is what its list of exports names. */
export function keepPublicDocs(file) {
  const text = readFileSync(file, "utf8");
  const named = [...text.matchAll(/^export \{([^}]*)\};/gm)].flatMap(([, names]) => names.split(","));
  const exported = new Set(named.map((name) => name.trim().split(/\s/)[0]));
  if (exported.size === 0) throw new Error(`${file} exports nothing`);
  const parts = text.split(/^(?=\/\*\*|(?:declare |abstract )*(?:const|type|interface|class|function) |export )/m);
  const nameOf = (part) => DECLARED.exec(part)?.[1];
  const publicText = parts.filter((part) => exported.has(nameOf(part))).join("\n");
  const near = new Set(publicText.match(/[\w$]+/g));
  const kept = parts.map((part, n) => {
    if (part.startsWith("/**")) return isPrivate(nameOf(parts[n + 1] ?? "")) ? "" : part;
    return isPrivate(nameOf(part)) && !near.has(nameOf(part)) ? part.replaceAll(MEMBER, "") : part;
  });
  writeFileSync(file, kept.join(""));

  function isPrivate(name) {
    return name !== undefined && !exported.has(name);
  }
}

const DECLARED = /^(?:declare |abstract )*(?:const|type|interface|class|function) ([\w$]+)/;
/** A comment on a line, or lines, of its own. */
const MEMBER = /^[ \t]+\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/gm;
