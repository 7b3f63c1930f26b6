/** What is told of the inputs of graphs from outside: `--role name=mask`, and `--interface` with a preset or a file. */

import { AXIS_WORDS, checkedFacts, OTHER_WORDS } from "../../api/role-words.ts";
import type { Graph } from "../../dsl/graph.ts";
import { type GivenRoles, ROLE_KINDS, type StatedFacts } from "../../dsl/role.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Args } from "../options/command.ts";
import type { Options } from "../options/option.ts";
import { checkStates, type InterfaceFile, readInterface } from "./file.ts";
import type { GivenOutputs } from "./outputs.ts";
import { presetNames, presetOf, presetRoles } from "./preset.ts";
import type { Preset } from "./presets.ts";

const ROLE = /^([^=]+)=(\w+)(?::(\w+=[\w.+-]+(?:,\w+=[\w.+-]+)*))?$/;

/** Options of every command that feeds a graph or reasons about what is fed; docs/interface.md. */
export const ROLE_OPTIONS: Options = {
  role: {
    kind: "forms",
    value: "NAME=KIND",
    form: ROLE,
    like: "m=mask or m=mask:token=3,slot=1,closed=-65504",
    help: `what the host feeds to an input: ${ROLE_KINDS.join(", ")}`,
  },
  interface: {
    kind: "file",
    value: "PRESET|FILE",
    help: `roles of inputs: ${presetNames()}, or a JSON file (docs/interface.md)`,
  },
};

/** What the options say of the interface of graphs that are not read yet. */
export interface GivenInterface {
  /** Names of another graph's inputs, outputs and states, and what they are called here. */
  readonly names: ReadonlyMap<string, string>;
  /** What the preset calls the functions of a package. */
  readonly functions?: Preset["functions"];
  readonly outputs: GivenOutputs;
  /** The roles that are told of these graphs' inputs, an option before the rest. @throws UserError when a preset is not theirs */
  rolesOf(graphs: readonly Graph[]): GivenRoles;
}

/** Without names, for a command that maps none. @throws UserError that names what is wrong */
export async function givenRoles(args: Args): Promise<GivenInterface> {
  const given = await givenInterface(args);
  if (given.names.size === 0) return given;
  throw new UserError(`${args.text("interface")}: "names" does nothing here`, "it is for graphc equal");
}

/** @throws UserError that names what is wrong */
export async function givenInterface(args: Args): Promise<GivenInterface> {
  const word = args.text("interface");
  const options = roleOptions(args);
  const preset = word === undefined ? undefined : presetOf(word);
  if (preset)
    return {
      names: new Map(),
      outputs: { said: new Map(), ...(preset.oneRow ? { oneRow: preset.oneRow } : {}) },
      ...(preset.functions ? { functions: preset.functions } : {}),
      rolesOf: (graphs) => new Map([...presetRoles(preset, graphs), ...options]),
    };
  const file = word === undefined ? NOTHING : await readInterface(word);
  const roles = file.inputs.map(([name, facts]) => [name, { facts, source: "interface file" as const }] as const);
  return {
    names: new Map(file.names),
    outputs: { said: new Map(file.outputs) },
    rolesOf: (graphs) => {
      checkStates(file, graphs, word ?? "");
      return new Map([...roles, ...options]);
    },
  };
}

const NOTHING: InterfaceFile = { inputs: [], outputs: [], names: [], states: [] };

/** The roles that `--role` states. */
function roleOptions(args: Args): GivenRoles {
  const roles = new Map<string, { facts: StatedFacts; source: "option" }>();
  for (const text of args.texts("role")) {
    const [name, facts] = roleOption(text);
    if (roles.has(name)) throw new UserError(`--role is given twice for "${name}"`, "keep one");
    roles.set(name, { facts, source: "option" });
  }
  return roles;
}

const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/;

function roleOption(text: string): readonly [name: string, facts: StatedFacts] {
  const [, name, kind, details] = ROLE.exec(text)! as unknown as [string, string, string, string?];
  const facts = (details?.split(",") ?? []).map((detail) => {
    const [word, value] = detail.split("=") as [string, string];
    return [AXIS_WORDS.get(word) ?? word, NUMBER.test(value) ? Number(value) : value] as const;
  });
  const twice = facts.find(([key], n) => facts.findIndex(([other]) => other === key) < n || key === "kind");
  if (twice) throw new UserError(`--role ${text}: says its ${twice[0]} twice`, "keep one");
  const stated = Object.fromEntries([["kind", kind], ...facts]);
  return [name, checkedFacts(stated, `--role ${text}`, [...AXIS_WORDS.keys(), ...OTHER_WORDS])];
}
