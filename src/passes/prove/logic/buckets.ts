/** Hash tables for interning. The hash only finds the bucket: what counts as the same is decided by comparing parts. */

/** Items by hash, and the numbers of texts that are hashed often. */
export interface Buckets<X> {
  /** Of one hash there is mostly one item. */
  readonly items: Map<number, X | X[]>;
  /** The texts that occur in hashed things. */
  readonly texts: Map<string, Text>;
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

/** What stands for a text: the same for equal texts. */
export interface Text {
  /** Of its own among the texts of these buckets. */
  readonly number: number;
  /** The same wherever the text occurs. */
  readonly hash: number;
}

/** What stands for a text here; it is read once. */
export function textIn<X>({ texts }: Buckets<X>, text: string): Text {
  const known = texts.get(text);
  if (known) return known;
  const made = { number: texts.size, hash: hashText(text) };
  texts.set(text, made);
  return made;
}

/** Adds a number to a hash. */
export const mix = (h: number, x: number): number => Math.imul(h ^ x ^ (x >>> 15), 0x01000193) ^ (h >>> 13);

/** Adds the numbers of things to a hash; that of none leaves a trace as well, so that two lists may follow each other. */
export function mixIds(h: number, of: readonly { readonly id: number }[]): number {
  let hash = ~h;
  for (let k = 0; k < of.length; k++) hash = mix(hash, of[k]!.id);
  return hash;
}

/** The numbers of things as one text, a key for a list of them. */
export function idsOf(of: readonly { readonly id: number }[]): string {
  let key = "";
  for (let k = 0; k < of.length; k++) key += `${of[k]!.id},`;
  return key;
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
