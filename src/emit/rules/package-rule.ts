/** What a rule about a package is: what Core ML or coremltools is known to refuse, or to crash on, of what a file says. */
import type { Severity } from "../../passes/lint/lint-rule.ts";
import type { MilBlock, MilFunction, MilModel, MilOperation, MilTensorType, MilType } from "../mil/records.ts";

/** A rule of the table `packageRules`. `severity` is as with the rules about graphs. */
export interface PackageRule {
  /** In brackets in the report, and the row of docs/engine-rules.md. */
  readonly id: string;
  readonly severity: Severity;
  /** The rule in one sentence, as it appears in docs/engine-rules.md. */
  readonly says: string;
  /** Whose rule it is. */
  readonly source: string;
  /** What breaks the rule, each with a sentence that names the mend. */
  find(model: MilModel): readonly PackageOffence[];
}

/** One place of a package that breaks a rule. */
export interface PackageOffence {
  /** Absent where the model as a whole is meant. */
  readonly function?: string;
  readonly text: string;
}

/** An offence with what its rule says of all such. */
export interface PackageFinding extends PackageOffence {
  readonly rule: string;
  readonly severity: Severity;
  readonly source: string;
}

/** A rule about single functions: the texts of its offences. */
export const perFunction =
  (judge: (fn: MilFunction, model: MilModel) => readonly string[]) =>
  (model: MilModel): readonly PackageOffence[] =>
    model.functions.flatMap((fn) => judge(fn, model).map((text) => ({ function: fn.name, text })));

/** The ops of a block and of all blocks within it. */
export function everyOp({ operations }: MilBlock): readonly MilOperation[] {
  return operations.flatMap((op) => (op.blocks.length === 0 ? [op] : [op, ...op.blocks.flatMap(everyOp)]));
}

/** The tensor that a value is, or that a state holds. */
export const tensorIn = (type: MilType): MilTensorType => (type.kind === "state" ? type.tensor : type);

/** A name for a message: in quotes, with what a terminal would obey escaped, and not too long. */
export const quote = (name: string): string =>
  JSON.stringify(name.length > MOST_SHOWN ? `${name.slice(0, MOST_SHOWN)}…` : name);
const MOST_SHOWN = 100;

/** Few of many, for a message. */
export const some = (names: readonly string[]): string =>
  names.slice(0, 3).map(quote).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
