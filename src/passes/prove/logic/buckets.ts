/** Hash tables for interning. The hash only finds the bucket: what counts as the same is decided by comparing parts. */

/** Items by hash, and the numbers of texts that are hashed often. */
export interface Buckets<X> {
  /** Of one hash there is mostly one item. */
  readonly items: Map<number, X | X[]>;
  /** Numbers of the texts that occur in hashed things. */
  readonly texts: Map<string, number>;
  /** How many items there are; the owner counts, and numbers its items by it. */
  size: number;
}

/** Empty buckets. */
export const newBuckets = <X>(): Buckets<X> => ({ items: new Map(), texts: new Map(), size: 0 });

/** The item with that hash that is the same. */
export function find<X extends object>(b: Buckets<X>, hash: number, same: (x: X) => boolean): X | undefined {
  const found = b.items.get(hash);
  if (!Array.isArray(found)) return found && same(found) ? found : undefined;
  return found.find(same);
}

/** Adds an item that `find` did not find. */
export function insert<X extends object>(b: Buckets<X>, hash: number, item: X): void {
  const found = b.items.get(hash);
  if (found === undefined) b.items.set(hash, item);
  else if (Array.isArray(found)) found.push(item);
  else b.items.set(hash, [found, item]);
}

/** The number of a text: the same for equal texts, so that it can be hashed. */
export function numberOf<X>({ texts }: Buckets<X>, text: string): number {
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, texts.size);
  return texts.size - 1;
}

/** Adds a number to a hash. */
export const mix = (h: number, x: number): number => Math.imul(h ^ x ^ (x >>> 15), 0x01000193) ^ (h >>> 13);

/** Adds the numbers of things to a hash, and how many there are. */
export function mixIds(h: number, of: readonly { readonly id: number }[]): number {
  let hash = h;
  for (let k = 0; k < of.length; k++) hash = mix(hash, of[k]!.id);
  return mix(hash, ~of.length);
}

/** Whether both hold the same objects in the same order. */
export function sameItems<X>(a: readonly X[], b: readonly X[]): boolean {
  if (a.length !== b.length) return false;
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return true;
}

/** A hash of a text. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}
