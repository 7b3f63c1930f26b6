/** What one attempt at a proof carries along: its terms, its mode, and the record of all that it leaned on. */
import type { Precondition } from "./preconditions.ts";
import { newStore, type Store } from "./terms.ts";

/** exact: bits, with a `round` at every op boundary. reals: rounding to floats is the identity. */
export type Mode = "exact" | "reals";

export interface Context {
  readonly store: Store;
  readonly mode: Mode;
  /** Whether every mask entry may be taken to be 0 or masked-out (P5). */
  readonly twoValued: boolean;
  /** Rules whose side condition is dropped: only tests set it, to see that the condition is needed. */
  readonly broken: ReadonlySet<string>;
  /** How often each rule fired. */
  readonly counts: Map<string, number>;
  readonly used: Set<Precondition>;
  /** Factors that masked-out values were scaled by before their exponential; they narrow P8. */
  readonly scales: Set<number>;
  /** Nesting of open reductions: gives each bound variable its name. */
  readonly level: { depth: number };
}

export function newContext(mode: Mode, twoValued: boolean, broken: ReadonlySet<string>): Context {
  return {
    store: newStore(),
    mode,
    twoValued,
    broken,
    counts: new Map(),
    used: new Set(),
    scales: new Set([1]),
    level: { depth: 0 },
  };
}

/** Records that a rule fired, and what it needs to be true. */
export function record(c: Context, rule: { readonly name: string; readonly uses?: readonly Precondition[] }): void {
  c.counts.set(rule.name, (c.counts.get(rule.name) ?? 0) + 1);
  for (const id of rule.uses ?? []) c.used.add(id);
}

/** Runs `body` one reduction deeper; the level is restored however it ends. */
export function deeper<X>(c: Context, body: (label: string) => X): X {
  const label = `v${c.level.depth}`;
  c.level.depth++;
  try {
    return body(label);
  } finally {
    c.level.depth--;
  }
}
