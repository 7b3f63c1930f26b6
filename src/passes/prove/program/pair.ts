/** The two graphs of a proof, with all that is known of them before a term is made. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { withHostCaches } from "../../../dsl/host/host-caches.ts";
import { tellsSlots } from "../../../dsl/host/slots.ts";
import { type Twins, twinsOf } from "../../../dsl/host/twins.ts";
import { integerRange } from "../../../dsl/number.ts";
import type { GivenRoles, Role } from "../../../dsl/role.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { type DType, isInteger } from "../../../dsl/type.ts";
import { INT32 } from "../logic/facts.ts";
import { type PlaceOf, weightPlace } from "../reading/leaves.ts";
import { checkProvable } from "./reach.ts";
import { takesRowMeans } from "./row-means.ts";
import { checkStoredSizes } from "./stored-sizes.ts";
import { type TableOf, type UnpackedOf, unpackedTables } from "./unpacked.ts";

/** Twins, and what only a proof asks of them. */
export interface ProvenPair extends Twins {
  readonly given?: GivenRoles;
  /** The largest cache row that the interface allows for; a wider range than the true one is safe. */
  readonly lastRow: number;
  /** Sizes of caches that are rings: a position is taken modulo them. */
  readonly rings: ReadonlySet<number>;
  /** Sizes of the axes of states that may count cache rows. */
  readonly cacheSizes: ReadonlySet<number>;
  /** Whether a mask is −∞ where it is closed. */
  readonly bottomless: boolean;
  /** Whether one of the graphs divides by a number of cache rows. */
  readonly rowMeans: boolean;
  readonly placeOf: PlaceOf;
  readonly tableOf: TableOf;
  readonly unpackedOf: UnpackedOf;
}

/** What is known of stored tensors and of inputs; a weight is itself, and no constant, where nothing is said. */
export interface Stored {
  readonly placeOf?: PlaceOf;
  readonly tableOf?: TableOf;
  /** Roles that are stated outside the graphs: they hold for small ones of the same model as well. */
  readonly given?: GivenRoles;
}

/** @throws GraphError when the interfaces of the two graphs do not match; UserError when the block is too long. */
export function provenPair(block: Graph, step: Graph, stored: Stored = {}): ProvenPair {
  const { placeOf = weightPlace, tableOf = () => undefined, given } = stored;
  const twins = twinsOf(block, step, given);
  const tables = once(tableOf);
  checkProvable(twins.tokens);
  checkStoredSizes([block, step]);
  const cacheSizes = cacheSizesOf(twins);
  const rings = ringsOf(twins);
  return {
    ...twins,
    lastRow: lastRowOf(twins, rings),
    rings,
    cacheSizes,
    bottomless: [...twins.roles.values()].some((role) => role.kind === "mask" && role.closed === -Infinity),
    rowMeans: [block, step].some((graph) => takesRowMeans(graph, cacheSizes, twins.roles)),
    placeOf,
    tableOf: tables,
    unpackedOf: unpackedTables(tables),
    ...(given ? { given: withHostCaches([block, step], given).given } : {}),
  };
}

/** A table is asked for at every element that is read; it is read from its file once. */
function once(tableOf: TableOf): TableOf {
  const known = new Map<string, ArrayLike<number> | undefined>();
  return (source, type) => {
    if (source.from !== "package") return undefined;
    const key = `${source.file} ${source.offset}`;
    if (!known.has(key)) known.set(key, tableOf(source, type));
    return known.get(key);
  };
}

/** Of each state the axis of as many rows as the interface tells; the last but one where there is none. */
function cacheSizesOf({ block, slots }: Twins): ReadonlySet<number> {
  const sizes = block.states.map(({ entry }) => {
    const { shape } = entry.type;
    return slots !== undefined && shape.includes(slots) ? slots : shape.at(-2);
  });
  return new Set(sizes.filter((n) => n !== undefined && n > 1) as readonly number[]);
}

/** The last row that a cache of this interface has, and that the type of the positions can name. */
function lastRowOf(twins: Twins, rings: ReadonlySet<number>): number {
  const types = [...twins.block.inputs, ...twins.step.inputs].flatMap(({ name = "", type }) =>
    positionEnd(twins.roles.get(name), type.dtype),
  );
  return Math.min(rings.size > 0 ? INT32[1] : lastOfCache(twins), ...types);
}

/** The last row that an input can tell, if it tells one. */
const positionEnd = (role: Role | undefined, dtype: DType): readonly number[] =>
  role?.kind === "position" ? [integerRange(dtype)[1] - (role.offset ?? 0)] : [];

/** Sizes of axes of states by which a whole number is divided in one of the graphs. A mask or a write mask tells rows as they are. */
function ringsOf({ block, step, roles }: Twins): ReadonlySet<number> {
  if ([...roles.values()].some(({ kind }) => kind === "mask" || kind === "write_mask")) return new Set();
  const axes = new Set(block.states.flatMap(({ entry }) => entry.type.shape));
  const divisors = [...schedule(block), ...schedule(step)].flatMap(({ def, type }) => {
    if (def.kind !== "op" || !isInteger(type.dtype) || (def.op !== "mod" && def.op !== "floor_div")) return [];
    const by = (def.operands.y as Tensor).def;
    return by.kind === "const" && by.data.length === 1 ? [by.data[0]!] : [];
  });
  return new Set(divisors.filter((n) => n > 1 && axes.has(n)));
}

/** A mask tells the number of rows. Else they are an axis of some state: which one is not known, so the longest counts. */
function lastOfCache({ block, roles }: Twins): number {
  for (const x of block.inputs) {
    const role = roles.get(x.name ?? "");
    if (tellsSlots(role)) return x.type.shape[role.slotAxis]! - 1;
  }
  const appended = block.states.flatMap(({ entry, host }) =>
    host?.update === "append" && host.axis !== undefined ? [entry.type.shape[host.axis]!] : [],
  );
  const axes = appended.length > 0 ? appended : block.states.flatMap(({ entry }) => entry.type.shape);
  return axes.length > 0 ? Math.max(...axes) - 1 : INT32[1];
}
