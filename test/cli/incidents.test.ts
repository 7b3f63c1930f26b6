/** The field's incidents, replayed: each is caught by the check that is named for it and by no other answer; its twin is not. */
import { beforeAll, describe, expect, test } from "vitest";
import { incidentsDoc } from "../../scripts/incidents-doc.ts";
import { type Answer, passes, told } from "../../src/cli/incidents/answer.ts";
import type { Incident, Replay } from "../../src/cli/incidents/incident.ts";
import { INCIDENTS } from "../../src/cli/incidents/known/index.ts";
import { type Answers, answersOf, isReplay, judged } from "../../src/cli/incidents/replay.ts";
import { isCaught, tellOfIncidents } from "../../src/cli/incidents/tell.ts";
import { main } from "../../src/cli/main.ts";
import type { Graphc } from "../../src/cli/options/command.ts";
import { graphc } from "../support/cli.ts";

const REPLAYED = INCIDENTS.flatMap((incident) =>
  isReplay(incident.replay) ? [{ incident, replay: incident.replay }] : [],
);

/** What the commands said, by the number of the incident; every one is run once. */
const answers = new Map<string, Answers>();
beforeAll(async () => {
  for (const { incident, replay } of REPLAYED) answers.set(incident.id, await answersOf(replay, main));
}, 300_000);

describe.each(REPLAYED.map(({ incident, replay }) => [incident.id, incident, replay] as const))(
  "%s",
  (id, incident, replay) => {
    test("is caught by its check, and mended passes the same one", () => {
      const { sentence, twinPasses } = judged(incident, replay, answers.get(id)!);
      expect([sentence, twinPasses]).toEqual([expect.any(String), true]);
    });

    test("is not caught where the fault is not there, and does not pass where it is", () => {
      const { faulty, mended } = answers.get(id)!;
      expect(told(replay.caught, mended)).toBeUndefined();
      expect(passes(replay.caught, faulty)).toBe(false);
    });

    test.each<[what: string, answer: Answer]>([
      ["a yes of nothing", { code: 0, json: {} }],
      ["a yes without an answer", { code: 0, json: undefined }],
      ["a no of nothing", { code: 1, json: {} }],
      ["another mistake", { code: 2, json: { error: { kind: "user", message: "there is no file x.mlpackage" } } }],
      ["a fault of graphc's", { code: 3, json: { error: { kind: "fault", message: messageOf(replay) } } }],
      ["a proof that found nothing", { code: 1, json: { claim: "NOT PROVEN", finding: { value: "y" } } }],
      ["a rule of another name", { code: 1, json: [{ findings: [{ rule: "other", severity: "error", text: "no" }] }] }],
    ])("%s neither catches nor passes", (_, answer) => {
      expect([told(replay.caught, answer), passes(replay.caught, answer)]).toEqual([undefined, false]);
    });
  },
);

/** What a refusal would have to say. */
const messageOf = ({ caught }: Replay): string => (caught.by === "refusal" ? caught.says.join(" ") : "");

test("docs/incidents.md is what the replays say", async () => {
  const results = REPLAYED.map(({ incident, replay }) => judged(incident, replay, answers.get(incident.id)!));
  expect(results.filter((one) => !isCaught(one)).map(({ incident }) => incident.id)).toEqual([]);
  await expect(incidentsDoc(results)).toMatchFileSnapshot("../../docs/incidents.md");
});

test("each has a number of its own, and none of the fifty-six of the field is left out", () => {
  const ids = INCIDENTS.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids.filter((id) => id.startsWith("I-"))).toEqual(
    Array.from({ length: 56 }, (_, n) => `I-${String(n + 1).padStart(2, "0")}`),
  );
});

test("a mended thing differs from the faulty one in what it is, not in what is asked of it", () => {
  for (const { replay } of REPLAYED) {
    const [faulty, mended] = (["faulty", "mended"] as const).map((variant) => replay.line(variant)[0]);
    expect(faulty).toBe(mended);
  }
});

describe("a replay that shows nothing is told as such", () => {
  const { incident, replay } = REPLAYED.find(({ incident: { id } }) => id === "I-07")!;
  const asked = (over: Partial<Replay>, run: Graphc = main) =>
    outcomeOf([{ ...incident, replay: { ...replay, ...over } }], run);

  test("with its twin it is caught", async () => {
    expect(await asked({})).toMatchObject({
      code: 0,
      last: "1 of 1 caught by the check that is named; every mended twin passes it",
    });
  });

  test.each<[string, Partial<Replay>, Graphc?]>([
    ["the twin has the fault too", { line: () => replay.line("faulty") }],
    ["neither has it", { line: () => replay.line("mended") }],
    ["another rule is named", { caught: { by: "rule", rule: "scaled-palette" } }],
    ["the rule is switched off", {}, without("block-scale")],
  ])("%s", async (_, over, run) => {
    const last = "NO: 1 of 1 not caught, or not passed by the mended twin: I-07";
    expect(await asked(over, run)).toMatchObject({ code: 1, last });
  });

  test("nothing to replay is no yes", async () => {
    const elsewhere = INCIDENTS.filter((one) => !isReplay(one.replay));
    expect(await outcomeOf(elsewhere, main)).toMatchObject({ code: 1, last: "NO: nothing was replayed" });
  });
});

/** `graphc` whose `check` does not know a rule. */
const without =
  (rule: string): Graphc =>
  (argv, io) =>
    main(argv, {
      ...io,
      out(line) {
        const graphs = JSON.parse(line) as { findings: { rule: string }[] }[];
        const kept = graphs.map((one) => ({ ...one, findings: one.findings.filter((found) => found.rule !== rule) }));
        io.out(JSON.stringify(kept));
      },
    });

async function outcomeOf(known: readonly Incident[], run: Graphc) {
  const out: string[] = [];
  const args = { operands: [], flag: () => false } as unknown as Parameters<typeof tellOfIncidents>[0];
  const io = {
    out: (line: string) => void out.push(line),
    signal: new AbortController().signal,
    isUnread: () => false,
    progress: () => ({ update() {}, end() {} }),
  } as unknown as Parameters<typeof tellOfIncidents>[1];
  return { code: await tellOfIncidents(args, io, run, known), last: out.at(-1) };
}

describe("check --incidents", () => {
  test("replays those that are named", async () => {
    const { code, out, err } = await graphc(["check", "--incidents", "I-07", "I-04"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(
      [
        "I-07  int4 with a scale for each block of input channels put every convolution on the CPU, without",
        "    an error",
        "  caught by graphc check quantised.mlpackage",
        "    error [block-scale] scale [64,2,1,1] varies along the input channels: every convolution would",
        "        leave the engine; use one scale per output channel",
        "  mended, it passes the same check",
        "I-04  a whole stack at T=4 said other tokens than at T=1 though every layer's gate had passed",
        "  not replayed, seen on a device alone: the engine's own order of sums: parity on the device",
        "      measures it per token",
        "1 of 1 caught by the check that is named; every mended twin passes it",
      ].join("\n"),
    );
  });

  test("as JSON", async () => {
    const { code, out } = await graphc(["check", "--incidents", "I-07", "I-04", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      incidents: [
        { id: "I-07", check: { by: "rule", rule: "block-scale" }, says: expect.any(String), twinPasses: true },
      ],
      notReplayed: [{ id: "I-04", needs: "device" }],
    });
  });

  test.each([
    [["I-99"], /^error: there is no incident "I-99"; they are I-01, /],
    [["phi4-mini"], /^error: --incidents does nothing for phi4-mini/],
    [["--target", "m4"], /^error: --target does nothing beside --incidents/],
  ])("%j is refused", async (more, message) => {
    expect(await graphc(["check", "--incidents", ...more])).toEqual({
      code: 2,
      out: "",
      err: expect.stringMatching(message),
    });
  });

  test("can be interrupted between two of them", async () => {
    const outcome = await graphc(["check", "--incidents"], (_, done) => done === 1);
    expect(outcome).toEqual({ code: 130, out: "", err: "error: interrupted" });
  });
});
