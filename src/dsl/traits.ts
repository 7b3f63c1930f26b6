/**
 * What passes ask about ops besides their meaning: each fact is a trait of the op's declaration, so that a new op answers
 * for itself and no pass keeps a list of names.
 */

/** Every trait, with what an op that has it promises. */
export const TRAITS = {
  moves:
    "each element of the result is an element of an operand, and its place alone tells which (a run-time start shifts all alike)",
  view: "the result has the elements of the first operand in the same row-major order: it can live in the same memory",
  gathers: "reads `x` at the positions that its operand `indices` holds",
  constexpr: "unpacks stored weights: known at compile time, and its operands are literals inside the op in the file",
  palettised: "looks stored numbers up in a stored table: as a whole it is a weight",
  contracts: "each element of the result sums products along axes of the operands",
  product: "is one such sum and nothing else: what hardware may add up in fp16",
  projects: "multiplies rows by a matrix, its second operand, which may be a weight",
  jumps: "a small change of float operands may change the result by a step",
  ranks: "tells which elements are the largest or smallest of an axis: a choice, or an order",
  floors: "where one float operand is −∞ throughout and the others are finite, so is the result",
  caps: "where one float operand is ∞ throughout and the others are finite, so is the result",
  attention: "a part of attention as authors write it, or all of it",
} as const satisfies Readonly<Record<string, string>>;

/** The name of a trait. */
export type Trait = keyof typeof TRAITS;

/** Whether the op that made a value has a trait. */
export const has = ({ traits }: { readonly traits: readonly Trait[] }, trait: Trait): boolean => traits.includes(trait);

/**
 * Whether an op that a file or a device names is a constexpr: MIL gives all of them this prefix, and a file may hold
 * some that the table does not. For a value of a graph ask `has(def, "constexpr")`.
 */
export const namesConstexpr = (opName: string): boolean => opName.startsWith("constexpr_");
