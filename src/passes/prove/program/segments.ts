/**
 * The parts of a proof. Results that depend on the same cut value belong together; two parts that are the same but
 * for the names of weights, states and cuts have the same proof, so only one of them is proven.
 */
import { createHash } from "node:crypto";
import type { Roles } from "../../../dsl/role.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { exactly, hashOfNumbers } from "./literals.ts";
import type { ProvenPair } from "./pair.ts";
import type { CutPairs } from "./program.ts";
import type { Pair } from "./relation.ts";

/** Pairs to be proven together. */
export interface Segment {
  readonly pairs: readonly Pair[];
  /** Equal for segments that differ in names only. */
  readonly signature: string;
  /** Inputs whose rows it reads: their names are not in the signature. */
  readonly rows: ReadonlySet<string>;
  /** The numbers of the cuts that it reads. */
  readonly reads: readonly number[];
}

/** Groups pairs by the cut values they depend on. */
export function segmentsOf(pairs: readonly Pair[], cuts: CutPairs, graphs: ProvenPair): readonly Segment[] {
  const groups = new Map<string, { readonly reads: readonly number[]; readonly pairs: Pair[] }>();
  for (const pair of pairs) {
    const reads = [...upstream(pair.block, cuts.block)].map((x) => cuts.block.get(x)!.number);
    const group = groups.get(reads.join()) ?? { reads, pairs: [] };
    group.pairs.push(pair);
    groups.set(reads.join(), group);
  }
  return [...groups.values()].map((group) => ({ ...group, ...signatureOf(group.pairs, cuts, graphs) }));
}

/** The nearest cut values that a value depends on; itself does not count. */
function upstream(root: Tensor, cuts: CutPairs["block"]): ReadonlySet<Tensor> {
  const [found, seen] = [new Set<Tensor>(), new Set<Tensor>()];
  const stack = [root];
  while (stack.length > 0) {
    const value = stack.pop()!;
    if (seen.has(value)) continue;
    seen.add(value);
    if (value !== root && cuts.get(value)) found.add(value);
    else if (value.def.kind === "op") for (const x of operandsOf(value.def)) stack.push(x);
  }
  return found;
}

/** A text of both graphs above the pairs, in which names are replaced by the order of their first appearance. */
function signatureOf(
  pairs: readonly Pair[],
  cuts: CutPairs,
  { step, roles, placeOf, tableOf }: ProvenPair,
): Pick<Segment, "signature" | "rows"> {
  const rows = new Set<string>();
  const hash = createHash("sha256");
  const names = new Map<string, number>();
  const numberOf = (name: string): number => {
    if (!names.has(name)) names.set(name, names.size);
    return names.get(name)!;
  };
  const exits = new Map(step.states.map(({ name, exit }) => [name, exit]));
  for (const side of ["block", "step"] as const) {
    const roots = pairs.map((pair) => pair[side]);
    const isRoot = new Set(roots);
    // Cuts stop the walk, except that a root is written out even when it is one.
    const stop = (value: Tensor) => (isRoot.has(value) ? undefined : (cuts[side].get(value) ?? fedRows(value, roles)));
    // A later step enters with what a state holds at exit.
    const exitOf = ({ def }: Tensor) => (side === "step" && def.kind === "state" ? exits.get(def.name) : undefined);
    const order = upwards(roots, (value) => {
      if (stop(value)) return [];
      const exit = exitOf(value);
      return value.def.kind === "op" ? operandsOf(value.def) : exit && exit !== value ? [exit] : [];
    });
    for (const [value] of order) {
      const cut = stop(value);
      if (cut && "input" in cut) rows.add(cut.input);
      const at = (x: Tensor): number => order.get(x)!;
      const text = cut
        ? `cut ${numberOf("number" in cut ? `cut ${cut.number}` : `rows ${cut.input}`)} ${cut.tokenAxis}`
        : textOf(value, numberOf, at, { placeOf, tableOf });
      const exit = exitOf(value);
      hash.update(`${value.type.dtype}[${value.type.shape}] ${text} ${exit && order.get(exit)};`);
    }
    for (const pair of pairs)
      hash.update(`${pair.what === "state"} ${pair.tokenAxis} ${pair.token} ${order.get(pair[side])};`);
  }
  return { signature: hash.digest("hex"), rows };
}

/** The values above the roots, each with a number; without recursion, since graphs may be long. */
function upwards(roots: readonly Tensor[], above: (value: Tensor) => readonly Tensor[]): ReadonlyMap<Tensor, number> {
  const order = new Map<Tensor, number>();
  const stack = roots.toReversed();
  for (let value = stack.pop(); value; value = stack.pop()) {
    if (order.has(value)) continue;
    order.set(value, order.size);
    for (const x of above(value).toReversed()) stack.push(x);
  }
  return order;
}

interface FedRows {
  readonly input: string;
  readonly tokenAxis: number;
}

/** Rows that the host feeds are to a proof what the rows of a cut are: unknown numbers by token and place. */
function fedRows({ def }: Tensor, roles: Roles): FedRows | undefined {
  const role = def.kind === "input" ? roles.get(def.name) : undefined;
  return role?.kind === "rows" && def.kind === "input" ? { input: def.name, tokenAxis: role.tokenAxis } : undefined;
}

function textOf(
  value: Tensor,
  number: (name: string) => number,
  at: (value: Tensor) => number,
  { placeOf, tableOf }: Pick<ProvenPair, "placeOf" | "tableOf">,
): string {
  const { def } = value;
  switch (def.kind) {
    case "input":
      return `input ${JSON.stringify(def.name)}`;
    case "state":
      return `state ${number(`state ${def.name}`)}`;
    case "weight": {
      const table = tableOf(def.source, value.type);
      if (table) return `const ${hashOfNumbers(table)}`;
      // By place: two names that are parts of one tensor are not just any two names.
      const { base, offset } = placeOf(def.source, value.type);
      return `weight ${number(`weight ${base}`)} ${offset}`;
    }
    case "const":
      return `const ${hashOfNumbers(def.data)}`;
    case "op": {
      const operands = Object.entries(def.operands).map(
        ([key, x]) => `${key}=${[x].flat().map((t) => at(t as Tensor))}`,
      );
      return `${def.op} ${def.part ?? ""} ${operands.join(" ")} ${JSON.stringify(def.attrs, exactly)}`;
    }
  }
}
