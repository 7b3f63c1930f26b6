/** Palettised weights that are divided in one graph and whole in the other: rows of indices with their tables are rows. */
import { describe, expect, test } from "vitest";
import { nowhere } from "../../../../src/dsl/site.ts";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import type { WeightSource } from "../../../../src/dsl/weight-source.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import type { WeightPlace } from "../../../../src/passes/prove/reading/leaves.ts";
import { type Feeds, join, op, pairOf, type Value } from "../../../support/prove/corpus/fault.ts";

const stored = (sha256: string, shape: Shape, dtype: DType): Tensor => {
  const source: WeightSource = { from: "package", file: "weight.bin", offset: 64, sha256 };
  return { type: { dtype, shape }, def: { kind: "weight", source }, site: nowhere };
};

/** Rows of a matrix [12, 4] by their first one, how many they are and how many tables they have; `tables` is where these begin. */
interface Rows {
  readonly begin: number;
  readonly rows: number;
  readonly groups: number;
  readonly tables?: number;
}

const ROWS = 12;
const nameOf = (what: string, begin: number): string => `${what} from ${begin}`;

/** Parts of a blob are told by their names, as rows of the same bytes are in packages. */
const places =
  (width: Readonly<Record<string, number>>) =>
  (source: WeightSource): WeightPlace | undefined => {
    const [what, begin] = source.from === "package" ? source.sha256.split(" from ") : [];
    return what !== undefined && begin !== undefined ? { base: what, offset: Number(begin) * width[what]! } : undefined;
  };
const weightIdentity = places({ indices: 4, tables: 16 });

function palettised({ begin, rows, groups, tables = (begin * groups) / rows }: Rows): Value {
  const indices = stored(nameOf("indices", begin), [rows, 4], "uint4");
  const lut = stored(nameOf("tables", tables), [groups, 1, 16, 1], "fp16");
  return op.constexpr_lut_to_dense(indices, lut);
}

const project = (f: Feeds, w: Value): Value => op.matmul(f.x, w, { transpose_y: true });
const whole =
  (groups: number) =>
  (f: Feeds): Value =>
    project(f, palettised({ begin: 0, rows: ROWS, groups, tables: 0 }));
const divided =
  (parts: readonly Rows[]) =>
  (f: Feeds): Value =>
    join(
      parts.map((part) => project(f, palettised(part))),
      1,
    );

const claim = (block: (f: Feeds) => Value, step: (f: Feeds) => Value): string => {
  const graphs = pairOf({ make: block, step }, 2, false);
  return prove(graphs.block, graphs.step, { weightIdentity, corollaries: false }).verdict;
};

describe("a matrix that one graph holds whole and the other in three", () => {
  const thirds = (groups: number, tables?: (k: number) => number): readonly Rows[] =>
    [0, 1, 2].map((k) => ({ begin: 4 * k, rows: 4, groups, ...(tables ? { tables: tables(k) } : {}) }));

  test.each<readonly [string, number, readonly Rows[]]>([
    ["one table for all, of which each part has a copy", 1, thirds(1, () => 0)],
    ["a table for two rows", 6, thirds(2)],
    ["a table for a row", 12, thirds(4)],
    [
      "parts of other sizes",
      6,
      [
        { begin: 0, rows: 8, groups: 4 },
        { begin: 8, rows: 4, groups: 2 },
      ],
    ],
  ])("is proven: %s", (_, groups, parts) => {
    expect(claim(whole(groups), divided(parts))).toBe("PROVEN");
    expect(claim(divided(parts), whole(groups))).toBe("PROVEN");
  });

  test.each<readonly [string, number, readonly Rows[]]>([
    ["other tables", 1, thirds(1, (k) => k)],
    ["tables of the part before", 6, thirds(2, (k) => 2 * Math.max(k - 1, 0))],
    ["tables for more rows", 6, thirds(1, (k) => 2 * k)],
    ["parts in another order", 6, thirds(2).toReversed()],
    ["a part twice", 6, [...thirds(2).slice(0, 2), thirds(2)[1]!]],
  ])("is not: %s", (_, groups, parts) => {
    expect(claim(whole(groups), divided(parts))).not.toBe("PROVEN");
  });

  test("tables of blocks of columns, and of rows that are cut within a group, are weights of their own", () => {
    const columns = (begin: number, rows: number): Value =>
      op.constexpr_lut_to_dense(
        stored(nameOf("indices", begin), [rows, 4], "uint4"),
        stored(nameOf("tables", 0), [1, 2, 16, 1], "fp16"),
      );
    const both = (f: Feeds) =>
      join(
        [0, 6].map((begin) => project(f, columns(begin, 6))),
        1,
      );
    expect(claim((f) => project(f, columns(0, 12)), both)).not.toBe("PROVEN");
    expect(claim(both, both)).toBe("PROVEN");
    const cut = [
      { begin: 0, rows: 3, groups: 1, tables: 0 },
      { begin: 3, rows: 9, groups: 1, tables: 0 },
    ];
    expect(claim(whole(6), divided(cut))).not.toBe("PROVEN");
  });
});
