/** What an input is for: the facts that the host keeps, how an author states them, and where a role was learnt. */
import type { DType } from "./type.ts";

/**
 * What a graph input is for, which tells how a block's contents split into those of its steps. Axes count from the
 * front.
 */
export type Role =
  /** One row per token: hidden rows, RoPE rows. Row t of the block is the row of step t. */
  | { readonly kind: "rows"; readonly tokenAxis: number; readonly rope?: RopePart }
  /** Attention mask: one number where a row is visible and another where not, or a truth value that says whether it is. */
  | MaskRole
  /** One column per token, 1 at the cache row that it writes and 0 elsewhere. */
  | { readonly kind: "write_mask"; readonly tokenAxis: number; readonly slotAxis: number }
  /**
   * Whole number: the cache row of each token, and `offset` more where that is said; with no token axis, that of the first one. `first` names
   * the input that tells the row of the first token, which the others follow.
   */
  | { readonly kind: "position"; readonly tokenAxis?: number; readonly first?: string; readonly offset?: number }
  /** The same at a block's call and at its steps. */
  | { readonly kind: "shared" };

/**
 * An attention mask. With `behind` its slots are the rows of caches, and behind them those of the call's own tokens: a step has T − 1 fewer
 * than the block.
 */
export interface MaskRole extends MaskNumbers {
  readonly kind: "mask";
  readonly tokenAxis: number;
  readonly slotAxis: number;
  readonly behind?: RowsBehind;
}

/** How many rows stand before those of the call's own tokens, and what the host does with the caches that have them. */
export interface RowsBehind {
  readonly rows: number;
  readonly update: "shift" | "append";
}

/** What an attention mask of numbers holds where a row is visible, and where not (−∞ at the lowest); as `MASK_NUMBERS` where nothing is said. */
export interface MaskNumbers {
  readonly open?: number;
  readonly closed?: number;
}

/** A number of a mask as JSON and options spell it, which have no −∞. */
export type SpelledNumber = number | typeof MINUS_INFINITY;
/** −∞ in words. */
export const MINUS_INFINITY = "-inf";
/** A number of a mask in a form that JSON keeps. */
export const spelledNumber = (x: number): SpelledNumber => (x === Number.NEGATIVE_INFINITY ? MINUS_INFINITY : x);

/** What hosts of the field add to a score: nothing, or −10⁴. */
export const MASK_NUMBERS = { open: 0, closed: -10_000 } as const satisfies MaskNumbers;

/** What a mask holds where a row is visible, and where not: its two numbers, or true and false. */
export const maskValues = ({ open, closed }: MaskNumbers, dtype: DType): Required<MaskNumbers> =>
  dtype === "bool"
    ? { open: 1, closed: 0 }
    : { open: open ?? MASK_NUMBERS.open, closed: closed ?? MASK_NUMBERS.closed };

/** Every kind of role, in the order in which messages list them. */
export const ROLE_KINDS = ["rows", "mask", "write_mask", "position", "shared", "cache"] as const satisfies readonly (
  | Role["kind"]
  | "cache"
)[];

/** The part of the RoPE table that rows are: such a row is a function of its token's position alone. */
export const ROPE_PARTS = ["cos", "sin"] as const;
/** One of them. */
export type RopePart = (typeof ROPE_PARTS)[number];

/** A role as somebody states it: an axis that is left out is found by comparing block and step. */
export interface RoleFacts extends MaskNumbers {
  readonly kind: Role["kind"];
  readonly tokenAxis?: number;
  readonly slotAxis?: number;
  readonly rope?: RopePart;
  /** Of a position a token: the input that tells the first, which the others follow. */
  readonly first?: string;
  /** Of a position: how far it is beyond the cache row. */
  readonly offset?: number;
}

/** What an author writes where an input is made: the kind alone, or with the facts that go with this kind. */
export type DeclaredRole =
  | Role["kind"]
  | { readonly kind: "rows"; readonly tokenAxis?: number; readonly rope?: RopePart }
  | ({ readonly kind: "mask"; readonly tokenAxis?: number; readonly slotAxis?: number } & MaskNumbers)
  | { readonly kind: "write_mask"; readonly tokenAxis?: number; readonly slotAxis?: number }
  | { readonly kind: "position"; readonly tokenAxis?: number; readonly first?: string; readonly offset?: number }
  | { readonly kind: "shared" }
  | CacheFacts;

/**
 * An input that is a cache: the host keeps its contents, and between calls does with an output what `update` says. `slot`: row t of the
 * output goes to the cache row that the write mask or the positions of that call tell of token t; a padding token's goes nowhere.
 * `replace`: the output is the whole cache. `shift`: the host drops as many of the first rows as the output has, and puts its rows behind the others.
 * `append`: row t of the output goes to cache row n + t, where n rows of the cache are valid: the host counts them.
 */
export interface CacheFacts {
  readonly kind: "cache";
  readonly update: (typeof CACHE_UPDATES)[number];
  /** The output with the new rows: [.., T, ..] where the cache is [.., max_seq, ..]; with all rows where they replace it. */
  readonly rows: string;
  /** What a state that holds the same is called in other packages of the model; as the input where nothing is said. */
  readonly state?: string;
}

/** What hosts do to a cache between calls. */
export const CACHE_UPDATES = ["slot", "replace", "shift", "append"] as const;

/** Whatever somebody may state of an input. */
export type StatedFacts = RoleFacts | CacheFacts;

/** Where a role was learnt, the surest first: an option beats a file or a preset, these beat the author, the author beats a guess. */
export type RoleSource = "option" | "interface file" | "preset" | "declared" | "name" | "shape";

/** A role and where it was learnt. */
export type KnownRole = Role & { readonly source: RoleSource };

/** The roles of inputs by name. A map, since names come from files. */
export type Roles = ReadonlyMap<string, KnownRole>;

/** Roles that somebody stated outside the graph, by the name of the input. */
export type GivenRoles = ReadonlyMap<string, { readonly facts: StatedFacts; readonly source: RoleSource }>;

/** The facts of a role that may have been stated by its kind alone. */
export const factsOf = (role: DeclaredRole): StatedFacts => (typeof role === "string" ? { kind: role } : role);

/** The axes of a role, without its kind. */
export const axesOf = (role: Role): { readonly tokenAxis?: number; readonly slotAxis?: number } => ({
  ...("tokenAxis" in role && role.tokenAxis !== undefined ? { tokenAxis: role.tokenAxis } : {}),
  ...("slotAxis" in role ? { slotAxis: role.slotAxis } : {}),
});

/** The numbers that somebody stated of a mask. */
const numbersOf = (role: Role): Pick<RoleRecord, "open" | "closed"> => ({
  ...("open" in role && role.open !== undefined ? { open: role.open } : {}),
  ...("closed" in role && role.closed !== undefined ? { closed: spelledNumber(role.closed) } : {}),
});

/** A role as reports and certificates record it. */
export interface RoleRecord {
  readonly input: string;
  readonly role: Role["kind"] | "cache";
  readonly open?: number;
  readonly closed?: SpelledNumber;
  readonly tokenAxis?: number;
  readonly slotAxis?: number;
  readonly rope?: RopePart;
  readonly first?: string;
  readonly offset?: number;
  /** Of a cache: the output with its new rows, and what the host does with them. */
  readonly rows?: string;
  readonly update?: CacheFacts["update"];
  readonly source: RoleSource;
}

/** A cache that the host keeps, and where that was learnt. */
export interface HostCache extends Omit<CacheFacts, "kind" | "state"> {
  readonly input: string;
  /** The input that tells the cache row of each token, where rows go to slots. */
  readonly place?: string;
  /** The axis of its rows, where the host's doing depends on one. */
  readonly axis?: number;
  readonly source: RoleSource;
}

/** The roles as records, in the order of the inputs; then the caches. */
export const recordsOf = (roles: Roles, caches: readonly HostCache[]): readonly RoleRecord[] => [
  ...[...roles].map(([input, role]) => ({
    input,
    role: role.kind,
    ...axesOf(role),
    ...numbersOf(role),
    ...("rope" in role ? { rope: role.rope } : {}),
    ...("first" in role ? { first: role.first } : {}),
    ...("offset" in role ? { offset: role.offset } : {}),
    source: role.source,
  })),
  ...caches.map(({ input, rows, update, source }) => ({ input, role: "cache" as const, rows, update, source })),
];
