/**
 * Faults in one layer of a stack. Equal layers are proven once, by a signature: whatever tells a layer from its
 * neighbours must be part of it. The stack has three layers, and the fault is in the last.
 */
import { type Fault, type Faults, type Feeds, join, op, part, split, table_, type Value, W } from "./fault.ts";

interface Layer {
  readonly k: number;
  readonly bad: boolean;
  readonly f: Feeds;
  /** Sets what state `name` of this layer holds at exit. */
  exit(name: string, value: Value): void;
}
type Body = (h: Value, layer: Layer) => Value;

const LAYERS = 3;

/** A residual stack over `x`, the edit in the last layer. */
const stack = (body: Body, more: Omit<Fault, "make"> = {}): Fault => ({
  make: (f, bad) => {
    const exits: Record<string, Value> = {};
    let h = f.x;
    for (let k = 0; k < LAYERS; k++) {
      const exit = (name: string, value: Value) => {
        exits[`${name}${k}`] = value;
      };
      h = op.add(h, body(h, { k, bad: bad && k === LAYERS - 1, f, exit }));
    }
    return { y: op.tanh(h), ...exits };
  },
  ...more,
});
/** The same fault in the block, and in the step. */
const onBothSides = (name: string, body: Body, more: Omit<Fault, "make"> = {}): Faults => ({
  [`${name}, of the block`]: stack(body, more),
  [`${name}, of the step`]: stack(body, { ...more, where: "step" }),
});

const linear = (h: Value, { k }: Layer, suffix = ""): Value => op.linear(h, W(`w${k}${suffix}`, [4, 4]));
const square = (h: Value): Value => op.reshape(h, { shape: [h.type.shape[0]!, 2, 2] });
const flat = (h: Value): Value => op.reshape(h, { shape: [h.type.shape[0]!, 4] });
const written = (K: Value, layer: Layer, rows: Value): Value =>
  op.scatter(K, layer.f.at, rows, { axis: 0, mode: "update" });

export const SEGMENT: Faults = {
  ...onBothSides("another softmax axis", (h, l) => flat(op.softmax(square(linear(h, l)), { axis: l.bad ? 1 : 2 }))),
  ...onBothSides("another clip", (h, l) => op.clip(linear(h, l), { alpha: -1, beta: l.bad ? 0.25 : 0.5 })),
  ...onBothSides("another constant", (h, l) => op.mul(linear(h, l), l.bad ? 0.25 : 0.5)),
  ...onBothSides("another table", (h, l) => op.mul(linear(h, l), table_([1, 2, 3, l.bad ? 5 : 4], [1, 4]))),
  ...onBothSides("another function", (h, l) => (l.bad ? op.tanh(linear(h, l)) : op.sigmoid(linear(h, l)))),
  ...onBothSides("operands the other way", (h, l) => (l.bad ? op.sub(linear(h, l), h) : op.sub(h, linear(h, l)))),
  ...onBothSides("a transposed weight", (h, l) =>
    op.linear(h, W(`w${l.k}`, [4, 4], l.bad ? { transform: "transpose" } : {})),
  ),
  ...onBothSides("other columns of a weight", (h, l) =>
    op.linear(h, W(`w${l.k}`, [4, 4], { columns: l.bad ? [4, 8] : [0, 4] })),
  ),
  ...onBothSides("other rows of a weight", (h, l) => {
    const rows = (from: number) => W(`w${l.k}`, [4, 4], { rows: [from, from + 4] });
    const [a, b] = l.bad ? [rows(4), rows(0)] : [rows(0), rows(4)];
    return op.mul(op.linear(h, a), op.sigmoid(op.linear(h, b)));
  }),
  ...onBothSides("one weight for two", (h, l) => op.mul(linear(h, l), op.sigmoid(linear(h, l, l.bad ? "" : "gate")))),
  ...onBothSides("another permutation", (h, l) =>
    flat(op.transpose(square(linear(h, l)), { perm: l.bad ? [0, 2, 1] : [0, 1, 2] })),
  ),
  ...onBothSides("a cast on the way", (h, l) => {
    const a = linear(h, l);
    return l.bad ? op.cast(op.cast(a, { dtype: "int32" }), { dtype: "fp16" }) : a;
  }),
  ...onBothSides("another part of the rows", (h, l) => {
    const [a, b] = [part(linear(h, l), 1, 0, 2), part(linear(h, l), 1, 2, 2)];
    return join(l.bad ? [b, a] : [a, b], 1);
  }),
  ...onBothSides("another input", (h, l) => op.mul(linear(h, l), l.bad ? l.f.rows("r", 4) : l.f.z)),
  ...onBothSides("another part of a split", (h, l) => {
    const [a, b] = split(linear(h, l), { split_sizes: [2, 2], axis: 1 });
    return join(l.bad ? [b!, a!] : [a!, b!], 1);
  }),
  ...onBothSides("a table of another shape", (h, l) =>
    flat(op.mul(square(linear(h, l)), table_([2, 3], l.bad ? [2, 1] : [1, 2]))),
  ),
  ...onBothSides("two states the other way", (h, l) => {
    const [K, L] = [l.f.state(`K${l.k}`), l.f.state(`L${l.k}`)].map((x) => op.gather(x, l.f.at, { axis: 0 }));
    const [a, b] = l.bad ? [L!, K!] : [K!, L!];
    return op.mul(h, op.mul(a, op.sigmoid(b)));
  }),
  "a state that another layer's rows are written to": stack(
    (h, l) => {
      const L = l.f.state(`L${l.k}`);
      if (l.bad) l.exit("L", written(L, l, l.f.x));
      return op.mul(h, op.reduce_sum(L, { axes: [0] }));
    },
    { where: "both" },
  ),
  ...onBothSides("a state's exit", (h, l) => {
    const K = l.f.state(`K${l.k}`);
    const exit = written(K, l, h);
    l.exit("K", l.bad ? op.mul(exit, 0.5) : exit);
    return op.mul(h, op.gather(exit, l.f.at, { axis: 0 }));
  }),
  ...onBothSides("a state's exit alone", (h, l) => {
    const K = l.f.state(`K${l.k}`);
    l.exit("K", written(K, l, l.bad ? op.mul(h, 0.5) : h));
    return linear(h, l);
  }),
  ...onBothSides("the state that is read", (h, l) => {
    const [K, L] = [l.f.state(`K${l.k}`), l.f.state(`L${l.k}`)];
    const [K2, L2] = [written(K, l, h), written(L, l, op.tanh(h))];
    l.exit("K", K2);
    l.exit("L", L2);
    return op.mul(h, op.gather(l.bad ? L2 : K2, l.f.at, { axis: 0 }));
  }),
};
