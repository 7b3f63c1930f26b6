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

/** A number of each token that no mask touches. */
const own = ({ f }: Heads): Value =>
  op.reshape(op.reduce_sum(op.mul(f.x, f.z), { axes: [1] }), { shape: [1, 1, f.tokens, 1] });

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
  "a floor at the size of the scaled mask": {
    ...shown((h) => op.maximum(op.mul(masked(h), 0.1), h.bad ? -999 : -900)),
    needs: "large scores",
  },
  "a floor at the size of the divided mask": {
    ...shown((h) => op.maximum(op.real_div(masked(h), 10), h.bad ? -999 : -900)),
    needs: "large scores",
  },
  "a clip at the size of the scaled mask": {
    ...shown((h) => op.clip(op.mul(masked(h), 0.1), { alpha: h.bad ? -999 : -900, beta: 9 })),
    needs: "large scores",
  },
  "the larger of two masked-out numbers": shown((h) =>
    op.maximum(op.mul(op.abs(h.bad ? op.add(own(h), h.mask) : own(h)), -1), masked(h)),
  ),
  "the same by a root": {
    ...shown((h) => op.maximum(op.mul(op.sqrt(op.square(h.bad ? op.add(own(h), h.mask) : own(h))), -1), masked(h))),
    needs: "a value beyond fp16",
  },
  "a bias that brings it to the threshold": shown((h) => op.maximum(op.add(masked(h), h.bad ? 9998 : 5000), 0)),
  "the mask taken off again": shown((h) => op.exp(op.minimum(h.bad ? op.sub(masked(h), h.mask) : masked(h), 4))),
};
