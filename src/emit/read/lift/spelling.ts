/** Spellings that a file may use and the op table does not: each op's parameters rewritten to the table's own. */
import type { Given } from "../../../dsl/op-spec.ts";
import { expand_dims } from "../../../dsl/ops/index.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";

/** Operands and attributes of `op` as the table wants them; what needs no rewriting is left as it is. */
export const respell = (op: string, given: Given): Given =>
  // Without an operand there is nothing to rewrite; what makes the op says that it is missing.
  given.x === undefined && given.values === undefined ? given : (RESPELLINGS.get(op)?.(given) ?? given);

const RESPELLINGS: ReadonlyMap<string, (given: Given) => Given> = new Map(
  Object.entries({
    /** A 0 copies the size of the axis of x that is as far from the right. */
    reshape: ({ x, shape, ...rest }: Given) => {
      const sizes = [shape].flat() as Shape;
      const copied = sizes.map((n, axis) => (n === 0 ? (shapeOf(x).at(axis - sizes.length) ?? 0) : n));
      return { x, shape: copied, ...rest };
    },
    /** Axes that are not of size 1 are kept without complaint. */
    squeeze: ({ x, axes, ...rest }: Given) => {
      if (!Array.isArray(axes)) return { x, axes, ...rest };
      return { x, axes: (axes as readonly number[]).filter((axis) => shapeOf(x).at(axis) === 1), ...rest };
    },
    /** Scalars are joined to a vector. */
    concat: ({ values, ...rest }: Given) => {
      const all = values as readonly Tensor[];
      return { values: all.every((x) => shapeOf(x).length === 0) ? all.map(asVector) : all, ...rest };
    },
  }),
);

/** A scalar as a vector of one element; a constant stays one. */
const asVector = (x: Tensor): Tensor =>
  x.def.kind === "const" ? { ...x, type: { ...x.type, shape: [1] } } : expand_dims(x, { axes: [0] });

const shapeOf = (x: unknown): Shape => (x as Tensor).type.shape;
