/** The roles of inputs as a short table. */
import type { Graph } from "../dsl/graph.ts";
import { type GivenRoles, type RoleRecord, recordsOf } from "../dsl/role.ts";
import { type MetInputs, meetInputs } from "../dsl/twins.ts";
import { UserError } from "../dsl/user-error.ts";
import { table } from "./table.ts";

const SOURCES: Readonly<Record<RoleRecord["source"], string>> = {
  option: "option --role",
  "interface file": "interface file",
  preset: "interface preset",
  declared: "declared",
  name: "taken from its name",
  shape: "from its shape",
};

/** A line an input: its role, its axes, and where that was learnt; none for a graph without inputs. */
export function rolesLines(roles: readonly FoundRole[], indentation = ""): readonly string[] {
  if (roles.length === 0) return [];
  const rows = roles.map((role) =>
    "source" in role
      ? [role.input, kindText(role), axesText(role), SOURCES[role.source]]
      : [role.input, role.role, "", "its twin or --role tells"],
  );
  return table(["input", "role", "axes", "source"], rows)
    .split("\n")
    .map((line) => indentation + line);
}

function kindText({ role, rope, open, closed, rows, update, first, offset = 0 }: RoleRecord): string {
  const beyond = offset === 0 ? "" : `cache row ${offset < 0 ? "−" : "+"} ${Math.abs(offset)}`;
  if (first !== undefined) return `${role} (${first} + t${beyond === "" ? "" : `, ${beyond}`})`;
  if (beyond !== "") return `${role} (${beyond})`;
  if (rows !== undefined) return `${role} (${update}: ${rows})`;
  if (rope !== undefined) return `${role} (RoPE ${rope})`;
  const numbers = [
    ...(open === undefined ? [] : [`open ${open}`]),
    ...(closed === undefined ? [] : [`closed ${closed}`]),
  ];
  return numbers.length > 0 ? `${role} (${numbers.join(", ")})` : role;
}

const axesText = ({ tokenAxis, slotAxis }: RoleRecord): string =>
  [
    ...(tokenAxis === undefined ? [] : [`token ${tokenAxis}`]),
    ...(slotAxis === undefined ? [] : [`slot ${slotAxis}`]),
  ].join(", ");

/** A role, or an input of which none is known. */
export type FoundRole = RoleRecord | { readonly input: string; readonly role: "not known" };

/** The roles of twins, those that are not known behind the others. */
export const foundRoles = ({ roles, open, caches }: MetInputs): readonly FoundRole[] => [
  ...recordsOf(roles, caches),
  ...open.map(({ input }) => ({ input: input.name ?? "", role: "not known" }) as const),
];

/**
 * The roles of graphs that have no twin at hand. A shape alone tells nothing then.
 * @throws UserError when a role is given for an input that none of them has, GraphError when one does not fit
 */
export function rolesAlone(graphs: readonly Graph[], given: GivenRoles): readonly FoundRole[] {
  const names = new Set(graphs.flatMap(({ inputs }) => inputs.map((x) => x.name ?? "")));
  const stray = [...given.keys()].find((name) => !names.has(name));
  if (stray !== undefined)
    throw new UserError(`there is no input "${stray}", for which a role is given`, `they are ${[...names].join(", ")}`);
  const found = graphs.flatMap((graph) => {
    const own = new Map([...given].filter(([name]) => graph.inputs.some((x) => x.name === name)));
    return foundRoles(meetInputs(graph, graph, own));
  });
  const known = (role: FoundRole): FoundRole =>
    "source" in role && role.source === "shape" ? { input: role.input, role: "not known" } : role;
  return [...new Map(found.map((role) => [role.input, known(role)])).values()];
}

/** The roles as a table with their sources; empty for a graph without inputs. */
export const rolesText = (roles: readonly FoundRole[]): string => rolesLines(roles).join("\n");
