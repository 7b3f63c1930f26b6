/** Cache rows against tokens: what the host opens, what was seen to be read, what a rejected token leaves behind. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Attention } from "../../src/view/data.ts";
import { attentionFile, emittedFolder, pageOf } from "../support/view.ts";

const [OPEN, SLOT, READ, OLD] = [1, 2, 4, 8] as const;
const T = 4;

/** Each cell with its place. */
const cellsOf = ({ scenarios }: Attention) =>
  scenarios.flatMap(({ accepted, calls }) =>
    calls.flatMap(({ rows, cells }, call) =>
      cells.flatMap((own, t) => own.map((cell, row) => ({ accepted, call, start: rows[0]!, t, row, cell }))),
    ),
  );

const attentionIn = async (fault: Parameters<typeof attentionFile>[0]): Promise<Attention> =>
  (await pageOf(attentionFile(fault), "--max-seq", "8")).data.attention;

describe("the matrix of attention", () => {
  test("of the right layer: a token reads the rows up to its own, each time, and what was rejected is never read", async () => {
    const attention = await attentionIn("right");
    expect(attention).toMatchObject({ state: "shown", tokens: T, slots: 2 * T });
    expect(attention.scenarios.map(({ accepted }) => accepted)).toEqual([0, 1, 2, 3, 4]);
    for (const { call, accepted, start, t, row, cell } of cellsOf(attention)) {
      expect(start).toBe(call === 0 ? 0 : accepted);
      const own = start + t;
      expect(cell).toBe((row <= own ? OPEN + READ : 0) + (row === own ? SLOT : 0));
    }
    for (const { calls } of attention.scenarios)
      for (const { rows, wrote } of calls) expect(wrote).toEqual(wrote.map((_, row) => rows.includes(row)));
    expect(attention.says[0]).toMatch(/^no token was seen to read/);
  });

  test("of a mask without effect: every closed row is read", async () => {
    const attention = await attentionIn("unmasked");
    for (const { cell } of cellsOf(attention)) expect(cell & READ).toBe(READ);
    const closed = cellsOf(attention).filter(({ cell }) => (cell & OPEN) === 0).length;
    expect(attention.says[0]).toMatch(new RegExp(`^${closed} times a token reads a row that its mask closes, 0 times`));
  });

  test("of a cache to which rows are added: what a rejected token left is read by those that come after it", async () => {
    const attention = await attentionIn("uncleared");
    for (const { start, t, row, cell } of cellsOf(attention))
      expect((cell & OLD) !== 0).toBe(row >= start && row <= start + t);
    expect(attention.says[0]).not.toMatch(/^no token/);
  });

  test("of keys that are not kept: rows change that no token writes", async () => {
    const { scenarios, says } = await attentionIn("forgetful");
    for (const { calls } of scenarios) expect(calls[0]!.wrote).not.toContain(false);
    expect(says[0]).not.toMatch(/ 0 times a row changed that no token writes/);
  });

  test("where there is none, why is said", async () => {
    const out = await emittedFolder();
    const { data } = await pageOf(join(out, "layer.t4.mlpackage"));
    expect(data.attention).toMatchObject({ state: "none", scenarios: [] });
    expect(data.attention.says[0]).toMatch(/^not computed: /);
    const pair = await pageOf(join(out, "layer.t4.mlpackage"), join(out, "layer.t1.mlpackage"));
    expect(pair.data.attention).toEqual((await pageOf(attentionFile("right"), "--max-seq", "8")).data.attention);
  });
});
