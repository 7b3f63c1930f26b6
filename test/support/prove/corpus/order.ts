/** Faults of order: operands of −, /, power, less, select, concat, and of functions one after another. */
import { type Faults, join, op, part, split, table_, type Value } from "./fault.ts";

const two = <X>(a: X, b: X, bad: boolean): readonly [X, X] => (bad ? [b, a] : [a, b]);
const positive = (x: Value): Value => op.add(op.abs(x), 0.5);

export const ORDER: Faults = {
  "of a difference": { make: ({ x, z }, bad) => op.sub(...two(x, z, bad)) },
  "of a difference from one": { make: ({ x }, bad) => op.sub(...two<unknown>(1, x, bad)) },
  "of a quotient": { make: ({ x, z }, bad) => op.real_div(...two(op.exp(x), op.exp(z), bad)) },
  "of a power": { make: ({ x, z }, bad) => op.pow(...two(positive(x), positive(z), bad)) },
  "of a comparison": { make: ({ x, z }, bad) => op.select(op.less(...two(x, z, bad)), x, op.mul(z, 3)) },
  "of a selection": { make: ({ x, z }, bad) => op.select(op.less(x, z), ...two(x, op.mul(z, 3), bad)) },
  "of a selection by a known condition": {
    make: ({ x, z }, bad) => op.select(op.less(table_([1], [1, 1]), table_([2], [1, 1])), ...two(x, z, bad)),
    step: ({ x }) => x,
  },
  "of what is joined": { make: ({ x, z }, bad) => join(two(x, z, bad), 1) },
  "of what is stacked": { make: ({ x, z }, bad) => op.stack(two(x, z, bad), { axis: 1 }) },
  "of the parts of a split": {
    make: ({ x }, bad) => join(two(...(split(x, { split_sizes: [1, 3], axis: 1 }) as [Value, Value]), bad), 1),
  },
  "of a matrix product": { make: (f, bad) => op.matmul(...two(f.rows("g", 3, 3), f.rows("h", 3, 3), bad)) },
  "of two differences": { make: ({ x, z }, bad) => (bad ? op.sub(op.sub(x, z), x) : op.sub(x, op.sub(z, x))) },
  "of a sum of three": {
    make: ({ x, z }, bad) => (bad ? op.add(op.add(x, z), op.exp(x)) : op.add(x, op.add(z, op.exp(x)))),
    differs: "bits",
  },
  "of a product of three": {
    make: ({ x, z }, bad) => (bad ? op.mul(op.mul(x, z), op.exp(x)) : op.mul(x, op.mul(z, op.exp(x)))),
    differs: "bits",
  },
  "of exp and a sum": {
    make: ({ x, z }, bad) => (bad ? op.add(op.exp(x), op.exp(z)) : op.exp(op.add(x, z))),
  },
  "of a scale and a softmax": {
    make: ({ x }, bad) => (bad ? op.mul(op.softmax(x, { axis: 1 }), 0.5) : op.softmax(op.mul(x, 0.5), { axis: 1 })),
  },
  "of a clip's ends": {
    make: ({ x }, bad) => (bad ? op.maximum(op.minimum(x, -0.5), 0.5) : op.minimum(op.maximum(x, -0.5), 0.5)),
  },
  "of two transpositions": {
    make: (f, bad) => {
      const [a, b] = two([0, 2, 1, 3], [0, 1, 3, 2], bad);
      return op.transpose(op.transpose(f.rows("g", 2, 2, 2), { perm: a }), { perm: b });
    },
  },
  "of updates that meet": {
    make: (f, bad) => {
      const updates = two(part(f.x, 1, 0), part(f.x, 1, 1), bad);
      const places = table_([0, 0], [2], "int32");
      return op.scatter(f.z, places, join(updates, 1), { axis: 1, mode: "update" });
    },
  },
  "of a logical form": {
    make: ({ x, z }, bad) => {
      const [a, b] = two(op.less(x, 0), op.less(z, 0), bad);
      return op.select(op.logical_and(a, op.logical_not(b)), x, z);
    },
  },
};
