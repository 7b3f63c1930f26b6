/** Faults of comparisons: < for ≤, = for ≤, the other way round; of numbers, positions and constants. */
import { type Fault, type Faults, op, table_, type Value } from "./fault.ts";

type Name = "less" | "less_equal" | "greater" | "greater_equal" | "equal" | "not_equal";

const whole = (x: Value): Value => op.cast(op.mul(x, 2), { dtype: "int32" });
/** Of whole numbers, which are often equal. */
const ofWhole = (good: Name, wrong: Name): Fault => ({
  make: ({ x, z }, bad) => op.select(op[bad ? wrong : good](whole(x), whole(z)), x, op.mul(z, 3)),
});
/** Of floats cut at 0, which are often equal there. */
const ofFloats = (good: Name, wrong: Name): Fault => ({
  make: ({ x, z }, bad) =>
    op.select(op[bad ? wrong : good](op.maximum(x, 0), op.maximum(z, 0)), op.add(x, 5), op.mul(z, 3)),
});
/** Of constants: what is known at compile time, against the branch that is right. */
const ofConstants = (good: Name, wrong: Name, a: number, b: number): Fault => ({
  make: ({ x, z }, bad) => op.select(op[bad ? wrong : good](table_([a], [1, 1]), table_([b], [1, 1])), x, z),
  step: ({ x }) => x,
});
const CELLS = (): Value => table_([0, 1, 2, 3, 4], [1, 5], "int32");
/** Of positions with positions. */
const ofPosition = (holds: (at: Value, bad: boolean) => Value): Fault => ({
  make: (f, bad) => op.mul(f.x, op.reshape(op.cast(holds(f.at, bad), { dtype: "fp16" }), { shape: [f.tokens, 1] })),
});
/** Of the numbers 0 to 4. */
const ofCounter = (holds: (cells: Value, bad: boolean) => Value): Fault => ({
  make: (f, bad) => op.mul(f.rows("r", 5), op.cast(holds(CELLS(), bad), { dtype: "fp16" })),
});
/** Of the numbers of cache rows with positions: which rows a token sees. */
const ofPositions = (good: Name, wrong: Name): Fault => ({
  make: (f, bad) => {
    f.mask();
    const seen = op[bad ? wrong : good](CELLS(), op.reshape(f.at, { shape: [f.tokens, 1] }));
    return op.mul(f.rows("r", 5), op.cast(seen, { dtype: "fp16" }));
  },
});

export const COMPARISON: Faults = {
  "of ints: ≤ for <": ofWhole("less", "less_equal"),
  "of ints: = for ≤": ofWhole("less_equal", "equal"),
  "of ints: > for <": ofWhole("less", "greater"),
  "of ints: ≥ for >": ofWhole("greater", "greater_equal"),
  "of ints: ≠ for =": ofWhole("equal", "not_equal"),
  "of floats: ≤ for <": ofFloats("less", "less_equal"),
  "of floats: = for ≤": ofFloats("less_equal", "equal"),
  "of floats: ≥ for >": ofFloats("greater", "greater_equal"),
  "of constants: < for ≤ of equal ones": ofConstants("less_equal", "less", 2, 2),
  "of constants: < for = of equal ones": ofConstants("equal", "less", 2, 2),
  "of constants: = for <": ofConstants("less", "equal", 1, 2),
  "of constants: = for ≤": ofConstants("less_equal", "equal", 1, 2),
  "of constants: a larger first": {
    make: ({ x, z }, bad) => op.select(op.less(table_([bad ? 3 : 1], [1, 1]), table_([2], [1, 1])), x, z),
    step: ({ x }) => x,
  },
  "of positions: ≤ for <": ofPositions("less", "less_equal"),
  "of positions: = for ≤": ofPositions("less_equal", "equal"),
  "of positions: ≥ for ≤": ofPositions("less_equal", "greater_equal"),
  "of a position with itself": ofPosition((at, bad) => op[bad ? "less_equal" : "less"](at, at)),
  "of a position with the next": ofPosition((at, bad) => op.less(at, bad ? at : op.add(at, 1))),
  "of a position with the one before": ofPosition((at, bad) => op.less_equal(bad ? at : op.add(at, 1), at)),
  "of a counter with itself": ofCounter((cells, bad) => op[bad ? "less_equal" : "less"](cells, cells)),
  "of a counter with a number": {
    ...ofCounter((cells, bad) => op[bad ? "less" : "less_equal"](cells, 2)),
    step: ({ rows }) => op.mul(rows("r", 5), op.cast(op.less(CELLS(), 3), { dtype: "fp16" })),
  },
  "of a number with a counter": ofCounter((cells, bad) => op[bad ? "less" : "less_equal"](2, cells)),
  "= of a counter with a number": ofCounter((cells, bad) => op.equal(cells, bad ? 3 : 2)),
  "or for and": {
    make: ({ x, z }, bad) =>
      op.select(op[bad ? "logical_or" : "logical_and"](op.less(x, 0), op.less(z, 0)), x, op.mul(z, 3)),
  },
  "a negation lost": {
    make: ({ x, z }, bad) => {
      const less = op.less(x, z);
      return op.select(bad ? less : op.logical_not(less), x, op.mul(z, 3));
    },
  },
};
