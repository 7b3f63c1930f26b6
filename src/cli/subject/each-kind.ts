/** What a command says of a model it says of a layer of each kind that the model has, unless it is told which layers. */
import type { Args, ExitCode } from "../options/command.ts";
import type { Io } from "../terminal/io.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { ModelKinds } from "./subject.ts";

/** What a command came to on one graph; its text is out by then. */
export interface Told {
  readonly code: ExitCode;
  /** What `--json` prints. */
  readonly json: unknown;
  /** Those of the model, where the graph is a part of one. */
  readonly model?: ModelKinds;
}

/** What `--help` says of it. */
export const EACH_KIND_NOTE =
  "Of a model whose layers are of several kinds (with and without a window, without RoPE) one of each is taken where neither --layer nor --layers is given.";

type Tell = (args: Args, io: Io) => Promise<Told>;

/** Tells of what the options ask for; where they name no layer, of the first layer of each kind. The exit code is the worst. */
export async function tellOfEachKind(args: Args, given: Io, tell: Tell): Promise<ExitCode> {
  const io = sayingOnce(given);
  const first = await tell(args, io);
  const kinds = args.given("layer") || args.given("layers") ? [] : (first.model?.kinds ?? []);
  if (kinds.length < 2) {
    tellKinds(first.model, io);
    if (args.flag("json")) io.out(JSON.stringify(first.json, null, 2));
    return first.code;
  }
  const results: { readonly layers: readonly number[]; readonly code: ExitCode; readonly result: unknown }[] = [];
  for (const { layers, says } of kinds) {
    const { code, json } = results.length === 0 ? first : await tell(ofLayer(args, layers[0]!), io);
    results.push({ layers, code, result: json });
    if (!args.flag("json")) io.out(`${wrapLine(`layer ${layers[0]} stands for ${says}`)}\n`);
    // There is one folder for a counterexample.
    if (code !== 0 && args.given("dump")) break;
  }
  const shown = results.map(({ layers, result }) => ({ layers, result }));
  if (args.flag("json")) io.out(JSON.stringify({ kinds: shown }, null, 2));
  return results.reduce<ExitCode>((worst, { code }) => (code > worst ? code : worst), 0);
}

/** Says of which kinds the layers of a graph are, where the model has several. */
export function tellKinds(model: ModelKinds | undefined, io: Io): void {
  if (model?.note !== undefined) io.err(`note: ${model.note}`);
}

const ofLayer = (args: Args, layer: number): Args => ({
  ...args,
  whole: (option) => (option === "layer" ? layer : args.whole(option)),
});

/** What is noted of the model is noted once. The rest is the given one's, whose signal nobody may ask for in vain. */
function sayingOnce(io: Io): Io {
  const said = new Set<string>();
  const err = (line: string): void => {
    if (!said.has(line)) io.err(line);
    said.add(line);
  };
  return Object.create(io, { err: { value: err } }) as Io;
}
