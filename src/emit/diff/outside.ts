/** What lies in a weight file outside of the data that a program refers to: header, records, gaps, blobs of nobody. */
import type { BlobRef, MilFunction, MilModel, MilTensorType, MilValue } from "../mil/records.ts";
import type { Package } from "../read/read.ts";
import type { GraphDifference } from "./diff.ts";
import { unlike } from "./unlike.ts";

/** A reference into a weight file with the type that is declared for it. */
interface Reference {
  readonly blob: BlobRef;
  readonly type: MilTensorType;
}

/** One difference a file whose blobs lie at the same places in both packages and whose other bytes differ. */
export function outsideDifferences(a: Package, b: Package): readonly GraphDifference[] {
  const [left, right] = [referencesOf(a.model), referencesOf(b.model)];
  // Where they lie elsewhere the program says so.
  if (left.length === 0 || unlike(left, right).length > 0) return [];
  return weightFilesOf(a.model).flatMap((fileName): readonly GraphDifference[] => {
    const inside = left.filter(({ blob }) => blob.fileName === fileName);
    const [before, after] = [a, b].map(({ blobs }) => blobs.outside(inside));
    if (before === after) return [];
    return [{ kind: "package", what: `"${fileName}" outside of the weights`, before: before!, after: after! }];
  });
}

/** The weight files that a program refers to, as it names them. */
export const weightFilesOf = (model: MilModel): readonly string[] => [
  ...new Set(referencesOf(model).map(({ blob }) => blob.fileName)),
];

/** Every reference once, in the order of their places. */
function referencesOf({ functions }: MilModel): readonly Reference[] {
  const found = new Map<string, Reference>();
  for (const value of functions.flatMap(literalsOf)) {
    if (!("blob" in value)) continue;
    const { blob, type } = value;
    found.set(JSON.stringify([blob.fileName, blob.offset, type.dtype, type.shape]), { blob, type });
  }
  return [...found].toSorted(([x], [y]) => (x < y ? -1 : 1)).map(([, reference]) => reference);
}

const literalsOf = ({ operations }: MilFunction): readonly MilValue[] =>
  operations.flatMap(({ value, inputs }) => [
    ...(value ? [value] : []),
    ...Object.values(inputs).flatMap((list) => list.flatMap((x) => ("value" in x ? [x.value] : []))),
  ]);
