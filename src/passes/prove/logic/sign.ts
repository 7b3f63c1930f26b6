/** What is known of the sign of a term, over the reals. */
import type { Rational } from "./rational.ts";
import type { Term } from "./terms.ts";

const POSITIVE: ReadonlySet<string> = new Set(["exp", "sqrt", "rsqrt", "abs"]);

/** Whether the term is certainly not negative. `holes` are the term arguments of the reduction it stands in. */
export function nonNegative(t: Term, holes: readonly Term[] = []): boolean {
  const all = (args: readonly Term[]): boolean => args.every((x) => nonNegative(x, holes));
  switch (t.kind) {
    case "num":
      return t.value >= 0;
    case "unary":
      return POSITIVE.has(t.fn);
    case "compare":
      return true;
    case "hole": {
      const arg = holes[t.place];
      return arg !== undefined && nonNegative(arg);
    }
    case "max":
      return t.args.some((x) => nonNegative(x, holes));
    case "min":
      return all(t.args);
    case "select":
      return all(t.args.slice(1));
    case "app":
      // A hole of this body is filled from outside it: only what is known without looking further counts.
      return nonNegative(t.lam.body, t.args);
    case "linear":
      return [t.constant, ...t.coefs].every((q) => q.n >= 0n) && all(t.args);
    case "product":
      return t.args.every((x, k) => isEven(t.exponents[k]!) || nonNegative(x, holes));
    default:
      return false;
  }
}

/** An even power is not negative, nor is a root. */
const isEven = ({ n, d }: Rational): boolean => d === 2n || (d === 1n && n % 2n === 0n);
