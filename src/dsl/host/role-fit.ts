/** Whether a role that was stated, or that a name suggests, fits the dtype and the shape of its input. */
import { integerRange, roundTo } from "../number.ts";
import { type MaskNumbers, maskValues, type Role, type RoleFacts } from "../role.ts";
import { isInteger, type Shape, type TensorType } from "../type.ts";

/** What comparing block and step tells of an input. */
interface Compared {
  /** The axis in which the two differ. */
  readonly differing: number | undefined;
  /** T, 1 when nothing tells it. */
  readonly tokens: number;
}

/** The role with all its axes, or the end of a sentence that begins with the input: what does not fit. */
export function fittedRole(type: TensorType, compared: Compared, facts: RoleFacts): Role | string {
  const wrong =
    wrongType(type, facts) ??
    wrongNumbers(type, facts) ??
    wrongAxes(type.shape, facts) ??
    wrongTokens(type.shape, compared, facts);
  if (wrong !== undefined) return wrong;
  const { kind } = facts;
  const { differing } = compared;
  switch (kind) {
    case "shared":
      return { kind };
    case "position": {
      const follows = facts.first === undefined ? {} : { first: facts.first };
      const offset = facts.offset === undefined || facts.offset === 0 ? {} : { offset: facts.offset };
      return differing === undefined ? { kind, ...offset } : { kind, tokenAxis: differing, ...follows, ...offset };
    }
    case "rows": {
      const tokenAxis = differing ?? facts.tokenAxis ?? singleAxis(type.shape);
      return { kind, tokenAxis, ...(facts.rope === undefined ? {} : { rope: facts.rope }) };
    }
    case "mask":
    case "write_mask":
      return maskRole(type.shape, differing, { ...facts, kind });
  }
}

/** Of a mask alone, two that differ, each of the mask's type. */
function wrongNumbers({ dtype }: TensorType, facts: RoleFacts): string | undefined {
  const stated = (["open", "closed"] as const).filter((key) => facts[key] !== undefined);
  if (stated.length === 0) return undefined;
  if (facts.kind !== "mask") return `has the role ${facts.kind}, and only a mask has a number for ${stated[0]}`;
  if (dtype === "bool") return "is a bool mask, whose open value is true and whose closed one is false";
  const { open, closed } = maskValues(facts, dtype);
  for (const [what, x] of [
    ["open", open],
    ["closed", closed],
  ] as const)
    if (!(Number.isFinite(x) || (what === "closed" && x === Number.NEGATIVE_INFINITY)) || roundTo(dtype, x) !== x)
      return `cannot hold ${x} where it is ${what}: that is no ${dtype}`;
  return open === closed ? `is ${open} both where it is open and where it is closed` : undefined;
}

function wrongType({ dtype }: TensorType, { kind, offset = 0 }: RoleFacts): string | undefined {
  if (offset !== 0 && kind !== "position") return `has the role ${kind}, and only a position has an offset`;
  if (kind === "position" && isInteger(dtype)) {
    const [least, most] = integerRange(dtype);
    // Whatever a type holds beyond that, a host tells no row by a number that has gone round.
    if (offset < least || offset > most)
      return `cannot hold the position of row 0, which would be ${offset}: that is no ${dtype}`;
  }
  if (kind === "mask" && isInteger(dtype)) return `cannot be a mask: a mask is fp16, fp32 or bool, not ${dtype}`;
  if (kind === "position" && !isInteger(dtype))
    return `cannot be a position: a position is a whole number, not ${dtype}`;
  return undefined;
}

function wrongAxes({ length: rank }: Shape, { kind, tokenAxis, slotAxis, rope, first }: RoleFacts): string | undefined {
  if (slotAxis !== undefined && kind !== "mask" && kind !== "write_mask")
    return `has the role ${kind}, which has no slot axis`;
  if (tokenAxis !== undefined && kind === "shared") return "has the role shared, which has no token axis";
  if (rope !== undefined && kind !== "rows") return `has the role ${kind}, and only rows are a part of the RoPE table`;
  if (first !== undefined && kind !== "position") return `has the role ${kind}, and only positions follow a first one`;
  for (const [what, axis] of [
    ["token", tokenAxis],
    ["slot", slotAxis],
  ] as const)
    if (axis !== undefined && !(Number.isInteger(axis) && axis >= 0 && axis < rank))
      return rank === 0
        ? `has no axes, so ${what} axis ${axis} is none`
        : `has axes 0 to ${rank - 1}; its ${what} axis cannot be ${axis}`;
  return rank < 2 && (kind === "mask" || kind === "write_mask")
    ? `cannot be a ${kind}: that has an axis of tokens and one of cache rows`
    : undefined;
}

function wrongTokens(
  shape: Shape,
  { differing, tokens }: Compared,
  { kind, tokenAxis, first }: RoleFacts,
): string | undefined {
  if (kind === "shared")
    return differing === undefined
      ? undefined
      : `cannot be the same at every call: axis ${differing} has a size of ${shape[differing]} in the block and 1 in the step`;
  const byToken = kind !== "position" || tokenAxis !== undefined || first !== undefined;
  if (differing === undefined && tokens > 1 && byToken)
    return `cannot have the role ${kind}: it has no axis of ${tokens} tokens in the block and 1 in the step`;
  return differing !== undefined && tokenAxis !== undefined && tokenAxis !== differing
    ? `has its tokens along axis ${differing}, in which block and step differ, not along ${tokenAxis}`
    : undefined;
}

/** An axis of size 1 that is not the batch, for the rows of a single token; which one is immaterial. */
const singleAxis = (shape: Shape): number => Math.max(shape.indexOf(1, 1), 0);

type Masking = RoleFacts & { readonly kind: "mask" | "write_mask" };

/** [.., T, S] is a mask and [.., S, T] a write mask, unless the shapes or the facts say otherwise. */
function maskRole(shape: Shape, differing: number | undefined, { kind, ...facts }: Masking): Role | string {
  const rank = shape.length;
  const usual = kind === "mask" ? rank - 2 : rank - 1;
  const tokenAxis = differing ?? facts.tokenAxis ?? usual;
  const slotAxis = facts.slotAxis ?? slotAxisBeside(shape, tokenAxis);
  if (slotAxis === tokenAxis) return `cannot have axis ${tokenAxis} for tokens and for slots`;
  if (slotAxis !== undefined)
    return kind === "mask" ? { kind, tokenAxis, slotAxis, ...numbers(facts) } : { kind, tokenAxis, slotAxis };
  return `has more than one axis that may count cache rows; say which with its slot axis`;
}

const numbers = ({ open, closed }: MaskNumbers): MaskNumbers => ({
  ...(open === undefined ? {} : { open }),
  ...(closed === undefined ? {} : { closed }),
});

/** The other one of the last two axes; where its size is 1, the only one beside the tokens' that is longer. */
function slotAxisBeside(shape: Shape, tokenAxis: number): number | undefined {
  const rank = shape.length;
  const usual = tokenAxis === rank - 1 ? rank - 2 : rank - 1;
  const long = shape.flatMap((n, axis) => (n > 1 && axis !== tokenAxis ? [axis] : []));
  if (long.length === 0 || long.includes(usual)) return usual;
  return long.length === 1 ? long[0] : undefined;
}
