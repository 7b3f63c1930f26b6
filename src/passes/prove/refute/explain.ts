/** A difference in words: the first named value that parts, where, and the smallest differing terms. */
import { schedule } from "../../../dsl/graph.ts";
import type { Graphs } from "../../../dsl/host/twins.ts";
import { type Ix, showIx } from "../logic/indices.ts";
import { instantiate, variableOf } from "../logic/lambda.ts";
import { showLeaf } from "../logic/leaf.ts";
import { closesReason } from "../logic/opaque.ts";
import { isOne, isZero, type Rational, showQ } from "../logic/rational.ts";
import { deeper } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import type { Programs } from "../program/program.ts";
import { compare, type Difference, type Ignored } from "../program/relation.ts";
import { resultPairs } from "../program/results.ts";
import { sameReduction } from "../reading/reroll.ts";
import { restOfRing, slotAt } from "../reading/rings.ts";
import { placeOf, rowAt } from "../reading/rows.ts";
import { rebuild } from "../reading/scalar.ts";
import type { Context } from "../rules/context.ts";
import type { Finding } from "./finding.ts";
import { hintOf } from "./hints.ts";
import { byTerms } from "./parting/by-terms.ts";
import { partings, type Twin } from "./parting/descent.ts";
import { asideOf, isRead, pairOfTwin } from "./parting/pairs.ts";
import { namedFirst, probesOf } from "./probes.ts";

/** The first value of both graphs that differs, named ones before others; the given difference when no earlier one does. */
export function explain(p: Programs, graphs: Graphs, known: Difference): Finding {
  if (isRead(graphs.block) || isRead(graphs.step)) return explainRead(p, graphs, known);
  const on = schedule({ ...graphs.block, inputs: [], states: [], outputs: { until: known.pair.block } });
  const all = probesOf(graphs, p.c.tokens, on).filter(
    ({ block }) => block !== known.pair.block && !p.block.cuts.get(block),
  );
  // What the author named says most; only where no name lies on the way a numbered value is better than the result.
  for (const pair of namedFirst(all)) {
    const { difference } = compare(p, pair, laterRow(p.c));
    // A value that cannot be read by itself explains nothing where the results can.
    if (difference && (known.opaque || !difference.opaque)) return describe(p.c, difference);
  }
  return describe(p.c, known);
}

/** Of graphs whose names mean nothing: by what values are made from. */
function explainRead(p: Programs, graphs: Graphs, known: Difference): Finding {
  const judge = byTerms(p, graphs, laterRow(p.c));
  const place = new Map(schedule(graphs.block).map((value, k) => [value, k]));
  const first = partings(judge, known.pair).toSorted((a, b) => place.get(a.block)! - place.get(b.block)!);
  for (const twin of first) {
    const pair = twin.block === known.pair.block ? undefined : pairOfTwin(graphs, p.c.tokens, twin);
    const difference = pair && compare(p, pair, laterRow(p.c)).difference;
    if (difference && (known.opaque || !difference.opaque)) return { ...describe(p.c, difference), ...asideOf(twin) };
  }
  const whole = first.find(({ block }) => block === known.pair.block);
  return { ...describe(p.c, known), ...(whole ? asideOf(whole) : {}) };
}

/** What the terms say of the value of that name, or of these values; undefined where they do not differ, or are not to be had. */
export function explainAt(p: Programs, graphs: Graphs, name: string, twin?: Twin): Finding | undefined {
  if (twin) {
    const pair = pairOfTwin(graphs, p.c.tokens, twin);
    const difference = pair && !p.block.cuts.get(pair.block) ? compare(p, pair, laterRow(p.c)).difference : undefined;
    return difference && describe(p.c, difference);
  }
  const probes = [
    ...probesOf(graphs, p.c.tokens, schedule(graphs.block)),
    ...resultPairs({ ...graphs, tokens: p.c.tokens }),
  ];
  const pair = probes.find((probe) => probe.name === name);
  const difference = pair && !p.block.cuts.get(pair.block) ? compare(p, pair, laterRow(p.c)).difference : undefined;
  return difference && describe(p.c, difference);
}

/** What a token has to do with the row of a later one means nothing: the mask closes it, and only the block has written it. */
const laterRow =
  (c: Context): Ignored =>
  (token, ix) =>
    token !== undefined && ix.some((i) => (rowAt(c, i) ?? slotAt(c, i) ?? { token: -1 }).token > token);

function describe(c: Context, difference: Difference): Finding {
  const { pair, opaque } = difference;
  const at = opaque?.at ?? pair.block;
  const [block, step] = difference.block && difference.step ? narrow(c, difference.block, difference.step) : [];
  const op = at.def.kind === "op" ? at.def.op : at.def.kind;
  const hint = opaque ? closesReason(opaque.opaque) : block && step ? hintOf(block, step) : undefined;
  return {
    value: pair.name,
    where: whereOf(c, difference),
    ...(block && step ? { block: showTerm(block), step: showTerm(step) } : {}),
    ...(opaque ? { reason: opaque.opaque } : {}),
    op,
    site: at.site,
    ...(hint === undefined ? {} : { hint }),
  };
}

function whereOf(c: Context, { token, ix, pair }: Difference): string {
  const row = ix.map((i) => slotName(c, i)).find((text) => text !== undefined);
  const place = `[${ix.map(showIx).join(", ")}]`;
  if (row) return `${token === undefined ? "" : `token ${token}, `}${row}, at ${place}`;
  return token === undefined ? `${pair.what} at ${place}` : `token ${token}, at ${place}`;
}

function slotName(c: Context, i: Ix): string | undefined {
  const place = placeOf(c, i) ?? slotAt(c, i)?.token;
  if (restOfRing(c, i) !== undefined) return "a cache row no token writes";
  if (place === undefined) return undefined;
  return place === "other" ? "a cache row no token writes" : `cache row of token ${place}`;
}

/** Follows two terms down to where they part. */
function narrow(c: Context, a: Term, b: Term): readonly [Term, Term] {
  if (a.kind === "app" && b.kind === "app") {
    if (!sameReduction(a.lam, b.lam)) return [a, b];
    return deeper(c, (label) => {
      const v = variableOf(c, a.lam, label);
      const [x, y] = [instantiate(c, a, v, rebuild), instantiate(c, b, v, rebuild)];
      return x === y ? ([a, b] as const) : narrow(c, x, y);
    });
  }
  if (a.key !== b.key || a.args.length !== b.args.length) return [a, b];
  const differing = a.args.findIndex((x, k) => x !== b.args[k]);
  return differing < 0 ? [a, b] : narrow(c, a.args[differing]!, b.args[differing]!);
}

const INFIX = { add: " + ", mul: " · ", div: " / " } as const;

/** A term in short. */
export function showTerm(t: Term, depth = 4): string {
  if (depth < 0) return "…";
  const args = t.args.map((x) => showTerm(x, depth - 1));
  switch (t.kind) {
    case "num":
      return String(t.value);
    case "leaf":
      return `${showLeaf(t.leaf)}[${t.ix.map(showIx).join(", ")}]`;
    case "index":
      return showIx(t.ix[0]!);
    case "hole":
      return "·";
    case "neg":
      return `-${args[0]}`;
    case "add":
    case "mul":
    case "div":
      return `(${args.join(INFIX[t.kind])})`;
    case "round":
      return args[0]!;
    case "app":
      return `${t.lam.reduction}{${t.lam.over.kind === "interval" ? t.lam.over.n : "other rows"}}(${showTerm(t.lam.body, depth - 1)})`;
    case "own":
      return `${t.name.split(",")[0]}(${args.join(", ")})`;
    case "unary":
      return `${t.fn}(${args.join(", ")})`;
    case "compare":
      return `${t.how}(${args.join(", ")})`;
    case "linear":
      return `(${linearText(t, args)})`;
    case "product":
      return args.map((x, k) => powerText(x, t.exponents[k]!)).join(" · ");
    case "max":
    case "min":
    case "pow":
    case "select":
    case "rows":
    case "pieces":
      return `${t.kind}(${args.join(", ")})`;
  }
}

const rationalText = (q: Rational): string => showQ(q).replace(/\/1$/, "");
const powerText = (base: string, e: Rational): string => (isOne(e) ? base : `${base}^${rationalText(e)}`);

function linearText({ constant, coefs }: Extract<Term, { kind: "linear" }>, args: readonly string[]): string {
  const terms = args.map((x, k) => (isOne(coefs[k]!) ? x : `${rationalText(coefs[k]!)}·${x}`));
  return [...terms, ...(isZero(constant) ? [] : [rationalText(constant)])].join(" + ");
}
