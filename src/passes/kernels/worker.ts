/** The program of a helper thread, as text: a bundle of the compiler has no second file that a thread could load. */

/** Places of the control block, in 32-bit words. */
export const CONTROL = {
  /** Counts the jobs; a change wakes the helpers. */
  round: 0,
  kernel: 1,
  count: 2,
  grain: 3,
  /** The next item that nobody has taken. */
  next: 4,
  /** How many helpers are at this job, or `closed`: then none is, and none begins. */
  gate: 5,
  failed: 6,
  stop: 7,
  /** The value of a gate that is shut. */
  closed: -1,
  /** Items of a parameter block, a multiple of the grain. */
  stride: 8,
  /** Of all parameter blocks. */
  items: 9,
  /** The parameter blocks of the kernel: where the first lies, how many words each has room for, and how many there may be. */
  words: 16,
  room: 32,
  blocks: 32,
  /** Size of all in bytes. */
  bytes: 4 * (16 + 32 * 32),
} as const;

/** How often a helper looks for the next job before it goes to sleep; about a tenth of a millisecond. */
const SPINS = 20_000;

/** JavaScript of a helper thread: it waits for a round, enters if that is still open, takes items until none is left, and leaves. */
export const WORKER_SOURCE = `
"use strict";
const { workerData } = require("node:worker_threads");
const { memory, module, scratch, control: at } = workerData;
const kernels = Object.values(new WebAssembly.Instance(module, { env: { memory, exp: Math.exp } }).exports);
const control = new Int32Array(memory.buffer, 0, at.bytes / 4);
const enters = () => {
  for (let n = Atomics.load(control, at.gate); n !== at.closed; ) {
    const was = Atomics.compareExchange(control, at.gate, n, n + 1);
    if (was === n) return true;
    n = was;
  }
  return false;
};
let seen = 0;
for (;;) {
  for (let n = 0; n < ${SPINS} && Atomics.load(control, at.round) === seen; n++);
  Atomics.wait(control, at.round, seen);
  seen = Atomics.load(control, at.round);
  if (Atomics.load(control, at.stop)) break;
  if (!enters()) continue;
  const [count, grain, stride, items] = [at.count, at.grain, at.stride, at.items].map((n) => Atomics.load(control, n));
  const kernel = kernels[Atomics.load(control, at.kernel)];
  try {
    for (let i = Atomics.add(control, at.next, grain); i < items; i = Atomics.add(control, at.next, grain)) {
      const [block, begin] = [Math.floor(i / stride), i % stride];
      kernel((at.words + block * at.room) * 4, begin, Math.min(count, begin + grain), scratch);
    }
  } catch {
    Atomics.store(control, at.failed, 1);
  }
  Atomics.sub(control, at.gate, 1);
  Atomics.notify(control, at.gate);
}
`;
