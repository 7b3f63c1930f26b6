/**
 * Normal form over the reals. A term is a linear combination of products of powers; common factors stand outside, and
 * a sum over an index is split into sums of products without factors that do not depend on the index.
 */
import type { Unary } from "../../../dsl/algebra.ts";
import { ceilingOf } from "../logic/ceiling.ts";
import type { Atom } from "../logic/indices.ts";
import { close } from "../logic/lambda.ts";
import { inOrder, num, numQ, rationalOf } from "../logic/make.ts";
import type { Rational } from "../logic/rational.ts";
import * as Q from "../logic/rational.ts";
import { nonNegative } from "../logic/sign.ts";
import { intern, type Range, type Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import type { Powers } from "../rules/reals.ts";
import { decides, fired, makes } from "../rules/rule.ts";
import { countsSummands } from "./sized.ts";

type Growing = Map<Term, Rational>;
interface Product {
  readonly q: Rational;
  readonly powers: Powers;
}
interface Linear {
  readonly constant: Rational;
  readonly terms: ReadonlyMap<Term, Rational>;
}

// --- linear combinations -------------------------------------------------------------------------------------------

function linearOf(t: Term): Linear {
  const q = rationalOf(t);
  if (q) return { constant: q, terms: new Map() };
  if (t.kind !== "linear") return { constant: Q.ZERO, terms: new Map([[t, Q.ONE]]) };
  return { constant: t.constant, terms: new Map(t.args.map((arg, k) => [arg, t.coefs[k]!])) };
}

function termOf(c: Context, { constant, terms }: Linear): Term {
  const list = [...terms].filter(([, q]) => !Q.isZero(q)).sort((a, b) => inOrder(a[0], b[0]));
  if (list.length === 0) return numQ(c, constant);
  if (Q.isZero(constant)) {
    if (list.length === 1 && Q.isOne(list[0]![1])) return list[0]![0];
    const common = list.length > 1 ? c.rules.content.make(list.map(([t]) => powersOf(t))) : new Map<Term, Rational>();
    if (common.size > 0) {
      fired(c, c.rules.content);
      return factored(c, common, list);
    }
  }
  const coefs = list.map(([, q]) => q);
  return intern(
    c.store,
    { kind: "linear", constant, coefs },
    list.map(([t]) => t),
  );
}

function factored(c: Context, common: Powers, list: readonly (readonly [Term, Rational])[]): Term {
  const inverse = new Map([...common].map(([b, e]) => [b, Q.negQ(e)]));
  const without = (t: Term): Powers =>
    [...common.keys()].every((b) => powersOf(t).has(b)) ? combine(powersOf(t), inverse) : powersOf(t);
  const rest = list.map(([t, q]) => productTerm(c, { q, powers: without(t) })).reduce((a, b) => add(c, a, b));
  const { q, powers } = productOf(c, rest);
  return productTerm(c, { q, powers: combine(powers, common) });
}

/** a + b, like terms collected. */
export function add(c: Context, a: Term, b: Term): Term {
  const [x, y] = [linearOf(a), linearOf(b)];
  const terms = new Map(x.terms);
  for (const [t, q] of y.terms) {
    const seen = terms.get(t);
    const all = seen ? makes(c, c.rules.collect, seen, q) : q;
    if (Q.isZero(all)) fired(c, c.rules.cancel);
    terms.set(t, all);
  }
  return termOf(c, { constant: Q.addQ(x.constant, y.constant), terms });
}

/** k · a. */
export const scale = (c: Context, a: Term, k: number): Term => scaleQ(c, a, Q.fromNumber(k));

function scaleQ(c: Context, a: Term, k: Rational): Term {
  const { constant, terms } = linearOf(a);
  if (Q.isZero(k) && terms.size > 0) fired(c, c.rules.cancel);
  return termOf(c, {
    constant: Q.mulQ(constant, k),
    terms: new Map([...terms].map(([t, q]) => [t, Q.mulQ(q, k)])),
  });
}

// --- products of powers --------------------------------------------------------------------------------------------

const powersOf = (t: Term): Powers =>
  new Map(t.kind === "product" ? t.args.map((base, k) => [base, t.exponents[k]!]) : [[t, Q.ONE]]);

/** A term as a number times powers; a sum gives its content: the largest coefficient, with the first one's sign. */
function productOf(c: Context, t: Term): Product {
  const q = rationalOf(t);
  if (q) return { q, powers: new Map() };
  if (t.kind !== "linear") return { q: Q.ONE, powers: powersOf(t) };
  const { constant, terms } = linearOf(t);
  if (terms.size === 1 && Q.isZero(constant)) {
    const [[only, factor]] = [...terms] as [[Term, Rational]];
    return { q: factor, powers: powersOf(only) };
  }
  const all = [...terms.values(), constant];
  const largest = all.map(Q.absQ).reduce((a, b) => (Q.lessQ(a, b) ? b : a));
  const content = all[0]!.n < 0n ? Q.negQ(largest) : largest;
  return { q: content, powers: new Map([[scaleQ(c, t, Q.invQ(content)), Q.ONE]]) };
}

function combine(a: Powers, b: Powers): Powers {
  const result = new Map(a);
  for (const [base, e] of b) result.set(base, Q.addQ(result.get(base) ?? Q.ZERO, e));
  return result;
}

/** Two roots of one number make a number; one over 0 is none, and stays as it is. */
function withoutNumbers({ q, powers }: Product): Product {
  const isNumber = (t: Term, e: Rational): boolean => {
    const known = rationalOf(t);
    return known !== undefined && e.d === 1n && (e.n >= 0n || !Q.isZero(known));
  };
  const whole = [...powers].filter(([base, e]) => isNumber(base, e));
  if (whole.length === 0) return { q, powers };
  const left = new Map([...powers].filter(([base]) => !whole.some(([b]) => b === base)));
  return { q: whole.reduce((r, [base, e]) => Q.mulQ(r, Q.powQ(rationalOf(base)!, e.n)), q), powers: left };
}

function productTerm(c: Context, product: Product): Term {
  const { q, powers } = withoutNumbers(product);
  if (Q.isZero(q) && powers.size > 0) fired(c, c.rules.cancel);
  if (Q.isZero(q)) return num(c, 0);
  const list = [...powers].filter(([, e]) => !Q.isZero(e)).sort((a, b) => inOrder(a[0], b[0]));
  if (list.length === 0) return numQ(c, q);
  const plain = list.length === 1 && Q.isOne(list[0]![1]);
  const body = plain
    ? list[0]![0]
    : intern(
        c.store,
        { kind: "product", exponents: list.map(([, e]) => e) },
        list.map(([b]) => b),
      );
  return Q.isOne(q) ? body : scaleQ(c, body, q);
}

/** a · b, powers of one base collected. */
export function mul(c: Context, a: Term, b: Term): Term {
  const [x, y] = [productOf(c, a), productOf(c, b)];
  const cancels = [...y.powers].some(([base, e]) => (x.powers.get(base) ?? e).n < 0n !== e.n < 0n);
  if (cancels) fired(c, c.rules.cancel);
  return productTerm(c, { q: Q.mulQ(x.q, y.q), powers: combine(x.powers, y.powers) });
}

/** a / b. */
export const div = (c: Context, a: Term, b: Term): Term => mul(c, a, power(c, b, Q.negQ(Q.ONE)));

/** t^e. Under a root only what is known not to be negative leaves the radicand; of a number without a root, its powers of four. */
export function power(c: Context, t: Term, e: Rational): Term {
  const { q, powers } = productOf(c, t);
  if (Q.isZero(q) && e.n < 0n) return intern(c.store, { kind: "product", exponents: [e] }, [t]);
  if (e.d === 1n) {
    return productTerm(c, { q: Q.powQ(q, e.n), powers: raised(powers, e) });
  }
  const outside: Growing = new Map();
  const inside: Growing = new Map();
  for (const [base, x] of powers) {
    const even = x.d === 1n && x.n % 2n === 0n;
    const known = nonNegative(base);
    if (decides(c, c.rules.power, known)) outside.set(base, Q.mulQ(x, e));
    else if (decides(c, c.rules.power, even)) outside.set(unary(c, "abs", base), Q.mulQ(x, e));
    else inside.set(base, x);
  }
  const root = inside.size === 0 ? Q.sqrtQ(q) : Q.sqrtQ(Q.absQ(q));
  const part = root ?? (q.n > 0n ? Q.twoUnderRoot(q) : Q.ONE);
  const under = root ? (q.n < 0n ? Q.negQ(Q.ONE) : Q.ONE) : Q.mulQ(q, Q.powQ(part, -2n));
  const left = productTerm(c, { q: under, powers: inside });
  if (!(rationalOf(left) && Q.isOne(rationalOf(left)!))) outside.set(left, Q.addQ(outside.get(left) ?? Q.ZERO, e));
  return productTerm(c, { q: Q.powQ(part, (2n * e.n) / e.d), powers: outside });
}

const raised = (powers: Powers, e: Rational): Powers => new Map([...powers].map(([b, x]) => [b, Q.mulQ(x, e)]));

// --- functions and reductions --------------------------------------------------------------------------------------

/** f(a); roots are powers. */
export function unary(c: Context, f: Unary, a: Term): Term {
  if (f === "sqrt") return power(c, a, Q.HALF);
  if (f === "rsqrt") return power(c, a, Q.negQ(Q.HALF));
  if (f !== "abs") return intern(c.store, { kind: "unary", fn: f }, [a]);
  const { q, powers } = productOf(c, a);
  const size = new Map(
    [...powers].map(([b, e]) => [
      nonNegative(b) || (e.d === 1n && e.n % 2n === 0n) ? b : intern(c.store, { kind: "unary", fn: "abs" }, [b]),
      e,
    ]),
  );
  return productTerm(c, { q: Q.absQ(q), powers: size });
}

/** Σ over v of the body. */
export function sum(c: Context, over: Range, v: Atom, body: Term): Term {
  const { constant, terms } = linearOf(body);
  if (!Q.isZero(constant) || [...terms.keys()].some((t) => !t.free.includes(v))) countsSummands(c, over);
  const known = over.kind === "interval" ? Q.rational(BigInt(over.n)) : undefined;
  const count = known ? numQ(c, known) : close(c, "sum", over, v, num(c, 1));
  const whole = makes(c, c.rules.sumLinear, known, constant);
  let total = whole ? numQ(c, whole) : mul(c, count, numQ(c, constant));
  for (const [t, q] of terms) {
    const [own, outer]: [Growing, Growing] = [new Map(), new Map()];
    for (const [base, e] of powersOf(t)) (base.free.includes(v) ? own : outer).set(base, e);
    const inner = own.size === 0 ? count : close(c, "sum", over, v, productTerm(c, { q: Q.ONE, powers: own }));
    total = add(c, total, mul(c, inner, productTerm(c, { q, powers: outer })));
  }
  return total;
}

/** Largest over v: a factor that is not negative and does not depend on v stands outside. */
export function maxOver(c: Context, over: Range, v: Atom, body: Term): Term {
  // How far down an entry lies would not be told of it without its factor.
  if (ceilingOf(body)) return close(c, "max", over, v, body);
  const { q, powers } = productOf(c, body);
  const leaves = (notNegative: boolean): boolean => decides(c, c.rules.maxFactor, notNegative);
  const number = !Q.isOne(q) && leaves(q.n >= 0n);
  const outside = new Map([...powers].filter(([b]) => !b.free.includes(v) && leaves(nonNegative(b))));
  if (!number && outside.size === 0) return close(c, "max", over, v, body);
  const inner = new Map([...powers].filter(([b]) => !outside.has(b)));
  const largest = close(c, "max", over, v, productTerm(c, { q: number ? Q.ONE : q, powers: inner }));
  return mul(c, largest, productTerm(c, { q: number ? q : Q.ONE, powers: outside }));
}

/** A linear combination or product with other arguments. */
export function rebuild(c: Context, like: Extract<Term, { kind: "linear" | "product" }>, args: readonly Term[]): Term {
  if (like.kind === "product")
    return args.map((b, k) => power(c, b, like.exponents[k]!)).reduce((a, b) => mul(c, a, b));
  return args.reduce((total, t, k) => add(c, total, scaleQ(c, t, like.coefs[k]!)), numQ(c, like.constant));
}
