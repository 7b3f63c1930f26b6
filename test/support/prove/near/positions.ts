/** Rules about rows, masks and positions, near their conditions. */
import { constant, variable } from "../../../../src/passes/prove/logic/indices.ts";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import { readConst } from "../../../../src/passes/prove/reading/leaves.ts";
import { reroll } from "../../../../src/passes/prove/reading/reroll.ts";
import { withinRows } from "../../../../src/passes/prove/reading/rows.ts";
import { tokenRow } from "../../../../src/passes/prove/reading/token-row.ts";
import { decides } from "../../../../src/passes/prove/rules/rule.ts";
import { attempt } from "../term-value.ts";
import type { Language, Near } from "./language.ts";

/** Pieces K[k₀], K[k₁], … read as one term in the piece's number. */
const rolled = ({ c }: Language, places: readonly number[]): unknown =>
  reroll(c, variable(c.store.indices, "i", places.length), places.length, 1, (k) =>
    raw(
      c,
      { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } },
      [],
      [constant(c.store.indices, places[k]!)],
    ),
  );

/** The entry of a table at a token's row and that column. */
const banded = ({ c }: Language, columns: number, data: readonly number[]): unknown => {
  const rows = data.length / columns;
  const row = rows === 1 ? constant(c.store.indices, 0) : tokenRow(c, 0);
  return readConst(c, data, { dtype: "fp16", shape: [rows, columns] }, [row, tokenRow(c, 0)]);
};

/** By rule. */
export const POSITIONS: Readonly<Record<string, Near>> = {
  "write-mask": {
    fires: ({ c, rule }) => decides(c, rule.oneHot, 1, 1),
    not: {
      "another token's row": ({ c, rule }) => decides(c, rule.oneHot, 0, 1),
      "any other row": ({ c, rule }) => decides(c, rule.oneHot, "other", 1),
    },
  },
  "write-mask-padding": {
    fires: ({ c, rule }) => decides(c, rule.padding, "zero"),
    not: {
      "a token that writes": ({ c, rule }) => decides(c, rule.padding, "one"),
      "a token that may write": ({ c, rule }) => decides(c, rule.padding, "either"),
    },
  },
  "mask-shut": {
    fires: ({ c, rule }) => decides(c, rule.maskShut, 2, 1),
    not: {
      "its own row": ({ c, rule }) => decides(c, rule.maskShut, 1, 1),
      "an earlier token's row": ({ c, rule }) => decides(c, rule.maskShut, 0, 1),
      "any other row": ({ c, rule }) => decides(c, rule.maskShut, "other", 1),
    },
  },
  "mask-own-open": {
    fires: ({ c, rule }) => decides(c, rule.maskOpen, 1, 1),
    not: {
      "a later token's row": ({ c, rule }) => decides(c, rule.maskOpen, 2, 1),
      "an earlier token's row": ({ c, rule }) => decides(c, rule.maskOpen, 0, 1),
      "any other row": ({ c, rule }) => decides(c, rule.maskOpen, "other", 1),
    },
  },
  "mask-two-valued": {
    fires: ({ c, rule }) => decides(c, rule.maskTwoValued, true),
    not: { "not assumed": ({ c, rule }) => decides(c, rule.maskTwoValued, c.twoValued) },
  },
  "row-distinct": {
    fires: ({ c, rule }) => decides(c, rule.rowsDistinct, 1, 1),
    not: {
      "two tokens": ({ c, rule }) => decides(c, rule.rowsDistinct, 0, 1),
      "a token and any other row": ({ c, rule }) => decides(c, rule.rowsDistinct, 0, "other"),
    },
  },
  "row-contiguous": {
    fires: ({ c }) => withinRows(c, tokenRow(c, 1), tokenRow(c, 0), 2, 1),
    not: {
      "a slice of one row at a token's own": ({ c }) => withinRows(c, tokenRow(c, 1), tokenRow(c, 0), 1, 1),
      "a slice that begins at a number": ({ c }) => withinRows(c, tokenRow(c, 1), constant(c.store.indices, 0), 2, 1),
    },
  },
  "row-from-first": {
    contiguous: true,
    fires: ({ c }) => tokenRow(c, 1),
    not: {
      "rows that may be scattered": () => {
        const scattered = attempt();
        tokenRow(scattered, 1);
        if (scattered.record.counts.has("row-from-first")) throw new Error("fired");
      },
    },
  },
  "index-arithmetic": {
    fires: ({ add, index, n }) => add(index(4), n(1)),
    not: {
      "a position and a half": ({ add, index, n }) => add(index(4), n(0.5)),
      "half a position": ({ mul, index, n }) => mul(index(4), n(0.5)),
      "a position and a score": ({ add, index, x }) => add(index(4), x),
      "a position times another": ({ mul, index }) => mul(index(4), index(5)),
      "two numbers": ({ add, n }) => add(n(1), n(2)),
    },
  },
  "counting-table": {
    fires: ({ table }) => table([2, 3, 4, 12, 13, 14]),
    not: {
      "one entry off": ({ table }) => table([2, 3, 4, 12, 13, 15]),
      "the last period too long": ({ table }) => table([0, 1, 0, 1, 2, 3, 9]),
      "of floats": ({ table }) => table([0, 1, 2, 3], "fp16"),
    },
  },
  "banded-table": {
    fires: (l) => banded(l, 3, [0, 1, 1, 0, 0, 1, 0, 0, 0]),
    not: {
      "one entry off": (l) => banded(l, 3, [0, 1, 1, 0, 0, 1, 0, 0, 1]),
      "rows by themselves": (l) => banded(l, 3, [0, 1, 1, 0, 1, 1, 0, 1, 1]),
      "a number for each diagonal": (l) => banded(l, 3, [0, 1, 2, 3, 0, 1, 4, 3, 0]),
      "one row": (l) => banded(l, 3, [0, 1, 1]),
    },
  },
  "re-roll": {
    fires: (l) => rolled(l, [0, 1, 2, 3]),
    not: {
      "the last piece another one's": (l) => rolled(l, [0, 1, 2, 2]),
      "two pieces swapped": (l) => rolled(l, [0, 2, 1, 3]),
      "steps that grow": (l) => rolled(l, [0, 1, 3, 6]),
    },
  },
};
