/** The graph with its values held at powers of two, where they need it: over the reals the same graph. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { mapOperands, type Operands } from "../../../dsl/operands.ts";
import { withResults } from "../../../dsl/rewrite.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { atExponent, type Held } from "./at-exponent.ts";
import type { Need, Needs } from "./needs.ts";
import { ruleOf, takesAsIs } from "./rules.ts";

/** A value that no power of two holds, and why. */
export interface Unheld {
  readonly value: Tensor;
  readonly why: string;
  /** What a clip would have to hold in its place; `results` where it is one of the graph. None where no clip does. */
  readonly clamp: { readonly values: readonly Tensor[]; readonly results: boolean };
}

/** What became of a graph; `exponents` are those of its own values, where they are not 0, and of sums inside ops. */
export type HeldGraph =
  | { readonly kind: "held"; readonly graph: Graph; readonly exponents: ReadonlyMap<Tensor, number> }
  | ({ readonly kind: "unheld" } & Unheld);

/** No value is held beyond this: the factor that undoes it is a number of fp16. */
const MOST = 14;

/**
 * Every value at the least power of two that it and the ops on it need; a value that fp16 holds as it is, is undone at once, and inputs, states and outputs
 * are what they were.
 */
export function hold(graph: Graph, needs: Needs): HeldGraph {
  const made = new Map<Tensor, Held>();
  const exponents = new Map<Tensor, number>();
  const records = new Map<Operands, OpDef["operands"]>();
  for (const [n, value] of schedule(graph).entries()) {
    const need = needs[n]!;
    const own = value.def.kind === "op" ? opHeld(value, value.def, need, { made, records }) : leafHeld(value);
    if ("why" in own) return { kind: "unheld", ...own };
    if (own.exponent > MOST)
      return { kind: "unheld", value, why: `would have to be held at 2^-${own.exponent}`, clamp: NO_CLAMP };
    if (own.exponent !== 0 && need.number > 0) exponents.set(value, own.exponent);
    else if (own.inside) exponents.set(value, own.inside);
    made.set(value, own);
  }
  const results = [...graph.states.map(({ exit }) => exit), ...Object.values(graph.outputs)];
  const shown = results.find((x) => (made.get(x)?.exponent ?? 0) > 0);
  if (shown)
    return {
      kind: "unheld",
      value: shown,
      why: "is beyond fp16, and a result of the graph",
      clamp: { values: [shown], results: true },
    };
  const now = (x: Tensor): Tensor => {
    const own = made.get(x);
    return own ? atExponent(own, 0) : x;
  };
  return { kind: "held", graph: withResults(graph, now), exponents };
}

/** What became of an op: `inside` is the exponent of a result that was undone at once. */
type Made = Held & { readonly inside?: number };

const leafHeld = (value: Tensor): Made => ({ tensor: value, exponent: 0 });

interface Making {
  readonly made: ReadonlyMap<Tensor, Held>;
  readonly records: Map<Operands, OpDef["operands"]>;
}

/** One op by its rule, undone where fp16 holds its result. */
function opHeld(value: Tensor, def: OpDef, need: Need, { made, records }: Making): Made | Unheld {
  const clamp = { values: takesAsIs(value, def) ? inTheWay(def, need, made) : [], results: false };
  if (!Number.isFinite(need.number + need.sum)) return { value, why: "is not bounded", clamp };
  const held = mapOperands(def.operands, (x) => made.get(x)!);
  const found = ruleOf(value, def)({ def, held, need });
  if (typeof found === "string") return { value, why: found, clamp };
  const { exponents, exponent, attrs = def.attrs } = found;
  // The parts of one op are known by their one record of operands.
  const operands =
    records.get(def.operands) ??
    (Object.fromEntries(
      Object.entries(held).map(([key, x]) => {
        const to = exponents.get(key) ?? 0;
        return [key, Array.isArray(x) ? x.map((one: Held) => atExponent(one, to)) : atExponent(x as Held, to)];
      }),
    ) as OpDef["operands"]);
  records.set(def.operands, operands);
  // What is only moved is as large as it was.
  const isUndone = exponent > 0 && need.number === 0 && !has(def, "moves");
  const raw = exponent > 0 ? renamed(value, HELD) : value;
  const own: Held = { tensor: { ...raw, def: { ...def, operands, attrs } }, exponent };
  if (!isUndone) return own;
  const { name } = value;
  const tensor = atExponent(own, 0);
  return { tensor: name === undefined ? tensor : { ...tensor, name }, exponent: 0, inside: exponent };
}

/** The operands that an op cannot take as they are held, or all of them where it is its own result that is beyond a limit; what the graph holds is no such. */
const inTheWay = (def: OpDef, { number, sum }: Need, made: ReadonlyMap<Tensor, Held>): readonly Tensor[] =>
  operandsOf(def).filter(
    (x) =>
      x.type.dtype === "fp16" &&
      x.def.kind !== "const" &&
      x.def.kind !== "weight" &&
      (number > 0 || sum > 0 || made.get(x)!.exponent > 0),
  );

const NO_CLAMP = { values: [], results: false } as const;

/** Behind the name of a value that is held at a power of two. */
const HELD = ".held";
const renamed = (value: Tensor, behind: string): Tensor =>
  value.name === undefined ? value : { ...value, name: `${value.name}${behind}` };
