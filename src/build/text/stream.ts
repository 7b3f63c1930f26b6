/** Text as its tokens come: a piece is told when it is whole. */
import type { Tokenizer } from "./tokenizer.ts";

/** Pieces of a text; joined they are the text of all ids. */
export interface TextStream {
  /** What the token adds that is whole: a character of several bytes comes with its last one. */
  push(id: number): string;
  /** What was held back. */
  end(): string;
}

/** All ids are decoded each time, since what a token adds may depend on those before it. */
export function textStream({ decode }: Pick<Tokenizer, "decode">): TextStream {
  const ids: number[] = [];
  let told = "";
  const tell = (text: string): string => {
    if (!text.startsWith(told)) return "";
    const piece = text.slice(told.length);
    told = text;
    return piece;
  };
  return {
    push(id) {
      ids.push(id);
      return tell(decode(ids).replace(/\ufffd+$/, ""));
    },
    end: () => tell(decode(ids)),
  };
}
