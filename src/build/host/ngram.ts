/** Drafts of what may follow, by looking where the last tokens stood before. */

/** The longest and the shortest run of last tokens that is looked for; those of the ane-book's runtime. */
const [LONGEST, SHORTEST] = [8, 2];

/**
 * Up to `most` tokens that followed the latest earlier place of the longest run of last tokens, of `LONGEST` down to `SHORTEST`; none where no
 * such run is there twice.
 */
export function draftOf(tokens: readonly number[], most: number): readonly number[] {
  for (let length = Math.min(LONGEST, tokens.length - 1); length >= SHORTEST; length--) {
    const end = tokens.length - length;
    for (let begin = end - 1; begin >= 0; begin--) {
      const isSame = tokens.slice(begin, begin + length).every((token, k) => token === tokens[end + k]);
      if (isSame) return tokens.slice(begin + length, begin + length + most);
    }
  }
  return [];
}
