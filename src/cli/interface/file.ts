/** An interface file: strict JSON, as a person writes it or as `graphc interface` prints it. */

import { AXIS_WORDS, checkedFacts, OTHER_WORDS } from "../../api/role-words.ts";
import type { Graph } from "../../dsl/graph.ts";
import type { StatedFacts } from "../../dsl/role.ts";
import { show } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import { readRegular } from "../../files/regular.ts";
import { type OutputWord, outputWord, outputWords } from "./outputs.ts";

type Entries<X> = readonly (readonly [name: string, said: X])[];

/** What the file says. */
export interface InterfaceFile {
  readonly inputs: Entries<StatedFacts>;
  /** Names of another graph's inputs, outputs and states, and what they are called here. */
  readonly names: Entries<string>;
  /** Which outputs count. */
  readonly outputs: Entries<OutputWord>;
  /** States that the graphs have, with their types as text. */
  readonly states: Entries<string>;
}

/** `?` lists the inputs that somebody has to look at; it is printed for people. */
const KEYS = ["inputs", "outputs", "names", "states", "?"] as const;

/**
 * `{ "inputs": { NAME: KIND or { "kind": …, "tokenAxis": …, "slotAxis": …, "rope": …, "open": …, "closed": …, "first": NAME } or null },
 * "outputs": { NAME: "all" or "ignore" or "first" or "last" or a token's number or null }, "names": { NAME: NAME }, "states": { NAME: TYPE } }`; at least one of the first three.
 * @throws UserError that names what is wrong
 */
export async function readInterface(path: string): Promise<InterfaceFile> {
  const value = objectOf(strictJsonOf(await readRegular(path), path), path);
  const stray = Object.keys(value).find((key) => !(KEYS as readonly string[]).includes(key));
  if (stray !== undefined) throw new UserError(`${path}: there is no key ${JSON.stringify(stray)}`, 'it has "inputs"');
  if (!["inputs", "outputs", "names"].some((key) => Object.hasOwn(value, key)))
    throw new UserError(`${path}: "inputs" is missing`);
  const part = (key: (typeof KEYS)[number]): readonly (readonly [string, unknown])[] =>
    Object.hasOwn(value, key) ? Object.entries(objectOf(value[key], `${path}: ${JSON.stringify(key)}`)) : [];
  return {
    inputs: part("inputs").flatMap(([name, role]) =>
      role === null ? [] : [[name, factsIn(role, `${path}: input ${JSON.stringify(name)}`)] as const],
    ),
    names: part("names").map(([name, now]) => {
      if (typeof now === "string" && now !== "") return [name, now];
      throw new UserError(`${path}: name ${JSON.stringify(name)} must be mapped to a name, not ${JSON.stringify(now)}`);
    }),
    outputs: part("outputs").flatMap(([name, word]) => {
      if (word === null) return [];
      const found = outputWord(word);
      if (found !== undefined) return [[name, found] as const];
      throw new UserError(
        `${path}: output ${JSON.stringify(name)} must be ${outputWords()}, not ${JSON.stringify(word)}`,
      );
    }),
    states: part("states").map(([name, type]) => {
      if (typeof type === "string") return [name, type];
      throw new UserError(`${path}: state ${JSON.stringify(name)} must be a type such as "fp16[1,8,32,128]"`);
    }),
  };
}

/** An input's role; where graphc learnt it, when it printed the file, is read over. */
function factsIn(role: unknown, where: string): StatedFacts {
  const { source: _, ...facts } = typeof role === "string" ? { kind: role } : objectOf(role, where);
  return checkedFacts(facts, where, [...AXIS_WORDS.values(), ...OTHER_WORDS]);
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UserError(`${where} must be an object`);
}

/** Every state that the file lists is one of the graphs', of that type. @throws UserError */
export function checkStates({ states }: InterfaceFile, graphs: readonly Graph[], path: string): void {
  const types = new Map(graphs.flatMap((graph) => graph.states.map(({ name, entry }) => [name, show(entry.type)])));
  for (const [name, type] of states)
    if (types.get(name) !== type)
      throw new UserError(
        `${path}: there is no state ${JSON.stringify(name)} of type ${type}`,
        `the states are ${[...types].map(([known, shown]) => `${known} ${shown}`).join(", ") || "none"}`,
      );
}
