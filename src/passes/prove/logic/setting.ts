/** What one attempt at a proof carries along, its rules aside: its terms, its mode, the record of what it leaned on. */
import type { Precondition } from "./preconditions.ts";
import { newStore, type Store } from "./terms.ts";

/** exact: bits, with a `round` at every op boundary. reals: rounding to floats is the identity. */
export type Mode = "exact" | "reals";

/** What an attempt takes for granted beyond the rules. */
export interface Assumptions {
  readonly mode: Mode;
  /** Every attention-mask entry is 0 or masked-out (P5). */
  readonly twoValued: boolean;
  /** The rows of the tokens follow each other: w_t = w_0 + t (P2'). */
  readonly contiguous: boolean;
  /**
   * What the write mask's column of a token holds at its row: 1; or 0 or 1, the same for block and step, so that any
   * tokens may be padding; or 0, all tokens being padding (P11).
   */
  readonly column: "one" | "either" | "zero";
}

/** One attempt, its rules aside. */
export interface Setting extends Assumptions {
  readonly store: Store;
  readonly record: Record;
  /** T. */
  readonly tokens: number;
  /** The largest cache row that a token can have, as far as the interface tells; never below the true one. */
  readonly lastRow: number;
  /** Sizes of caches that are rings: a position is taken modulo each of them. */
  readonly rings?: ReadonlySet<number>;
  /** Sizes of axes that count cache rows; an axis of something else may have one of them by chance. */
  readonly cacheSizes?: ReadonlySet<number>;
  /** Whether the host adds −∞ to what it hides: values that a mask reaches may then be −∞, which P7 says elsewhere of none. */
  readonly bottomless?: boolean;
  /** Nesting of open reductions: gives each bound variable its name. */
  readonly nesting: { depth: number };
  /** How often rules were applied in what is being made to be asked for again (memo.ts). */
  readonly counting: { again: Map<string, number> | undefined };
}

/** What a proof has leaned on. */
export interface Record {
  /** How often each rule fired. */
  readonly counts: Map<string, number>;
  /** Preconditions, each with the names of the inputs that it was needed for. */
  readonly used: Map<Precondition, Set<string>>;
  /** The bound of P8: the least that a masked-out value asked for. */
  gap: number;
  /** Whether the number of cache rows decided anything: the proof is then for this number alone. */
  sized: boolean;
  /** Sizes of the axes that cache rows lie in: P2 says that they lie in each of them. */
  readonly rowAxes: Set<number>;
  /** Sizes of the rings whose rows the tokens of the block were told apart in. */
  readonly rings: Set<number>;
  /** The least cache row that a token may have, where a place before it is read. */
  leastRow: number;
  /** Whether something is looked up, over the reals, by a number that is computed from floats. */
  roundedPlaces: boolean;
}

/** A record of nothing. */
export const newRecord = (): Record => ({
  counts: new Map(),
  used: new Map(),
  gap: Number.POSITIVE_INFINITY,
  sized: false,
  rowAxes: new Set(),
  rings: new Set(),
  leastRow: 0,
  roundedPlaces: false,
});

/** What the interface of the two graphs tells, as far as terms are concerned. */
export type Interface = Pick<Setting, "tokens" | "lastRow" | "cacheSizes" | "rings" | "bottomless">;

/** A fresh attempt that has leaned on nothing; it has made no term, but for those of a store that it continues. */
export const newSetting = (assumptions: Assumptions, told: Interface, store = newStore()): Setting => ({
  ...assumptions,
  ...told,
  store,
  record: newRecord(),
  nesting: { depth: 0 },
  counting: { again: undefined },
});

/** Notes that the proof needs a precondition, for the input `name` where it is about one. */
export function need(c: Setting, id: Precondition, name?: string): void {
  const names = c.record.used.get(id) ?? new Set();
  if (name !== undefined) names.add(name);
  c.record.used.set(id, names);
}

/** Runs `body` one reduction deeper; the depth is restored however it ends. */
export function deeper<X>(c: Setting, body: (label: string) => X): X {
  const label = `v${c.nesting.depth}`;
  c.nesting.depth++;
  try {
    return body(label);
  } finally {
    c.nesting.depth--;
  }
}

/** Adds what a proof of a part has leaned on to what the whole does. */
export function gather(into: Record, record: Record): void {
  // What only padding asks for is told with its corollary.
  for (const [id, names] of record.used)
    if (id !== "P11") into.used.set(id, new Set([...(into.used.get(id) ?? []), ...names]));
  // That bits are equal up to the sign of zero is said of numbers whose sign of zero does not come to show.
  if (!into.used.has("P7")) into.used.set("P7", new Set());
  for (const [rule, n] of record.counts) into.counts.set(rule, (into.counts.get(rule) ?? 0) + n);
  for (const size of record.rowAxes) into.rowAxes.add(size);
  for (const size of record.rings) into.rings.add(size);
  into.gap = Math.min(into.gap, record.gap);
  into.leastRow = Math.max(into.leastRow, record.leastRow);
  into.sized ||= record.sized;
  into.roundedPlaces ||= record.roundedPlaces;
}
