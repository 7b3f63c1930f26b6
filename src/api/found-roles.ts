/** What is known of the inputs of graphs, beside a twin or alone. */
import type { Graph } from "../dsl/graph.ts";
import { type MetInputs, meetInputs } from "../dsl/host/twins.ts";
import { type GivenRoles, type RoleRecord, recordsOf } from "../dsl/role.ts";
import { UserError } from "../dsl/user-error.ts";

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
