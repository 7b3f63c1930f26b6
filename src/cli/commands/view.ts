/** `graphc view`: a graph as a page to look at, in one file. */
import { basename, resolve } from "node:path";
import { withHost } from "../../api/open-graphs.ts";
import { UserError } from "../../dsl/user-error.ts";
import { attentionOf } from "../../view/attention.ts";
import type { Overlay, PageData } from "../../view/data.ts";
import { pageHtml } from "../../view/html.ts";
import { mergedPages, type NamedPage } from "../../view/merge.ts";
import { pageData } from "../../view/view.ts";
import { TARGET_OPTION } from "../check/placement.ts";
import { authorFrame, place } from "../errors/report.ts";
import { ROLE_OPTIONS } from "../interface/given.ts";
import type { Args, Command } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import { INPUT_SEED_OPTION, SIZE_OPTIONS, TOKENS_OF_PACKAGES, WEIGHTS_OPTION } from "../options/size-options.ts";
import { FUNCTION_OPTIONS, type OpenPair, requestedPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import { besideOf } from "../view/beside.ts";
import { RANGES_OPTIONS } from "../view/bounded.ts";
import { type ViewedBuild, type ViewedPart, viewedBuild } from "../view/build.ts";
import { EVIDENCE_OPTION } from "../view/measured.ts";
import { openPage } from "../view/open-page.ts";
import { overlaysOf } from "../view/overlays.ts";
import { type PlainOf, plainBuild, plainPackage, UNQUANTISED_OPTION, weightErrors } from "../view/unquantised.ts";
import { checkPlace, writePage } from "../view/write-page.ts";

/** What the page says of proofs and findings is no verdict of this command: it exits with 0 when the page was written. */
export const viewCommand: Command = {
  name: "view",
  operands: "A [B] | BLOCK.mlpackage STEP.mlpackage | BUILD",
  arity: [1, 2],
  needs: "a model (phi4-mini), a checkpoint, a graph file, a package or a build folder",
  example: "phi4-mini",
  options: {
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    ...TOKENS_OF_PACKAGES,
    ...FUNCTION_OPTIONS,
    ...INPUT_SEED_OPTION,
    ...ROLE_OPTIONS,
    ...TARGET_OPTION,
    ...EVIDENCE_OPTION,
    ...UNQUANTISED_OPTION,
    numbers: { kind: "flag", help: "also run it where its weights are many, for how near values come to overflow" },
    ...RANGES_OPTIONS,
    out: { kind: "file", help: "where the page goes; an older page of graphc is replaced", default: "view.html" },
    open: { kind: "flag", help: "open it in the browser" },
  },
  notes: [
    "One file that loads nothing: nodes by the author's names, with types on the edges, and a panel for the one that is clicked.",
    "With a second graph or package what is only in one of them and what is changed is shown in one picture.",
    "Of a folder that graphc build wrote every shard and head is shown.",
    "Overlays: which tokens each row reads, what is proven, what is known about the engine. One with nothing to show says why.",
    "Exit code 0 when the page was written, whatever it says: prove and check give verdicts.",
  ],
  async run(args, io) {
    const [out, shown] = [resolve(args.text("out")!), args.text("out")!];
    await checkPlace(out, shown);
    const build = await viewedBuild(args.operands[0]!);
    const data = build ? await buildData(build, args, io) : await graphData(args, io, plainPackage(args));
    const bytes = await writePage(out, shown, pageHtml(data));
    const told = data.overlays.map(({ id, state, says }) => ({ id, state, says }));
    if (args.flag("json")) io.out(JSON.stringify({ out, bytes, values: data.nodes.length, overlays: told }, null, 2));
    else
      io.out(
        [`${shown}: ${data.nodes.length} values, ${bytes} bytes`, ...told.flatMap(linesOf(build !== undefined))].join(
          "\n",
        ),
      );
    if (args.flag("open")) await openPage(out, shown, io);
    return 0;
  },
};

/** Every part by itself, in one page. */
async function buildData(build: ViewedBuild, args: Args, io: Io): Promise<PageData> {
  const { folder, parts } = build;
  if (args.operands.length > 1)
    throw new UserError(`${folder} is a build, and is viewed by itself`, "give two of its packages to compare them");
  const plain = await plainBuild(build, args);
  const pages: NamedPage[] = [];
  for (const part of parts)
    pages.push({ name: part.name, data: await graphData(argsOf(part, args), io, plain?.of(part)) });
  return mergedPages(basename(resolve(folder)), [`graphc view ${folder}`], pages);
}

/** The line that would show a part by itself. */
function argsOf({ path, functions }: ViewedPart, args: Args): Args {
  const names = new Map(
    functions
      ? [
          ["function", functions.block],
          ["step-function", functions.step],
        ]
      : [],
  );
  return { ...args, operands: [path], text: (option) => names.get(option) ?? args.text(option) };
}

async function graphData(args: Args, io: Io, plainOf: PlainOf | undefined): Promise<PageData> {
  const pair = await firstPair(args, io);
  const beside = await besideOf(pair, args, io);
  const errors = await weightErrors(pair, { plainOf, beside: beside?.graph }, args, io);
  const overlays = await overlaysOf(pair, beside, args, io);
  const laying = io.progress("laying out");
  return pageData({
    graph: pair.block,
    beside,
    facts: factsOf(args, pair.name, pair.weights),
    overlays,
    attention: attentionOf(withHost(pair)),
    errors,
    placeOf: (site) => {
      const frame = authorFrame(site);
      return frame && place(frame);
    },
    progress: laying.update,
  }).finally(laying.end);
}

/** Two packages are a block and its step; of anything else the first operand has a step of its own, and options may be for the second. */
function firstPair(args: Args, io: Io): Promise<OpenPair> {
  if (args.operands.length === 1 || args.operands.every(isPackage)) return requestedPair(args, io);
  return requestedPair({ ...args, settle: () => undefined }, io, args.operands.slice(0, 1));
}

/** What the page is of, as far as the operands tell. */
const factsOf = (args: Args, name: string, weights: string): readonly string[] => [
  `graphc view ${args.operands.join(" ")}`,
  ...(name === weights ? [] : [`weights: ${weights}`]),
];

/** The first sentence of an overlay; of a build those of its parts, of which the others are indented. */
const linesOf =
  (isBuild: boolean) =>
  ({ id, says }: Pick<Overlay, "id" | "says">): readonly string[] =>
    says
      .filter((line, k) => (isBuild ? !line.startsWith(" ") : k === 0))
      .map((line, k) => `${(k === 0 ? id : "").padEnd(8)}${line}`);
