// Takes away what stands before a rolled declaration that nobody can import: no editor shows it. Comments of its members stay, which are shown on hover.
import { readFileSync, writeFileSync } from "node:fs";

/** Rewrites the rolled declarations in `file`; public is what its list of exports names. */
export function keepPublicDocs(file) {
  const text = readFileSync(file, "utf8");
  const named = [...text.matchAll(/^export \{([^}]*)\};/gm)].flatMap(([, names]) => names.split(","));
  const exported = new Set(named.map((name) => name.trim().split(/\s/)[0]));
  if (exported.size === 0) throw new Error(`${file} exports nothing`);
  const kept = text.replaceAll(DECLARED, (all, declaration, name) => (exported.has(name) ? all : declaration));
  writeFileSync(file, kept);
}

/** A comment at the margin and the declaration right behind it. */
const DECLARED =
  /^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n((?:declare )?(?:abstract )?(?:const|type|interface|class|function) ([\w$]+))/gm;
