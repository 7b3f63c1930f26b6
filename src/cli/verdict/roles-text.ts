/** The roles of inputs as a short table. */
import type { FoundRole } from "../../api/found-roles.ts";
import type { RoleRecord } from "../../dsl/role.ts";
import { table } from "../terminal/table.ts";

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

/** The roles as a table with their sources; empty for a graph without inputs. */
export const rolesText = (roles: readonly FoundRole[]): string => rolesLines(roles).join("\n");

/** Nobody has said it: a name that means something else makes the proof one about another host. */
export function byName(roles: readonly FoundRole[]): readonly string[] {
  const names = roles.filter((role) => "source" in role && role.source === "name").map(({ input }) => input);
  if (names.length === 0) return [];
  return [`${names.join(", ")} ${names.length === 1 ? "is what its name says" : "are what their names say"}`];
}
