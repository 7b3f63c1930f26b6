/** What a proof may assume of the data that the host feeds: the contract of a block call, one line a user can check. */

/** The number of a precondition, as verdicts, certificates and docs/equivalence.md give it. */
export type Precondition =
  | "P1"
  | "P2"
  | "P2'"
  | "P3"
  | "P4"
  | "P5"
  | "P6"
  | "P7"
  | "P8"
  | "P9"
  | "P10"
  | "P11"
  | "P12"
  | "P13"
  | "P14"
  | "P15";

/** A short name, and what the host promises. */
export interface PreconditionText {
  readonly name: string;
  readonly says: string;
}

/** Every precondition in words. */
export const PRECONDITIONS: Readonly<Record<Precondition, PreconditionText>> = {
  P1: {
    name: "oneHot",
    says: "column t of the write mask is exactly 1 at w_t, the cache row of token t, and exactly 0 elsewhere",
  },
  P2: { name: "distinct", says: "the rows w_0 … w_{T-1} are pairwise distinct and lie in [0, max_seq)" },
  "P2'": { name: "contiguous", says: "w_t = w_0 + t, and w_0 + T <= max_seq" },
  P3: {
    name: "maskedOut",
    says: "attention-mask entry (t, w_j) is closed (-10000, unless its role says otherwise) for every j > t",
  },
  P4: {
    name: "ownOpen",
    says: "attention-mask entry (t, w_t) is open (0, unless its role says otherwise): a token sees its own row",
  },
  P5: { name: "twoValued", says: "every attention-mask entry is open or closed" },
  P6: { name: "sameMask", says: "row t of the block's mask equals the mask of step t, as do the other inputs' rows" },
  P7: {
    name: "finite",
    says: "inputs, weights, the whole old cache (stale rows too) and every value computed from them are finite",
  },
  P8: {
    name: "gap",
    says: "all that is added to, subtracted from or compared with a masked-out entry (scores, row maximum) is within the bound",
  },
  P9: { name: "shared", says: "an input without a token axis is the same at every call" },
  P10: {
    name: "sameRows",
    says: "all inputs that give cache rows (positions, columns of write masks) give the same ones",
  },
  P11: { name: "padding", says: "the write-mask column of a padding token is all zero; its inputs are finite" },
  P12: { name: "inside", says: "a number by which something is looked up lies in the axis that it is a place in" },
  P13: {
    name: "window",
    says: "the columns of the mask are the rows of the shifted window and then the call's own tokens, as w_j in P3 and P4: entry (t, t + c) of the block's mask is entry c of the mask of step t, and entry (t, c) is closed for every c < t",
  },
  P14: {
    name: "appended",
    says: "the columns of the mask are the rows of the cache and then the call's own tokens, of which that of token j is w_j in P3 and P4; entry w_j of the mask of step t is entry j of the block's own columns for j < t; entry w_j of a row that is not valid before the call is closed; any other entry (t, c) of the block's mask is entry c of the mask of step t",
  },
  P15: {
    name: "unclipped",
    says: "at this call and at those before it every value with a clamp is within it: the graphs are compared with their clamps taken out, and beyond one nothing is said of them",
  },
};

/** The largest exponent at which exp is 0 in fp32: ln 2⁻¹⁵⁰ ≈ −103.97. */
export const UNDERFLOW = -104;
