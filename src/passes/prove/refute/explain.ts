/** A difference in words: the first named value that parts, where, and the smallest differing terms. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { sameType } from "../../../dsl/type.ts";
import { type Context, deeper } from "../logic/context.ts";
import { type Ix, showIx } from "../logic/indices.ts";
import { boundOf, instantiate } from "../logic/lambda.ts";
import type { Term } from "../logic/terms.ts";
import type { Programs } from "../program/program.ts";
import { compare, type Difference, type Ignored, type Pair, tokenAxisOf } from "../program/relation.ts";
import { rebuild } from "../reading/scalar.ts";
import type { Finding } from "./finding.ts";
import { hintOf } from "./hints.ts";

/** The first value of both graphs that differs, named ones before others; the given difference when no earlier one does. */
export function explain(p: Programs, graphs: { block: Graph; step: Graph }, known: Difference): Finding {
  const all = probes(p, graphs, known.pair).filter((pair) => pair.block !== known.pair.block);
  // What the author named says most; only where no name lies on the way a numbered value is better than the result.
  for (const pair of [...all.filter((x) => x.block.name), ...all.filter((x) => !x.block.name)]) {
    const { difference } = compare(p, pair, maskedRow);
    // A value that cannot be read by itself explains nothing where the results can.
    if (difference && (known.opaque || !difference.opaque)) return describe(p.c, difference);
  }
  return describe(p.c, known);
}

/** What a token has to do with the row of a later one means nothing: the mask closes it, and only the block has written it. */
const maskedRow: Ignored = (token, ix) =>
  token !== undefined && ix.some(({ atoms }) => atoms.some((a) => a.kind === "row" && a.n > token));

/** Values on the way to a pair that both graphs have in comparable shapes, in the order of the block. */
function probes(p: Programs, { block, step }: { block: Graph; step: Graph }, until: Pair): readonly Pair[] {
  const [names, twins] = [namesOf(block), new Map([...namesOf(step)].map(([value, name]) => [name, value]))];
  const alike = opsOf(block) === opsOf(step);
  const order = schedule({ ...block, inputs: [], states: [], outputs: { until: until.block } });
  return order.flatMap((value): readonly Pair[] => {
    // A number says the same in both graphs only where they have the same ops.
    const name = value.name || alike ? names.get(value) : undefined;
    const twin = name === undefined ? undefined : twins.get(name);
    if (!twin || p.block.cuts.has(value)) return [];
    return probe({ name: name!, block: value, step: twin }, p.options.tokens, block);
  });
}

const opsOf = (graph: Graph): string =>
  schedule(graph)
    .map(({ def }) => (def.kind === "op" ? def.op : ""))
    .join();

/** Names of all op results; unnamed ones are numbered per op, as in an emitted package. */
function namesOf(graph: Graph): ReadonlyMap<Tensor, string> {
  const counts = new Map<string, number>();
  const names = new Map<Tensor, string>();
  for (const value of schedule(graph)) {
    if (value.def.kind !== "op") continue;
    const n = counts.get(value.def.op) ?? 0;
    if (!value.name) counts.set(value.def.op, n + 1);
    names.set(value, value.name ?? `${value.def.op}_${n}`);
  }
  return names;
}

function probe(pair: Pick<Pair, "name" | "block" | "step">, tokens: number, block: Graph): readonly Pair[] {
  const { block: value, step: twin } = pair;
  const axis = tokenAxisOf(value, twin, tokens);
  if (typeof axis === "number") return [{ ...pair, what: "value", tokenAxis: axis }];
  // What a graph makes of a cache on the way is its own affair: only values that an author named the same are compared.
  const cache =
    value.name && sameType(value.type, twin.type) && block.states.some((s) => sameType(s.entry.type, value.type));
  return cache ? [{ ...pair, what: "state" }] : [];
}

function describe(c: Context, difference: Difference): Finding {
  const { pair, opaque } = difference;
  const at = opaque?.at ?? pair.block;
  const [block, step] = difference.block && difference.step ? narrow(c, difference.block, difference.step) : [];
  const op = at.def.kind === "op" ? at.def.op : at.def.kind;
  const hint = hintOf(opaque?.opaque, block, step);
  return {
    value: pair.name,
    where: whereOf(difference),
    ...(block && step ? { block: showTerm(block), step: showTerm(step) } : {}),
    ...(opaque ? { reason: opaque.opaque } : {}),
    op,
    site: at.site,
    ...(hint === undefined ? {} : { hint }),
  };
}

function whereOf({ token, ix, pair }: Difference): string {
  const row = ix.map(slotName).find((text) => text !== undefined);
  const place = `[${ix.map(showIx).join(", ")}]`;
  if (row) return `${token === undefined ? "" : `token ${token}, `}${row}, at ${place}`;
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
