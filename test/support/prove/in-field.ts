/** A prime field as tests ask it: what is made of numbers there, and whether it follows that. */
import { provenPair, type Stored } from "../../../src/passes/prove/program/pair.ts";
import { type FieldReading, fieldReading } from "../../../src/passes/prove/refute/field.ts";
import { type Fingerprint, fingerprint } from "../../../src/passes/prove/refute/fingerprint.ts";
import { type Fault, pairOf } from "./corpus/fault.ts";

/** The prime of the tests. */
export const P = 67108859;
/** Elements that stand for no number that is known. */
export const [U, V] = [1234567, 7654321];

/** The field of a seed, in which nothing was asked. */
export const fresh = (seed = 1, rounds = true): FieldReading => fieldReading({ prime: P, seed, rounds });

/** Fields that have followed all so far: to make one takes longer than to ask it. */
const sure = new Map<boolean, FieldReading>();

/** What is made of a field, and whether it follows that. */
export function asked<X>(ask: (m: FieldReading) => X, rounds = true): readonly [X, boolean] {
  const m = sure.get(rounds) ?? fresh(1, rounds);
  const found = ask(m);
  if (m.isSure()) sure.set(rounds, m);
  else sure.delete(rounds);
  return [found, m.isSure()];
}
/** What is made of it, whether it follows that or not. */
export const made = (ask: (m: FieldReading) => number, rounds = true): number => asked(ask, rounds)[0];

/** The element of a number, by whole numbers of any size and Euclid. */
export function elementOf(x: number): number {
  const p = BigInt(P);
  const scale = Math.abs(x) < 2 ** 53 ? 60n : 0n;
  const inverse = (a: bigint, m: bigint): bigint => (a === 1n ? 1n : (1n + m * (a - inverse(m % a, a))) / a);
  const whole = Number.isInteger(x) ? BigInt(x) << scale : BigInt(x * 2 ** 60);
  return Number((((whole % p) + p) * inverse((1n << scale) % p, p)) % p);
}

/** What the field makes of a block and a step, each as it is spelled. */
export function told(
  block: Fault["make"],
  step = block,
  stored: Stored & { readonly tokens?: number } = {},
): Fingerprint {
  const graphs = pairOf({ make: block, step: (f) => step(f, false) }, stored.tokens ?? 2, false);
  return fingerprint(provenPair(graphs.block, graphs.step, stored), { prime: P, seed: 3, rounds: true });
}
