/** What kinds of operands there are, as far as an option may be for some of them and not for others. */
import { statOfSync } from "../../files/regular.ts";

/** A package of flexible size is one kind, since `--tokens` chooses its size; told only once it is read. */
export type OperandKind = "model" | "checkpoint" | "graph" | "package" | "flexible package";

/** The model that needs no file. */
export const BUILT_IN = "phi4-mini";

/** Whether an operand is spelt like a package, or like the bare model file in one. */
export const isPackage = (operand: string): boolean => /\.(mlpackage|mlmodel)\/?$/.test(operand);
/** Whether an operand is spelt like an author's graph file. */
export const isGraphFile = (operand: string): boolean => /\.[cm]?[jt]s$/.test(operand);

/** Whether an operand is a checkpoint: a GGUF file, or a folder that is no package. */
export const isCheckpoint = (operand: string): boolean =>
  operand.endsWith(".gguf") || (!isPackage(operand) && statOfSync(operand)?.isDirectory() === true);

/** Whether contents tell which weights are the same: of a package, and of two checkpoints, in which names alone do not. */
export const haveContents = (operands: readonly string[]): boolean =>
  operands.some(isPackage) || operands.every(isCheckpoint);

/** The kinds that an operand may be by its spelling; none for a word that names nothing. */
export function spelledKinds(operand: string): readonly OperandKind[] {
  if (operand === BUILT_IN) return ["model"];
  if (isPackage(operand)) return ["package", "flexible package"];
  if (isCheckpoint(operand)) return ["checkpoint"];
  return isGraphFile(operand) ? ["graph"] : [];
}

const WORDS: Readonly<Record<OperandKind, string>> = {
  model: BUILT_IN,
  checkpoint: "checkpoints",
  graph: "graph files",
  package: "packages",
  "flexible package": "a single package of flexible size",
};

/** `phi4-mini, graph files and packages`. */
export function kindsText(kinds: readonly OperandKind[]): string {
  const words = kinds.map((kind) => WORDS[kind]);
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((word) => word !== "").join(" and ");
}
