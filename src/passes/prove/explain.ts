/** A difference in words: the first named value that parts, where, and the smallest differing terms. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { sameType } from "../../dsl/type.ts";
import { type Context, deeper } from "./context.ts";
import { type Ix, showIx } from "./indices.ts";
import { boundOf, instantiate } from "./lambda.ts";
import type { Programs } from "./program.ts";
import { compare, type Difference, type Pair, tokenAxisOf } from "./relation.ts";
import { rebuild } from "./scalar.ts";
import type { Term } from "./terms.ts";
import type { Finding } from "./verdict.ts";

/** The first named value of both graphs that differs; the given difference when no earlier one does. */
export function explain(p: Programs, graphs: { block: Graph; step: Graph }, known: Difference): Finding {
  const first = probes(p, graphs, known.pair).find((pair) => compare(p, pair).difference);
  const difference = first ? compare(p, first).difference! : known;
  return describe(p.c, difference);
}

/** Named values on the way to a pair that both graphs have in comparable shapes, in the order of the block. */
function probes(p: Programs, { block, step }: { block: Graph; step: Graph }, until: Pair): readonly Pair[] {
  const byName = new Map(schedule(step).flatMap((x) => (x.name && x.def.kind === "op" ? [[x.name, x]] : [])));
  const order = schedule({ ...block, inputs: [], states: [], outputs: { until: until.block } });
  return order.flatMap((value): readonly Pair[] => {
    const twin = value.def.kind === "op" && value.name ? byName.get(value.name) : undefined;
    if (!twin || p.block.cuts.has(value)) return [];
    return probe(value, twin, p.options.tokens, block);
  });
}

function probe(value: Tensor, twin: Tensor, tokens: number, block: Graph): readonly Pair[] {
  const axis = tokenAxisOf(value, twin, tokens);
  const pair = { name: value.name!, block: value, step: twin };
  if (typeof axis === "number") return [{ ...pair, what: "value", tokenAxis: axis }];
  const cache = sameType(value.type, twin.type) && block.states.some((s) => sameType(s.entry.type, value.type));
  return cache ? [{ ...pair, what: "state" }] : [];
}

function describe(c: Context, difference: Difference): Finding {
  const { pair, opaque } = difference;
  const at = opaque?.at ?? pair.block;
  const [block, step] = difference.block && difference.step ? narrow(c, difference.block, difference.step) : [];
  const op = at.def.kind === "op" ? at.def.op : at.def.kind;
  return {
    value: pair.name,
    where: whereOf(difference),
    ...(block && step ? { block: showTerm(block), step: showTerm(step) } : {}),
    ...(opaque ? { reason: opaque.opaque } : {}),
    op,
    site: at.site,
  };
}

function whereOf({ token, ix, pair }: Difference): string {
  const row = ix.map(slotName).find((text) => text !== undefined);
  const place = `[${ix.map(showIx).join(", ")}]`;
  if (row) return `${row}, at ${place}`;
  return token === undefined ? `${pair.what} at ${place}` : `token ${token}, at ${place}`;
}

function slotName(i: Ix): string | undefined {
  const [a] = i.atoms;
  if (i.atoms.length !== 1) return undefined;
  return a!.kind === "row"
    ? `cache row of token ${a!.n}`
    : a!.kind === "rest"
      ? "a cache row no token writes"
      : undefined;
}

/** Follows two terms down to where they part. */
function narrow(c: Context, a: Term, b: Term): readonly [Term, Term] {
  if (a.kind !== b.kind || a.tag !== b.tag || a.args.length !== b.args.length) return [a, b];
  if (a.kind === "app" && a.lam !== b.lam) {
    if (a.lam!.reduction !== b.lam!.reduction || a.lam!.n !== b.lam!.n) return [a, b];
    return deeper(c, (label) => {
      const v = boundOf(c, a, label);
      const [x, y] = [instantiate(c, a, v, rebuild), instantiate(c, b, v, rebuild)];
      return x === y ? ([a, b] as const) : narrow(c, x, y);
    });
  }
  const differing = a.args.findIndex((x, k) => x !== b.args[k]);
  return differing < 0 ? [a, b] : narrow(c, a.args[differing]!, b.args[differing]!);
}

const INFIX: Partial<Record<Term["kind"], string>> = { add: " + ", mul: " · ", div: " / " };

/** A term in short. */
export function showTerm(t: Term, depth = 4): string {
  if (depth < 0) return "…";
  const args = t.args.map((x) => showTerm(x, depth - 1));
  switch (t.kind) {
    case "num":
      return String(t.value);
    case "leaf":
      return `${t.tag}[${t.ix.map(showIx).join(", ")}]`;
    case "index":
      return showIx(t.ix[0]!);
    case "hole":
      return "·";
    case "closed":
      return "masked-out";
    case "neg":
      return `-${args[0]}`;
    case "add":
    case "mul":
    case "div":
      return `(${args.join(INFIX[t.kind]!)})`;
    case "round":
      return depth > 2 ? args[0]! : `${args[0]}`;
    case "app":
      return `${t.lam!.reduction}{${t.lam!.n || "other rows"}}(${showTerm(t.lam!.body, depth - 1)})`;
    case "unary":
      return `${t.tag}(${args.join(", ")})`;
    case "linear":
      return `(${linearText(t, args)})`;
    default:
      return `${t.kind}(${args.join(", ")})`;
  }
}

function linearText(t: Term, args: readonly string[]): string {
  const [constant, ...coefs] = t.tag.split(",").map((q) => q.replace(/\/1$/, ""));
  const terms = args.map((x, k) => (coefs[k] === "1" ? x : `${coefs[k]}·${x}`));
  return [...terms, ...(constant === "0" ? [] : [constant])].join(" + ");
}
