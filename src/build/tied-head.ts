/** A head that is tied to the embedding, and stored all the same: transformers ties the two only where they hold the same. */
import { UserError } from "../dsl/user-error.ts";
import { streamHash } from "../files/hash.ts";
import type { Decoder } from "../models/decoder.ts";
import { wholeName } from "../models/tensor-names.ts";
import type { OpenWeights } from "../weights/open.ts";

/**
 * Holds a stored head against the embedding that it is tied to, element by element as fp16.
 * @param where Path of the checkpoint, for messages.
 * @throws UserError where they differ: transformers 5 then computes logits by the stored one, and the configuration says otherwise
 */
export async function checkTiedHead(decoder: Decoder, store: OpenWeights, where: string): Promise<void> {
  const head = wholeName(decoder, "head");
  if (!decoder.tiedHead || !store.tensors.has(head)) return;
  const embedding = await digestOf(decoder, store, wholeName(decoder, "embedding"));
  if (embedding === (await digestOf(decoder, store, head))) return;
  throw new UserError(
    `${where}: "tie_word_embeddings" is true, and tensor "${head}" holds other numbers than the embedding`,
    "say false in config.json if this is the model's head, or take the tensor out if it is not",
  );
}

/** Of the rows of the vocabulary, padding left out. */
async function digestOf({ vocab, hiddenSize }: Decoder, store: OpenWeights, tensor: string): Promise<string> {
  const hash = streamHash(2 * vocab * hiddenSize);
  const source = { from: "checkpoint", tensor, rows: [0, vocab] } as const;
  try {
    for await (const chunk of store.stream(source, { dtype: "fp16", shape: [vocab, hiddenSize] }))
      await hash.update(chunk);
    return await hash.digest();
  } finally {
    await hash.close();
  }
}
