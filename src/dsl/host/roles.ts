/**
 * The role of each input of a block graph: as it was stated, else from its name, else from comparing its shape with
 * that of its one-token twin. The names are those of the field's runtimes (docs/architecture.md, "The interface of a
 * layer package").
 */
import { GraphError } from "../error.ts";
import type { Graph } from "../graph.ts";
import {
  factsOf,
  type GivenRoles,
  type KnownRole,
  type Role,
  type RoleFacts,
  type RoleSource,
  type StatedFacts,
} from "../role.ts";
import type { Tensor } from "../tensor.ts";
import { isInteger, type Shape, show } from "../type.ts";
import { checkAlike } from "./role-alike.ts";
import { fittedRole } from "./role-fit.ts";
import { joinedMask, joinedOfOne } from "./windows.ts";

const NAMES: readonly (readonly [facts: RoleFacts, names: readonly string[]])[] = [
  [{ kind: "mask" }, ["attn_mask", "attn_mask_local", "causal_mask", "attention_mask", "mask"]],
  [{ kind: "write_mask" }, ["kv_write_mask", "write_mask", "update_mask"]],
  [{ kind: "position" }, ["position", "positions", "cache_position", "current_pos", "pos"]],
  [{ kind: "rows", rope: "cos" }, ["rope_cos", "rope_cos_local"]],
  [{ kind: "rows", rope: "sin" }, ["rope_sin", "rope_sin_local"]],
];
const BY_NAME = new Map(NAMES.flatMap(([facts, names]) => names.map((name) => [name, facts] as const)));

/** What was stated of an input, and by whom. */
interface Stated {
  readonly facts: RoleFacts;
  readonly source: RoleSource;
}

/** What was stated of an input, a cache or not: outside the graph, or by its author. */
export function statedFacts(
  x: Tensor,
  given: GivenRoles,
): { readonly facts: StatedFacts; readonly source: RoleSource } | undefined {
  const outside = given.get(x.name ?? "");
  if (outside) return outside;
  const { def } = x;
  return def.kind === "input" && def.role !== undefined ? { facts: factsOf(def.role), source: "declared" } : undefined;
}

/** What was stated of an input that is no cache: those are states by now (host-caches.ts). */
function statedRole(x: Tensor, given: GivenRoles): Stated | undefined {
  const stated = statedFacts(x, given);
  if (stated === undefined) return undefined;
  const { facts, source } = stated;
  if (facts.kind === "cache") throw new Error(`input "${x.name}" is a cache, of which nobody made a state`);
  return { facts, source };
}

/** The roles that the authors of graphs declared, for graphs with the same inputs that hold none. */
export const declaredRoles = (graphs: readonly Graph[]): GivenRoles =>
  new Map(
    graphs.flatMap(({ inputs }) =>
      inputs.flatMap((x) => {
        const stated = statedFacts(x, NONE);
        return stated ? [[x.name ?? "", stated] as const] : [];
      }),
    ),
  );

/** Of these the roles that hold for a package of the graphs: it holds none itself but those of caches. */
export const rolesOfBytes = (graphs: readonly Graph[]): GivenRoles =>
  new Map([...declaredRoles(graphs)].filter(([, { facts }]) => facts.kind !== "cache"));

const NONE: GivenRoles = new Map();

/** What is known of an input before its shape is looked at: what was stated, or what its name says. */
export function knownFacts(x: Tensor, given: GivenRoles): Stated | undefined {
  const facts = BY_NAME.get(x.name ?? "");
  return statedRole(x, given) ?? (facts && { facts, source: "name" });
}

/** An input whose role nobody stated, and which neither name nor shape tells. */
export interface OpenRole {
  readonly input: Tensor;
  /** Why the name is not believed, where it would tell one. */
  readonly why?: string;
}

/** The roles that are known, by name and in the order of the block's inputs, and the inputs that have none. */
export interface FoundRoles {
  readonly roles: ReadonlyMap<string, KnownRole>;
  readonly open: readonly OpenRole[];
}

/**
 * The roles of the block's inputs, of which the step has one each. `tokens` is T, 1 when nothing tells it.
 * @throws GraphError when the two differ in more than one token axis per input or in one that is not of T tokens, or a stated role does not fit.
 */
export function rolesOf(block: Graph, step: Graph, tokens: number, given: GivenRoles): FoundRoles {
  const steps = new Map(step.inputs.map((x) => [x.name, x]));
  const roles = new Map<string, KnownRole>();
  const open: OpenRole[] = [];
  for (const x of block.inputs) {
    const name = x.name ?? "";
    const twin = steps.get(name);
    if (!twin) throw new GraphError(`input "${name}" of ${block.name} is missing in ${step.name}`, x.site);
    const joined = joinedMask([block, step], x, twin, tokens);
    const differing = joined ? joined.tokenAxis : differingAxis(block, x, twin.type.shape, tokens);
    const found = roleOf(x, { differing, tokens }, statedByBoth(x, twin, given));
    if (joined && !("kind" in found && found.kind === "mask" && found.slotAxis === joined.slotAxis))
      differingAxis(block, x, twin.type.shape, tokens);
    if ("input" in found) open.push(found);
    else if (found.kind === "mask") {
      const behind = tokens === 1 ? joinedOfOne([block, step], x.type.shape[found.slotAxis]!) : joined?.behind;
      roles.set(name, behind ? { ...found, behind } : found);
    } else roles.set(name, found);
  }
  checkFirsts(block, roles);
  return { roles, open };
}

/** What was stated of an input that both graphs have. @throws GraphError when their authors contradict each other */
function statedByBoth(x: Tensor, twin: Tensor, given: GivenRoles): Stated | undefined {
  const [own, other] = [statedRole(x, given), statedRole(twin, given)];
  if (own && other) checkAlike(x, own.facts, other.facts);
  return own ?? other;
}

/** The one axis in which the block's shape differs from the step's; there the block has size T, and the step 1. */
function differingAxis(
  graph: Graph,
  { name, site, type: { shape: block } }: Tensor,
  step: Shape,
  tokens: number,
): number | undefined {
  const differing = block.flatMap((n, axis) => (n === step[axis] ? [] : [axis]));
  const [axis] = differing;
  if (block.length !== step.length || differing.length > 1 || (axis !== undefined && step[axis] !== 1)) {
    const shapes = `[${block.join(",")}] and [${step.join(",")}]`;
    throw new GraphError(
      `input "${name}" of ${graph.name} must differ from its one-token twin in one axis of size 1: ${shapes}`,
      site,
    );
  }
  // A row that is no token's would be fed to the block and to no step.
  if (axis !== undefined && block[axis] !== tokens)
    throw new GraphError(
      `input "${name}" of ${graph.name} has ${block[axis]} rows along axis ${axis}, where its one-token twin has 1; by its inputs the block is of ${tokens} tokens`,
      site,
    );
  return axis;
}

interface Seen {
  readonly differing: number | undefined;
  readonly tokens: number;
}

function roleOf(x: Tensor, seen: Seen, stated: Stated | undefined): KnownRole | OpenRole {
  if (stated) {
    const role = fittedRole(x.type, seen, stated.facts);
    if (typeof role !== "string") return { ...role, source: stated.source };
    throw new GraphError(`input "${x.name}" (${show(x.type)}) ${role}`, x.site, [], mendOf(stated));
  }
  const named = BY_NAME.get(x.name ?? "");
  if (named) {
    const role = fittedRole(x.type, seen, named);
    return typeof role === "string" ? { input: x, why: role } : { ...role, source: "name" };
  }
  if (isInteger(x.type.dtype)) return { input: x };
  const { differing } = seen;
  const role: Role = differing === undefined ? { kind: "shared" } : { kind: "rows", tokenAxis: differing };
  return { ...role, source: "shape" };
}

/** Where the fact that does not fit stands. */
const mendOf = ({ source, facts }: Stated): string =>
  source === "declared"
    ? `its role "${facts.kind}" is declared where it is made`
    : `its role "${facts.kind}" is from the ${source === "option" ? "option --role" : source}`;

/** An input that the positions of tokens follow is a position itself, and one for the whole block. @throws GraphError */
function checkFirsts(block: Graph, roles: FoundRoles["roles"]): void {
  for (const x of block.inputs) {
    const role = roles.get(x.name ?? "");
    if (role?.kind !== "position" || role.first === undefined) continue;
    const first = roles.get(role.first);
    if (first?.kind === "position" && first.tokenAxis === undefined) continue;
    throw new GraphError(
      `input "${x.name}" is said to follow "${role.first}", which is no position of a block's first token`,
      x.site,
    );
  }
}
