/** RoPE as its ops write it: elements a·cos ± b·sin, two of which are a pair (a, b) that is turned. */
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { broadcastPlace, type Trace } from "./trace.ts";

/** Of an element: whose it is a sum of, each with its sign, and the angle. */
export interface Turn {
  readonly cos: Source;
  readonly sin: Source;
  /** The place in both tables, and which tables. */
  readonly angle: number;
  readonly table: Tensor;
}

/** An element of a value, or its negative. */
export interface Source {
  readonly root: Tensor;
  readonly at: number;
  readonly sign: number;
}

/** How elements are looked up. */
export interface Turning {
  trace(x: Tensor): Trace;
  /** Of each table of cosines the one of sines. */
  readonly tables: ReadonlyMap<Tensor, Tensor>;
}

/** By element of a sum or difference, where it is such a turn. */
export function turnsOf(value: Tensor, turning: Turning): readonly (Turn | undefined)[] | undefined {
  const { def } = value;
  if (def.kind !== "op" || (def.op !== "add" && def.op !== "sub") || turning.tables.size === 0) return undefined;
  const [left, right] = operandsOf(def).map((x) => productsOf(x, turning, value.type.shape));
  if (!left || !right) return undefined;
  const size = value.type.shape.reduce((all, n) => all * n, 1);
  const minus = def.op === "sub" ? -1 : 1;
  return Array.from({ length: size }, (_, at) => {
    const [a, b] = [left(at), right(at)];
    if (!a || !b) return undefined;
    const second = { ...b, source: { ...b.source, sign: b.source.sign * minus } };
    const [c, s] = turning.tables.has(a.table) ? [a, second] : [second, a];
    if (turning.tables.get(c.table) !== s.table || c.angle !== s.angle) return undefined;
    return { cos: c.source, sin: s.source, angle: c.angle, table: c.table };
  });
}

interface Product {
  readonly source: Source;
  readonly table: Tensor;
  readonly angle: number;
}
type Products = (at: number) => Product | undefined;

/** Elements of a product of a table with something else, a sign apart. */
function productsOf(x: Tensor, { trace, tables }: Turning, shape: readonly number[]): Products | undefined {
  if (x.type.shape.length !== shape.length || x.type.shape.some((n, axis) => n !== shape[axis])) return undefined;
  const known = new Set([...tables.keys(), ...tables.values()]);
  const outer = trace(x);
  const inner = outer.roots.map((root) => {
    const { def } = root;
    if (def.kind !== "op" || def.op !== "mul") return undefined;
    return operandsOf(def).map((one) => ({
      traced: trace(one),
      place: broadcastPlace(one.type.shape, root.type.shape),
    }));
  });
  const elementOf = ({ traced, place }: { traced: Trace; place: (at: number) => number }, at: number) => {
    const k = place(at);
    return { root: traced.roots[traced.root[k]!]!, at: traced.at[k]!, sign: traced.factor[k]! };
  };
  return (at) => {
    const pair = inner[outer.root[at]!];
    if (!pair) return undefined;
    const [a, b] = pair.map((one) => elementOf(one, outer.at[at]!)) as [Source, Source];
    const [source, table] = known.has(b.root) ? [a, b] : [b, a];
    const sign = outer.factor[at]! * source.sign * table.sign;
    if (!known.has(table.root) || known.has(source.root) || Math.abs(sign) !== 1) return undefined;
    return { source: { ...source, sign }, table: table.root, angle: table.at };
  };
}

/**
 * The elements that turns are of, where they are all in pairs: e = a·p·cos + b·q·sin and f = d·q·cos + g·p·sin with signs a to g, of one angle. Then
 * e² + f² = (p² + q²)(cos² + sin²) + 2·p·q·cos·sin·(ab + dg), of which the last has to be 0.
 */
export function pairsOf(turns: readonly Turn[]): readonly Source[] | undefined {
  const numbers = new Map<Tensor, number>();
  const keyOf = ({ root, at }: Source): string => {
    if (!numbers.has(root)) numbers.set(root, numbers.size);
    return `${numbers.get(root)} ${at}`;
  };
  const byCos = new Map(turns.map((turn) => [keyOf(turn.cos), turn]));
  for (const turn of turns) {
    const other = byCos.get(keyOf(turn.sin));
    const isPair =
      other &&
      other !== turn &&
      keyOf(other.sin) === keyOf(turn.cos) &&
      other.angle === turn.angle &&
      other.table === turn.table &&
      turn.cos.sign * turn.sin.sign + other.cos.sign * other.sin.sign === 0;
    if (!isPair) return undefined;
  }
  return turns.map(({ cos }) => cos);
}
