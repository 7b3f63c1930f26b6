/** How far what a build says is from what another says: over the same tokens, from the logits behind each. */
import { fp16Value } from "../../dsl/number.ts";
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

const VALUES = Float64Array.from({ length: 0x10000 }, (_, bits) => fp16Value(bits));

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

/** log p of each token in doubles, and the first of the likeliest. */
function logSoftmax(logits: Uint16Array, at: number): { readonly logs: Float64Array; readonly likeliest: number } {
  const logs = Float64Array.from(logits, (bits) => VALUES[bits]!);
  let likeliest = 0;
  for (let k = 0; k < logs.length; k++) {
    if (!(logs[k]! < Number.POSITIVE_INFINITY))
      throw new UserError(`the logit of token ${k} behind position ${at} is ${logs[k]}: that is no distribution`);
    if (logs[k]! > logs[likeliest]!) likeliest = k;
  }
  const most = logs[likeliest]!;
  if (most === Number.NEGATIVE_INFINITY) throw new UserError(`all logits behind position ${at} are −Infinity`);
  const log = most + Math.log(logs.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return { logs: logs.map((x) => x - log), likeliest };
}

/** Σ p·(log p − log q); what p never says counts nothing. Rounding alone could make it less than 0. */
function divergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < p.length; k++) if (p[k]! > Number.NEGATIVE_INFINITY) sum += Math.exp(p[k]!) * (p[k]! - q[k]!);
  return Math.max(0, sum);
}
