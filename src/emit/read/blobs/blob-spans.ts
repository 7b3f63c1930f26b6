/** Stretches of a weight file: read in pieces, hashed, and held against one another. */
import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { UserError } from "../../../dsl/user-error.ts";
import { refusingSync } from "../../../files/files.ts";
import { closeQuietly, openRegularSync, statOfSync } from "../../../files/regular.ts";

/** Where a blob's data lies. */
export interface BlobSpan {
  readonly file: string;
  readonly begin: number;
  readonly bytes: number;
}

/** What tells a stretch from every other one. */
export const keyOfSpan = ({ file, begin, bytes }: BlobSpan): string => `${begin}+${bytes}:${file}`;

/**
 * Refuses blobs that have more bytes together than their file, and so lie over one another. No writer makes such, and without a
 * bound the same bytes would be hashed as often as there are blobs. What it returns throws a UserError.
 */
export function overlapRefuser(): (span: BlobSpan, shownName: string) => void {
  const [seen, totals] = [new Set<string>(), new Map<string, number>()];
  return (span, shownName) => {
    if (seen.has(keyOfSpan(span))) return;
    seen.add(keyOfSpan(span));
    const total = (totals.get(span.file) ?? 0) + span.bytes;
    totals.set(span.file, total);
    if (total > sizeOf(span.file)) throw new UserError(`blobs of "${shownName}" lie over one another`);
  };
}

/** The data of a blob, in pieces of at most `piece` bytes; a piece is valid until the next but one is asked for. */
export function* readSpan({ file, begin, bytes }: BlobSpan, piece: number): Generator<Uint8Array> {
  const fd = openRegularSync(file);
  try {
    const buffers = [0, 1].map(() => new Uint8Array(Math.min(piece, bytes)));
    for (let done = 0, turn = 0; done < bytes; turn ^= 1) {
      const buffer = buffers[turn]!;
      const most = Math.min(buffer.length, bytes - done);
      const read = refusingSync(file, "read", () => readSync(fd, buffer, 0, most, begin + done));
      if (read === 0) throw new UserError(`"${file}" became shorter while it was read`);
      yield buffer.subarray(0, read);
      done += read;
    }
  } finally {
    closeQuietly(fd);
  }
}

/** Reads the whole data of a blob to where they are wanted. @throws UserError for a file that is shorter by now */
export function fillFrom({ file, begin }: BlobSpan, bytes: Uint8Array): void {
  const fd = openRegularSync(file);
  try {
    for (let done = 0; done < bytes.length; ) {
      const read = refusingSync(file, "read", () => readSync(fd, bytes, done, bytes.length - done, begin + done));
      if (read === 0) throw new UserError(`"${file}" became shorter while it was read`);
      done += read;
    }
  } finally {
    closeQuietly(fd);
  }
}

/** SHA-256 (hex) of a blob's data. */
export function hashSpan(span: BlobSpan): string {
  const hash = createHash("sha256");
  for (const piece of readSpan(span, 2 ** 20)) hash.update(piece);
  return hash.digest("hex");
}

/** SHA-256 (hex) of what the file of these stretches, which must be one, holds outside of them. */
export function hashOutside(spans: readonly BlobSpan[]): string {
  const hash = createHash("sha256");
  const { file } = spans[0]!;
  let begin = 0;
  for (const span of [...spans.toSorted((a, b) => a.begin - b.begin), { begin: sizeOf(file), bytes: 0 }]) {
    const bytes = Math.max(span.begin - begin, 0);
    for (const piece of readSpan({ file, begin, bytes }, 2 ** 20)) hash.update(piece);
    begin = Math.max(begin, span.begin + span.bytes);
  }
  return hash.digest("hex");
}

const sizeOf = (file: string): number => statOfSync(file)?.size ?? 0;
