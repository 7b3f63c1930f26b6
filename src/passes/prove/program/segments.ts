/**
 * The parts of a proof. Results that depend on the same cut value belong together; two parts that are the same but
 * for the names of weights, states and cuts have the same proof, so only one of them is proven.
 */
import { createHash } from "node:crypto";
import type { Roles } from "../../../dsl/role.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { PlaceOf } from "../reading/leaves.ts";
import type { ProvenPair } from "./pair.ts";
import type { CutPairs } from "./program.ts";
import type { Pair } from "./relation.ts";

/** Pairs to be proven together. */
export interface Segment {
  readonly pairs: readonly Pair[];
  /** Equal for segments that differ in names only. */
  readonly signature: string;
}

/** Groups pairs by the cut values they depend on. */
export function segmentsOf(pairs: readonly Pair[], cuts: CutPairs, graphs: ProvenPair): readonly Segment[] {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const key = [...upstream(pair.block, cuts.block)].map((x) => cuts.block.get(x)!.number).join();
    groups.set(key, [...(groups.get(key) ?? []), pair]);
  }
  return [...groups.values()].map((group) => ({ pairs: group, signature: signatureOf(group, cuts, graphs) }));
}

/** The nearest cut values that a value depends on; itself does not count. */
function upstream(root: Tensor, cuts: ReadonlyMap<Tensor, unknown>): ReadonlySet<Tensor> {
  const [found, seen] = [new Set<Tensor>(), new Set<Tensor>()];
  const stack = [root];
  while (stack.length > 0) {
    const value = stack.pop()!;
    if (seen.has(value)) continue;
    seen.add(value);
    if (value !== root && cuts.has(value)) found.add(value);
    else if (value.def.kind === "op") stack.push(...operandsOf(value.def));
  }
  return found;
}

/** A text of both graphs above the pairs, in which names are replaced by the order of their first appearance. */
function signatureOf(pairs: readonly Pair[], cuts: CutPairs, { step, roles, placeOf }: ProvenPair): string {
  const hash = createHash("sha256");
  const numbers = new Map<string, number>();
  const number = (name: string): number => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name)!;
  };
  for (const side of ["block", "step"] as const) {
    const seen = new Map<Tensor, number>();
    const roots = pairs.map((pair) => pair[side]);
    const write = (value: Tensor): number => {
      const known = seen.get(value);
      if (known !== undefined) return known;
      // Cuts stop the walk, except that a root is written out even when it is one.
      const cut = roots.includes(value) ? undefined : (cuts[side].get(value) ?? rowsCut(value, roles));
      const text = cut
        ? `cut ${number(`cut ${"number" in cut ? cut.number : cut.input}`)} ${cut.tokenAxis}`
        : textOf(value, number, write, placeOf);
      seen.set(value, seen.size);
      hash.update(`${seen.size - 1} ${value.type.dtype}[${value.type.shape}] ${text};`);
      if (side === "step" && !cut && value.def.kind === "state") {
        // A later step enters with what this state holds at exit.
        const exit = step.states.find((s) => s.name === (value.def as { name: string }).name)?.exit;
        if (exit && exit !== value) hash.update(`exit ${write(exit)};`);
      }
      return seen.get(value)!;
    };
    for (const pair of pairs) hash.update(`${pair.what === "state"} ${pair.tokenAxis} ${write(pair[side])};`);
  }
  return hash.digest("hex");
}

interface FedRows {
  readonly input: string;
  readonly tokenAxis: number;
}

/** Rows that the host feeds are to a proof what the rows of a cut are: unknown numbers by token and place. */
function rowsCut({ def }: Tensor, roles: Roles): FedRows | undefined {
  const role = def.kind === "input" ? roles.get(def.name) : undefined;
  return role?.kind === "rows" && def.kind === "input" ? { input: def.name, tokenAxis: role.tokenAxis } : undefined;
}

function textOf(
  value: Tensor,
  number: (name: string) => number,
  write: (value: Tensor) => number,
  placeOf: PlaceOf,
): string {
  const { def } = value;
  switch (def.kind) {
    case "input":
      return `input ${def.name}`;
    case "state":
      return `state ${number(`state ${def.name}`)}`;
    case "weight": {
      // By place: two names that are parts of one tensor are not just any two names.
      const { base, offset } = placeOf(def.source, value.type);
      return `weight ${number(`weight ${base}`)} ${offset}`;
    }
    case "const":
      return `const ${dataHash(def.data)}`;
    case "op": {
      const operands = Object.entries(def.operands).map(
        ([key, x]) => `${key}=${[x].flat().map((t) => write(t as Tensor))}`,
      );
      return `${def.op} ${def.part ?? ""} ${operands.join(" ")} ${JSON.stringify(def.attrs)}`;
    }
  }
}

const hashes = new WeakMap<ArrayLike<number>, string>();

function dataHash(data: ArrayLike<number>): string {
  const known = hashes.get(data as never);
  if (known) return known;
  const text = createHash("sha256").update(Float64Array.from(data)).digest("hex");
  hashes.set(data as never, text);
  return text;
}
