/** What the ane-book's runtime says beside what is right, and by which of its faults. */
import { type RuntimeSpoken, speakAsAneBook } from "../../build/host/ane-book.ts";
import type { Speech, Spoken } from "../../build/host/decode.ts";
import type { OpenSpeaker } from "../../build/host/speaker.ts";
import type { Tokenizer } from "../../build/text/tokenizer.ts";

/** What the runtime says, and whether that is what it should. */
export interface Imitated extends RuntimeSpoken {
  readonly same: boolean;
}

/** Runs the same shards as that runtime does. */
export function imitated({ runtime }: OpenSpeaker, speech: Speech, spoken: Spoken, isSpeculative: boolean): Imitated {
  const { prompt, most, stops } = speech;
  const said = speakAsAneBook(runtime, { prompt, most, stops }, isSpeculative);
  return { ...said, same: said.isWhole && said.tokens.join() === spoken.tokens.join() };
}

/** One line for each fault, then the verdict. */
export function imitatedText({ met, tokens, same, isWhole }: Imitated, tokenizer?: Tokenizer): readonly string[] {
  const faults = met.map(({ id, says }) => `${id}: ${says}`);
  if (same) return [...faults, "SAME: the ane-book's runtime says these tokens too"];
  const verdict = isWhole ? "the ane-book's runtime says" : "as far as it is known the ane-book's runtime says";
  const said = tokens.length === 0 ? "nothing" : tokens.join(",");
  return [
    ...faults,
    `DIFFERENT: ${verdict} ${said}`,
    ...(tokenizer && tokens.length > 0 ? [JSON.stringify(tokenizer.decode(tokens))] : []),
  ];
}
