/** A preset by its name, and what it says of the inputs of graphs. */
import type { Graph } from "../../dsl/graph.ts";
import type { GivenRoles, StatedFacts } from "../../dsl/role.ts";
import type { DType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { statOfSync } from "../../files/regular.ts";
import { nearest } from "../options/near-miss.ts";
import { type InputRule, PRESETS, type Preset } from "./presets.ts";

/** `ane-book, anemll, …`. */
export const presetNames = (): string => PRESETS.map(({ name }) => name).join(", ");

/** The preset that a value of `--interface` names; undefined for a file. @throws UserError for a word that is both, or neither */
export function presetOf(word: string): Preset | undefined {
  const found = PRESETS.find(({ name }) => name === word);
  const isFile = statOfSync(word)?.isFile() === true;
  if (found && isFile)
    throw new UserError(
      `"${word}" is a preset of --interface, and there is a file of that name here`,
      `say ./${word} for the file, and rename it for the preset`,
    );
  // A path or a name with an ending is a file, whether or not it is there.
  if (found || isFile || /[./\\]/.test(word)) return found;
  const meant = nearest(
    word,
    PRESETS.map(({ name }) => name),
  );
  throw new UserError(
    `--interface ${word}: there is no preset and no file "${word}"`,
    `${meant === undefined ? "" : `did you mean ${meant}? `}the presets are ${presetNames()}`,
  );
}

/**
 * What a preset says of the inputs of graphs, by their names.
 * @throws UserError where it speaks of none of them: they are another host's
 */
export function presetRoles(preset: Preset, graphs: readonly Graph[]): GivenRoles {
  const inputs = new Map(graphs.flatMap((graph) => graph.inputs.map((x) => [x.name ?? "", x.type.dtype])));
  const known = [...inputs].flatMap(([name, dtype]) => {
    const rule = preset.inputs.find(({ names }) => names.test(name));
    return rule ? [[name, { facts: filled(rule, name, dtype), source: "preset" as const }] as const] : [];
  });
  if (known.length > 0 || inputs.size === 0) return new Map(known);
  throw new UserError(
    `the preset ${preset.name} (${preset.host}) speaks of none of the inputs ${[...inputs.keys()].join(", ")}`,
    "graphc interface prints what is assumed of them, to be edited",
  );
}

/** The facts with what stands for X in the name of the input; a bool mask has no numbers. */
function filled({ names, facts }: InputRule, name: string, dtype: DType): StatedFacts {
  if (facts.kind === "mask" && dtype === "bool") return { kind: "mask" };
  if (facts.kind !== "cache") return facts;
  const part = names.exec(name)?.[1] ?? "";
  const now = (text: string): string => text.replace("X", () => part);
  return { ...facts, rows: now(facts.rows), ...(facts.state === undefined ? {} : { state: now(facts.state) }) };
}
