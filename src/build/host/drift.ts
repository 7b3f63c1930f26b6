/** How far what a build says is from what another says: over the same tokens, from the logits behind each. */
import { fp16Values } from "../../dsl/number.ts";
import { UserError } from "../../dsl/user-error.ts";

/** Over all positions; a position is the token behind which both say what follows. Divergences are in nats. */
export interface Drift {
  readonly positions: number;
  /** At how many of them both have the same likeliest token. */
  readonly same: number;
  /** KL(reference ‖ build) in the mean and at worst, and the position of the worst, from 0. */
  readonly meanKl: number;
  readonly worstKl: number;
  readonly worstAt: number;
}

/**
 * @param reference logits of each position as fp16 bit patterns, and those of the build
 * @throws UserError for logits that are no distribution, or no positions
 */
export function driftOf(reference: readonly Uint16Array[], build: readonly Uint16Array[]): Drift {
  if (reference.length === 0 || reference.length !== build.length)
    throw new UserError(`${reference.length} positions cannot be held against ${build.length}`);
  let [same, sum, worstKl, worstAt] = [0, 0, 0, 0];
  for (const [at, row] of reference.entries()) {
    const [p, q] = [logSoftmax(row, at), logSoftmax(build[at]!, at)];
    if (p.likeliest === q.likeliest) same++;
    const kl = divergence(p.logs, q.logs);
    sum += kl;
    if (kl > worstKl) [worstKl, worstAt] = [kl, at];
  }
  return { positions: reference.length, same, meanKl: sum / reference.length, worstKl, worstAt };
}

/** The same of one position, from logits in doubles; where one of them is no number, nor is the divergence. */
export function divergenceOf(
  reference: Float64Array,
  other: Float64Array,
): { readonly kl: number; readonly same: boolean } {
  if (!other.every(Number.isFinite)) return { kl: Number.NaN, same: false };
  const [p, q] = [logsOf(reference), logsOf(other)];
  return { kl: divergence(p.logs, q.logs), same: p.likeliest === q.likeliest };
}

/** log p of each token in doubles, and the first of the likeliest. */
function logSoftmax(logits: Uint16Array, at: number): { readonly logs: Float64Array; readonly likeliest: number } {
  const values = fp16Values();
  const numbers = Float64Array.from(logits, (bits) => values[bits]!);
  const bad = numbers.findIndex((x) => !(x < Number.POSITIVE_INFINITY));
  if (bad >= 0)
    throw new UserError(`the logit of token ${bad} behind position ${at} is ${numbers[bad]}: that is no distribution`);
  if (numbers.every((x) => x === Number.NEGATIVE_INFINITY))
    throw new UserError(`all logits behind position ${at} are −Infinity`);
  return logsOf(numbers);
}

/** Of numbers of which one is finite, and none larger than any. */
function logsOf(logs: Float64Array): { readonly logs: Float64Array; readonly likeliest: number } {
  let likeliest = 0;
  for (let k = 0; k < logs.length; k++) if (logs[k]! > logs[likeliest]!) likeliest = k;
  const most = logs[likeliest]!;
  const log = most + Math.log(logs.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return { logs: logs.map((x) => x - log), likeliest };
}

/** Σ p·(log p − log q); what p never says counts nothing. Rounding alone could make it less than 0. */
function divergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < p.length; k++) if (p[k]! > Number.NEGATIVE_INFINITY) sum += Math.exp(p[k]!) * (p[k]! - q[k]!);
  return Math.max(0, sum);
}
