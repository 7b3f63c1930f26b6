/** The machine's limit: threads that read memory as fast as they can, for what reads as much to be held against. */
import { Worker } from "node:worker_threads";

/** Every cache line of its share once, in four sums that do not wait for one another. */
const THREAD = `
const { parentPort, workerData: { memory, begin, count } } = require("node:worker_threads");
const numbers = new Float64Array(memory, begin * 8, count);
parentPort.on("message", () => {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i + 31 < count; i += 32) {
    a += numbers[i];
    b += numbers[i + 8];
    c += numbers[i + 16];
    d += numbers[i + 24];
  }
  parentPort.postMessage(a + b + c + d);
});`;

/** Threads over so many bytes; `pass` reads all of them once. */
export function memoryReader(bytes: number, threads: number) {
  const memory = new SharedArrayBuffer(Math.ceil(bytes / 64 / threads) * 64 * threads);
  new Uint8Array(memory).fill(1);
  const count = memory.byteLength / 8 / threads;
  const workers = Array.from(
    { length: threads },
    (_, n) => new Worker(THREAD, { eval: true, workerData: { memory, begin: n * count, count } }),
  );
  return {
    async pass(): Promise<number> {
      const begin = performance.now();
      const done = workers.map((worker) => new Promise((resolve) => worker.once("message", resolve)));
      for (const worker of workers) worker.postMessage(0);
      await Promise.all(done);
      return performance.now() - begin;
    },
    close: () => Promise.all(workers.map((worker) => worker.terminate())),
  };
}
