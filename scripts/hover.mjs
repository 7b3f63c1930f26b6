// Puts the `doc` of every op before its function in the type declarations, where an editor shows it on hover: one text, of the op's declaration.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Rewrites the declarations under `folder`; throws where an op of the table has none. */
export function putDocs(folder, opTable) {
  const missing = new Set(opTable.keys());
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const text = readFileSync(join(folder, name), "utf8");
    const told = text.replaceAll(DECLARED, (all, called) => {
      const op = opTable.get(called);
      if (op === undefined) return all;
      missing.delete(called);
      return `${comment(op.spec.doc)}\nexport declare const ${called}:`;
    });
    if (told !== text) writeFileSync(join(folder, name), told);
  }
  if (missing.size > 0) throw new Error(`no declaration of ${[...missing].join(", ")} for its doc`);
}

/** A constant that is declared, and the comment right before it. */
const DECLARED = /(?:^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?^export declare const (\w+):/gm;

const comment = (doc) => `/** ${doc.replaceAll("*/", "*\\/").replaceAll("\n", "\n * ")} */`;
