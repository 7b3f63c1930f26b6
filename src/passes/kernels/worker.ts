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
  /** Helpers that are through with this job. */
  done: 5,
  failed: 6,
  stop: 7,
  /** The parameter block of the kernel. */
  words: 16,
  /** Size of the whole block. */
  bytes: 256,
} as const;
/** Where the words of the control block lie. */
export type Control = typeof CONTROL;

/** How often a helper looks for the next job before it goes to sleep; about a tenth of a millisecond. */
const SPINS = 20_000;

/** JavaScript of a helper thread: it waits for a round, takes items until none is left, and counts itself done. */
export const WORKER_SOURCE = `
"use strict";
const { workerData } = require("node:worker_threads");
const { memory, module, scratch, control: at } = workerData;
const kernels = Object.values(new WebAssembly.Instance(module, { env: { memory, exp: Math.exp } }).exports);
const control = new Int32Array(memory.buffer, 0, at.bytes / 4);
let seen = 0;
for (;;) {
  for (let n = 0; n < ${SPINS} && Atomics.load(control, at.round) === seen; n++);
  Atomics.wait(control, at.round, seen);
  seen = Atomics.load(control, at.round);
  if (Atomics.load(control, at.stop)) break;
  const [count, grain] = [Atomics.load(control, at.count), Atomics.load(control, at.grain)];
  const kernel = kernels[Atomics.load(control, at.kernel)];
  try {
    for (let i = Atomics.add(control, at.next, grain); i < count; i = Atomics.add(control, at.next, grain))
      kernel(at.words * 4, i, Math.min(count, i + grain), scratch);
  } catch {
    Atomics.store(control, at.failed, 1);
  }
  Atomics.add(control, at.done, 1);
  Atomics.notify(control, at.done);
}
`;
