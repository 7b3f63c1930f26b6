/** What is known of the sign of a term, over the reals. */
import type { Term } from "./terms.ts";

const POSITIVE = new Set(["exp", "sqrt", "rsqrt", "abs"]);

/** Whether the term is certainly not negative. `holes` are the term arguments of the reduction it stands in. */
export function nonNegative(t: Term, holes: readonly Term[] = []): boolean {
  const all = (args: readonly Term[]): boolean => args.every((x) => nonNegative(x, holes));
  switch (t.kind) {
    case "num":
      return t.value! >= 0;
    case "unary":
      return POSITIVE.has(t.tag);
    case "compare":
      return true;
    case "hole": {
      const arg = holes[Number.parseInt(t.tag, 10)];
      return arg !== undefined && nonNegative(arg);
    }
    case "max":
      return t.args.some((x) => nonNegative(x, holes));
    case "min":
      return all(t.args);
    case "select":
      return all(t.args.slice(1));
    case "app":
      return nonNegative(
        t.lam!.body,
        t.args.map((x) => x),
      );
    case "linear":
      return t.tag.split(",").every((q) => !q.startsWith("-")) && all(t.args);
    case "product":
      return t.args.every((x, k) => isEven(t.tag.split(",")[k]!) || nonNegative(x, holes));
    default:
      return false;
  }
}

/** An even power is not negative, nor is a root. */
const isEven = (exponent: string): boolean => /([02468]\/1|\/2)$/.test(exponent);
