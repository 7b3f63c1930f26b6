/** The work of bench/engine-kl.mjs. */
import { engineDrifts } from "../src/build/engine-drift.ts";
import { safeModel } from "../src/cli/ranges/engine-safe.ts";
import { openFolder } from "../src/cli/subject/subject.ts";
import { readDecoder } from "../src/models/config-read.ts";
import type { Decoder } from "../src/models/decoder.ts";
import type { Exponents, LayerExponents } from "../src/models/exponents.ts";
import type { Tally } from "../src/passes/kernels/engine/tally.ts";

export interface KlJob {
  readonly model: string;
  readonly prompts: readonly (readonly number[])[];
  /** Whether each exponent is also tried alone. */
  readonly parts: boolean;
}

const QUIET = { update: () => {}, end: () => {} };

/** KL behind each token by the name of the choice, text by text. */
export async function benchEngineKl({ model, prompts, parts }: KlJob) {
  const store = await openFolder(model);
  try {
    const { decoder } = readDecoder(store.config, store.configPath);
    const io = { signal: new AbortController().signal, progress: () => QUIET, out: () => {}, err: () => {} };
    const { exponents } = await safeModel(decoder, store, io as unknown as Parameters<typeof safeModel>[2]);
    const choices = choicesOf(exponents, parts);
    const each = new Map([...choices.keys()].map((name) => [name, [] as (readonly number[])[]]));
    const counts = [...choices].map(() => ({ products: 0, lost: 0 }));
    for (const [n, ids] of prompts.entries()) {
      const decoders = [...choices.values()].map((own) => ({ ...decoder, ...(own ? { exponents: own } : {}) }));
      const tally = (of: Decoder, { products, lost }: Tally) => {
        const own = counts[decoders.indexOf(of)];
        if (own) [own.products, own.lost] = [own.products + products, own.lost + lost];
      };
      const job = { decoder, store, first: 0, count: decoder.layers, head: true, ids, tally };
      const { drifts } = await engineDrifts(job, decoders);
      for (const [k, name] of [...choices.keys()].entries()) each.get(name)!.push(drifts[k]!.logits!.each);
      const means = drifts.map(({ logits }, k) => `${[...choices.keys()][k]} ${logits!.kl.toExponential(3)}`);
      console.log(`  text ${n + 1}, ${ids.length} tokens: ${means.join(", ")}`);
    }
    report(each);
    for (const [k, name] of [...choices.keys()].entries())
      console.log(`  ${name}: ${counts[k]!.lost} of ${counts[k]!.products} products of the layers vanish`);
    return Object.fromEntries(each);
  } finally {
    await store.close();
  }
}

function choicesOf(exponents: Exponents, parts: boolean): ReadonlyMap<string, Exponents | undefined> {
  const none = exponents.layers.map(() => ({ attn: 0, mlp: 0 }));
  return new Map<string, Exponents | undefined>([
    ["without", undefined],
    ["with", exponents],
    ...(parts
      ? ([
          ["never raised", { ...exponents, layers: exponents.layers.map(lowered) }],
          ["hidden rows alone", { residual: exponents.residual, layers: none }],
          ["layers alone", { residual: 0, layers: exponents.layers }],
        ] as const)
      : []),
  ]);
}

/** A layer's exponents without those below 0. */
const lowered = ({ attn, mlp }: LayerExponents): LayerExponents => ({ attn: Math.max(0, attn), mlp: Math.max(0, mlp) });

/** Means, and what each choice is above none, over tokens and over texts. */
function report(each: ReadonlyMap<string, readonly (readonly number[])[]>): void {
  const plain = each.get("without")!;
  for (const [name, texts] of each) {
    console.log(`  ${name}: mean KL ${mean(texts.flat()).toExponential(3)} nats over ${texts.flat().length} tokens`);
    if (name === "without") continue;
    const byToken = texts.flatMap((text, n) => text.map((kl, t) => kl - plain[n]![t]!));
    const byText = texts.map((text, n) => mean(text) - mean(plain[n]!));
    const overTexts = texts.length > 1 ? `, ± ${errorOf(byText).toExponential(1)} over texts` : "";
    const above = byToken.filter((x) => x > 0).length;
    console.log(
      `    above none by ${mean(byToken).toExponential(2)} ± ${errorOf(byToken).toExponential(1)} over tokens${overTexts}; larger at ${above} of ${byToken.length}`,
    );
  }
}

const mean = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0) / xs.length;
const errorOf = (xs: readonly number[]): number =>
  Math.sqrt(mean(xs.map((x) => (x - mean(xs)) ** 2)) / (xs.length - 1));
