/** From two values that differ down to the first that do: op by op, by what they are made from, never by names. */
import { type OpDef, operandsOf, type Tensor } from "../../../../dsl/tensor.ts";
import { has } from "../../../../dsl/traits.ts";
import { sizeOf } from "../../../../dsl/type.ts";
import { exactly } from "../../program/literals.ts";

/** A value of the block and one of the step. */
export interface Twin {
  readonly block: Tensor;
  readonly step: Tensor;
}

/**
 * How row t of one value stands to the value of call t: `later` where they agree but at cache rows of later tokens,
 * which the block alone has written; `unlike` where there is nothing to compare.
 */
export type Fit = "equal" | "later" | "differs" | "unlike";

/** What is known of two graphs. */
export interface Judge {
  fit(twin: Twin): Fit;
  /** Whether the two should be one function of the inputs: row by row, or as what a state holds at exit. */
  tells(twin: Twin): boolean;
  /** Whether a value depends on what a call finds in a state. */
  remembers(value: Tensor): boolean;
  /** Whether the two differ at the row of a later token in numbers that no mask has shut. */
  shows(twin: Twin): boolean;
  /** Whether a value of the block is equal to one of the step: what is made of it may be wrong, it is not. */
  met(value: Tensor): boolean;
  /** Where the ops themselves part: values beneath both that are made alike from equal ones, and differ. */
  frontier(twin: Twin): readonly Twin[];
}

/** Two values that should be equal and are not, and nothing beneath them that is told the same way. */
export interface Parting extends Twin {
  /** Whether they differ at the row of a later token that they show. */
  readonly later?: true;
  /** Of what the block's is made from, values that could not be paired with the step's. */
  readonly unpaired?: readonly Tensor[];
}

/** The first values beneath two that differ, these themselves where there are none. */
export function partings(judge: Judge, top: Twin): readonly Parting[] {
  const walk = newWalk(judge);
  const below = walk.below(top);
  return below.found.length > 0 ? below.found : [itself(top, below)];
}

interface Below {
  readonly found: readonly Parting[];
  /** What a value is made from and could not be paired. */
  readonly unpaired: readonly Tensor[];
}

const NOTHING: Below = { found: [], unpaired: [] };

const itself = ({ block, step }: Twin, { unpaired }: Below): Parting => ({
  block,
  step,
  ...(unpaired.length > 0 ? { unpaired } : {}),
});

/** Walks from twin to twin; each is looked at once. */
function newWalk(judge: Judge): { below(twin: Twin): Below } {
  const known = new Map<Tensor, Map<Tensor, Below>>();
  const below = (twin: Twin): Below => {
    const own = known.get(twin.block) ?? new Map<Tensor, Below>();
    known.set(twin.block, own);
    const done = own.get(twin.step);
    if (done) return done;
    own.set(twin.step, NOTHING);
    const found = look(twin);
    own.set(twin.step, found);
    return found;
  };
  const unmet = (twins: readonly Twin[]): readonly Tensor[] =>
    twins.map(({ block }) => block).filter((x) => isOp(x) && !judge.met(x));
  const isCause = ({ block }: Twin): boolean => (isOp(block) ? judge.met(block) : isStored(block));
  const told = (twin: Twin): readonly Parting[] => {
    if (isOp(twin.block) && judge.met(twin.block)) return [];
    const beneath = below(twin);
    if (beneath.found.length > 0 || !judge.tells(twin) || !isOp(twin.block)) return beneath.found;
    return [itself(twin, beneath)];
  };
  const look = (twin: Twin): Below => {
    const operands = aligned(judge, twin);
    if (!operands) return parted(twin);
    const of = (...fits: readonly Fit[]) => operands.filter((x) => fits.includes(judge.fit(x)));
    const apart = of("differs", "unlike");
    const found = apart.flatMap(told);
    if (found.length > 0) return { found, unpaired: [] };
    // The value itself is made otherwise: of other numbers, of another value, by other attributes.
    if (apart.some(isCause) || !sameAttrs(twin)) return { found: [], unpaired: unmet(apart) };
    const late = of("later");
    const beneath = late.flatMap((x) => strictly(x, new Set()));
    if (beneath.length > 0) return { found: beneath, unpaired: [] };
    const shown = late.filter((x) => judge.tells(x) && judge.shows(x)).map((x): Parting => ({ ...x, later: true }));
    return { found: shown, unpaired: unmet(apart) };
  };
  /** Beneath values that agree but at rows of later tokens: what differs there though no cache has a part in it. */
  const strictly = (twin: Twin, seen: Set<Tensor>): readonly Parting[] => {
    if (seen.has(twin.block)) return [];
    seen.add(twin.block);
    return (aligned(judge, twin) ?? []).flatMap((x) => {
      if (judge.remembers(x.block)) return judge.fit(x) === "later" ? strictly(x, seen) : [];
      return judge.fit(x) === "differs" ? told(x) : [];
    });
  };
  /** Two values of different ops: one graph may move elements where the other does not. */
  const parted = (twin: Twin): Below => {
    if (twin.block.def.kind !== "op") return NOTHING;
    // An op that the other graph does not have.
    const beside = [
      ...operandsOf(twin.block.def).map((block) => ({ ...twin, block })),
      ...(twin.step.def.kind === "op" ? operandsOf(twin.step.def).map((step) => ({ ...twin, step })) : []),
    ];
    if (beside.some((x) => judge.fit(x) === "equal")) return NOTHING;
    const [v, w] = [movedBy(twin.block), movedBy(twin.step)];
    const moved = [
      ...(v ? [{ ...twin, block: v }] : []),
      ...(w ? [{ ...twin, step: w }] : []),
      ...(v && w ? [{ block: v, step: w }] : []),
    ];
    for (const other of moved) {
      const fit = judge.fit(other);
      if (fit === "equal") return NOTHING;
      const found = fit === "differs" ? told(other) : [];
      if (found.length > 0) return { found, unpaired: [] };
    }
    const found = judge.frontier(twin);
    return {
      found,
      unpaired: found.length > 0 ? [] : unmet(operandsOf(twin.block.def).map((block) => ({ ...twin, block }))),
    };
  };
  return { below };
}

/** Whether a value is stored with the graph. */
export const isStored = ({ def }: Tensor): boolean => def.kind === "const" || def.kind === "weight";
const sameAttrs = ({ block: { def: a }, step: { def: b } }: Twin): boolean =>
  a.kind === "op" && b.kind === "op" && JSON.stringify(a.attrs, exactly) === JSON.stringify(b.attrs, exactly);
const isOp = ({ def }: Tensor): boolean => def.kind === "op";

/** What an op moves to other places, all of it. */
function movedBy({ def, type }: Tensor): Tensor | undefined {
  if (def.kind !== "op" || !has(def, "moves")) return undefined;
  const [first] = operandsOf(def);
  return first && sizeOf(first.type.shape) === sizeOf(type.shape) ? first : undefined;
}

const RANK: Readonly<Record<Fit, number>> = { equal: 0, later: 1, differs: 2, unlike: 3 };
/** Ops whose operands may change places. */
const COMMUTE = ["add", "mul", "maximum", "minimum", "logical_and", "logical_or", "equal"];

/** The operands of two values of the same op, pair by pair; undefined where these are made in different ways. */
export function aligned(judge: Pick<Judge, "fit">, { block, step }: Twin): readonly Twin[] | undefined {
  if (block.def.kind !== "op" || step.def.kind !== "op" || shapeOf(block.def) !== shapeOf(step.def)) return undefined;
  const [a, b] = [operandsOf(block.def), operandsOf(step.def)];
  const straight = a.map((x, k): Twin => ({ block: x, step: b[k]! }));
  if (a.length !== 2 || !COMMUTE.includes(block.def.op)) return straight;
  const turned = a.map((x, k): Twin => ({ block: x, step: b[1 - k]! }));
  const cost = (all: readonly Twin[]) => all.reduce((sum, x) => sum + RANK[judge.fit(x)], 0);
  return cost(turned) < cost(straight) ? turned : straight;
}

/** The op and how many operands it has under each name. */
const shapeOf = ({ op, operands }: OpDef): string =>
  JSON.stringify([op, ...Object.entries(operands).map(([name, x]) => [name, "type" in x ? 0 : x.length])]);
