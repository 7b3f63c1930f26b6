/** Faults about masked-out entries: what undoes the mask, shows it, or lets an entry through that it should shut. */
import { type Fault, type Faults, type Feeds, op, rolled, type Value } from "./fault.ts";

interface Heads {
  readonly f: Feeds;
  readonly scores: Value;
  readonly mask: Value;
  readonly K: Value;
  readonly bad: boolean;
}

/** One head of attention over a cache written by the mask's columns: from scores and mask to what weighs the rows. */
const attention = (weigh: (heads: Heads) => Value, more: Omit<Fault, "make"> = { where: "both" }): Fault => ({
  make: (f, bad) => {
    const rows = op.reshape(f.x, { shape: [1, 1, f.tokens, 4] });
    const old = f.state("K", [1, 1, 5, 4]);
    const kept = op.sub(1, op.reduce_sum(f.write, { axes: [3], keep_dims: true }));
    const K = op.add(op.mul(old, kept), op.matmul(f.write, rows));
    // Large enough to be seen beside −10000 in fp16.
    const scores = op.matmul(op.mul(rows, 4), K, { transpose_y: true });
    return { K, y: op.matmul(weigh({ f, scores, mask: f.mask(), K, bad }), K) };
  },
  ...more,
});
/** The same, and shown as it is: for what must not depend on an entry that is shut. */
const shown = (show: (heads: Heads) => Value): Fault => ({
  ...attention(show),
  make: (f, bad) => {
    let value: Value | undefined;
    const made = attention((heads) => {
      value = show(heads);
      return op.mul(heads.mask, 0);
    }).make(f, bad) as Readonly<Record<string, Value>>;
    return { ...made, y: value! };
  },
});

const softmax = (x: Value): Value => op.softmax(x, { axis: 3 });
const masked = ({ scores, mask }: Heads): Value => op.add(scores, mask);
/** exp of what is not above 0, so that nothing overflows. */
const gate = (x: Value): Value => op.exp(op.minimum(x, 4));

export const MASKED: Faults = {
  "a bias after the mask that undoes it": attention((h) => gate(op.add(masked(h), h.bad ? 10000 : 10))),
  "two biases that undo it": attention((h) => gate(op.add(op.add(masked(h), h.bad ? 5000 : 5), h.bad ? 5000 : 5))),
  "a subtracted number that undoes it": attention((h) => gate(op.sub(masked(h), h.bad ? -9990 : 10))),
  "a scale that undoes it": attention((h) => softmax(op.mul(masked(h), h.bad ? 2 ** -13 : 0.5))),
  "a divisor that undoes it": attention((h) => softmax(op.real_div(masked(h), h.bad ? 10000 : 2))),
  "a scale that turns it round": attention((h) => softmax(op.mul(masked(h), h.bad ? -0.001 : 1))),
  "a scaled mask": attention(({ scores, mask, bad }) => softmax(op.add(scores, op.mul(mask, bad ? 2 ** -13 : 1)))),
  "the mask subtracted": attention(({ scores, mask, bad }) => softmax(op.sub(scores, bad ? mask : op.mul(mask, -1)))),
  "the mask times −1": attention(({ scores, mask, bad }) => softmax(op.add(scores, op.mul(mask, bad ? -1 : 1)))),
  "the mask left out": attention(({ scores, mask, bad }) => softmax(bad ? scores : op.add(scores, mask))),
  "the mask after the softmax": attention((h) =>
    h.bad ? op.mul(op.add(softmax(h.scores), h.mask), 0.001) : softmax(masked(h)),
  ),
  "the larger of score and mask": attention((h) => softmax(h.bad ? op.maximum(h.scores, h.mask) : masked(h))),
  "a clip that brings it near": attention((h) => gate(op.clip(masked(h), { alpha: h.bad ? -2 : -5000, beta: 9 }))),
  "a maximum that brings it near": attention((h) => gate(op.maximum(masked(h), h.bad ? -2 : -4000))),
  "a root of its size": attention((h) => (h.bad ? gate(op.sqrt(op.sqrt(op.abs(masked(h))))) : gate(masked(h)))),
  "another function than exp": attention((h) => (h.bad ? op.tanh(masked(h)) : gate(masked(h)))),
  "softmax over the tokens": attention((h) => op.softmax(masked(h), { axis: h.bad ? 2 : 3 })),
  "the mask of the next token": attention(
    ({ scores, mask, bad }) => softmax(op.add(scores, bad ? rolled(mask, 2) : mask)),
    {},
  ),
  "the mask of the next cache row": attention(
    ({ scores, mask, bad }) => softmax(op.add(scores, bad ? rolled(mask, 3) : mask)),
    {},
  ),
  "the mask in the step alone left out": attention(
    ({ scores, mask, bad }) => softmax(bad ? scores : op.add(scores, mask)),
    { where: "step" },
  ),
  "the old scores for the new": attention(({ f, mask, scores, bad }) => {
    const old = op.matmul(op.reshape(f.x, { shape: [1, 1, f.tokens, 4] }), f.state("K", [1, 1, 5, 4]), {
      transpose_y: true,
    });
    return softmax(op.add(bad ? old : scores, mask));
  }),
  "masked scores at an output": shown((h) => (h.bad ? masked(h) : gate(masked(h)))),
  "masked scores at an output, scaled": shown((h) =>
    h.bad ? op.mul(masked(h), 0.5) : softmax(op.mul(masked(h), 0.5)),
  ),
  "the least masked score": shown((h) => op[h.bad ? "reduce_min" : "reduce_max"](masked(h), { axes: [3] })),
  "the sum of masked scores": shown((h) => op[h.bad ? "reduce_sum" : "reduce_max"](masked(h), { axes: [3] })),
  "the score less the row's largest, shown": shown((h) => {
    const s = masked(h);
    const apart = op.sub(s, op.reduce_max(s, { axes: [3], keep_dims: true }));
    return h.bad ? apart : op.exp(apart);
  }),
};
