/** Before A and B are said to differ: would they if an input whose role nobody told is a mask? Else its role is asked for. */
import { GraphError, isGraphError } from "../../dsl/error.ts";
import { doubtfulArrays } from "../../dsl/host/same-interface.ts";
import { type Graphs, twinsOf } from "../../dsl/host/twins.ts";
import type { GivenRoles } from "../../dsl/role.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { show } from "../../dsl/type.ts";
import { type ProveOptions, prove } from "../../passes/prove/prove.ts";

const KINDS = [
  ["mask", "a mask"],
  ["write_mask", "a write mask"],
] as const;

/**
 * Tries an attention mask and a write mask in place of each array that nobody told of. A mask of several tokens is not tried: nothing is
 * known of what such calls are fed.
 * @throws GraphError that names the first input for which the graphs are not refuted as well
 */
export function askForArrays(
  { block, step }: Graphs,
  given: GivenRoles,
  stored: Pick<ProveOptions, "weightIdentity" | "tableOf">,
): void {
  for (const x of doubtfulArrays(twinsOf(block, step, given))) {
    if (x.type.shape.filter((n) => n > 1).length > 1) throw question(x, "a mask of several tokens");
    for (const [kind, called] of KINDS) {
      const roles: GivenRoles = new Map([...given, [x.name ?? "", { facts: { kind }, source: "option" }]]);
      if (!refutes(block, step, { ...stored, roles, secondOpinion: false, corollaries: false }))
        throw question(x, called);
    }
  }
}

/** Also where the role does not fit the shape: then the input is no such mask. */
function refutes(block: Graphs["block"], step: Graphs["step"], options: ProveOptions): boolean {
  try {
    return prove(block, step, options).verdict === "REFUTED";
  } catch (error) {
    if (isGraphError(error)) return true;
    throw error;
  }
}

const question = ({ name, type, site }: Tensor, called: string): GraphError =>
  new GraphError(
    `what the host feeds to input "${name}" (${show(type)}) is not known: A and B differ if it is an array of any numbers, and are not known to if it is ${called}`,
    site,
    [],
    `say --role ${name}=shared if any array is fed, or ${KINDS.map(([kind]) => kind).join(" or ")}`,
  );
