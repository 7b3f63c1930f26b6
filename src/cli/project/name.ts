/** The name that npm gets for a project: that of its folder, as far as npm takes it. */
import { builtinModules } from "node:module";

/** Longest name that npm takes. */
const LONGEST = 214;

/**
 * The folder's name in small letters, with "-" for what a name may not have. What is left of nothing is `layers`; a name that npm keeps for itself, that Node
 * resolves to a module of its own, or that is `taken`, gets that at its end: a package cannot depend on its own name.
 */
export function packageName(folder: string, taken: readonly string[]): string {
  const plain = folder
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, LONGEST - "-layers".length);
  if (plain === "") return "layers";
  const kept = ["node_modules", "favicon.ico", ...builtinModules, ...taken];
  return kept.includes(plain) ? `${plain}-layers` : plain;
}
