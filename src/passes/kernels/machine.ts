/**
 * The memory that a run lives in and the threads that work on it: a WebAssembly instance per thread over one shared
 * memory. Threads take grains of items from a shared counter; which thread does an item cannot change its bits.
 */

import { Worker } from "node:worker_threads";
import { brotliDecompressSync } from "node:zlib";
import { KERNELS_BASE64 } from "./module.gen.ts";
import { CONTROL, WORKER_SOURCE } from "./worker.ts";

interface WebAssemblyApi {
  readonly Memory: new (size: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: ArrayBufferLike };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** Node has it; neither TypeScript's es2023 library nor @types/node 20 declares it as a value. */
const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

/** Shared memory and the threads that run wasm kernels in it. */
export interface Machine {
  readonly buffer: ArrayBufferLike;
  /** Runs an exported kernel over items [0, count) with the words of its parameter block. */
  run(kernel: string, words: readonly number[], count: number, grain: number): void;
  /** The same for several parameter blocks, each over as many items: the threads meet once for all of them. */
  runAll(kernel: string, blocks: readonly (readonly number[])[], count: number, grain: number): void;
  /** Whether none of `count` fp16 at an address is infinite or NaN. */
  finite(at: number, count: number): boolean;
  /** Ends the other threads. */
  close(): Promise<void>;
}

/** Sizes in bytes; fixed for the life of the machine. */
export interface MachineOptions {
  /** Bytes for data, from address `DATA` on. */
  readonly data: number;
  /** Bytes of its own that each thread needs. */
  readonly scratch: number;
  readonly threads: number;
}

type Kernel = (words: number, begin: number, end: number, scratch: number) => void;
type Exports = Readonly<Record<string, Kernel>> & {
  finite(at: number, count: number): number;
};

/** Looks at the counter before the thread sleeps, and milliseconds of sleep before a helper counts as lost. */
const SPINS = 2_000;
const LOST = 60_000;
const PAGE = 65536;
/** What one WebAssembly memory can hold: addresses have 32 bits. */
export const MOST_MACHINE = 2 ** 32;
/** Vector loads of the last elements may reach this far beyond the data. */
const SLACK = 64;
/** Bytes; sizes are rounded up to it, so that what follows begins at a multiple of it. */
export const ALIGNMENT = 64;
/** The least multiple of `ALIGNMENT` that holds so many bytes. */
export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** What a machine occupies, in bytes. */
export const machineBytes = ({ data, scratch, threads }: MachineOptions): number =>
  Math.ceil((dataAddress({ scratch, threads }) + data + SLACK) / PAGE) * PAGE;

/** Where the data begins: behind the control block and the threads' scratch. */
export const dataAddress = ({ scratch, threads }: Omit<MachineOptions, "data">): number =>
  CONTROL.bytes + threads * align(scratch);

/** Allocates `machineBytes` and starts the other threads; `close` ends them. */
export function machine(options: MachineOptions): Machine {
  const pages = machineBytes(options) / PAGE;
  const memory = new Memory({ initial: pages, maximum: pages, shared: true });
  const module = new Module(brotliDecompressSync(Buffer.from(KERNELS_BASE64, "base64")));
  const exports = new Instance(module, { env: { memory, exp: Math.exp } }).exports as Exports;
  const scratchOf = (thread: number) => CONTROL.bytes + thread * align(options.scratch);
  const control = new Int32Array(memory.buffer, 0, CONTROL.bytes / 4);
  Atomics.store(control, CONTROL.gate, CONTROL.closed);
  const helpers = Array.from({ length: options.threads - 1 }, (_, n) => {
    const workerData = { memory, module, scratch: scratchOf(n + 1), control: CONTROL };
    const worker = new Worker(WORKER_SOURCE, { eval: true, workerData });
    worker.unref();
    return worker;
  });
  const names = Object.keys(exports);
  const runAll: Machine["runAll"] = (kernel, blocks, count, grain) => {
    for (let first = 0; first < blocks.length; first += CONTROL.blocks) {
      const some = blocks.slice(first, first + CONTROL.blocks);
      for (const [n, words] of some.entries()) control.set(words, CONTROL.words + n * CONTROL.room);
      const stride = Math.ceil(count / grain) * grain;
      const items = some.length * stride;
      const run = (item: number): void => {
        const [block, begin] = [Math.floor(item / stride), item % stride];
        const words = (CONTROL.words + block * CONTROL.room) * 4;
        exports[kernel]!(words, begin, Math.min(count, begin + grain), scratchOf(0));
      };
      if (helpers.length === 0 || items <= grain) for (let item = 0; item < items; item += grain) run(item);
      else shareOut(control, { kernel: names.indexOf(kernel), count, grain, stride, items, run });
    }
  };
  return {
    buffer: memory.buffer,
    finite: (at, count) => exports.finite(at, count) === 1,
    run: (kernel, words, count, grain) => runAll(kernel, [words], count, grain),
    runAll,
    async close() {
      Atomics.store(control, CONTROL.stop, 1);
      Atomics.add(control, CONTROL.round, 1);
      Atomics.notify(control, CONTROL.round);
      await Promise.all(helpers.map((worker) => worker.terminate()));
    },
  };
}

interface MachineJob {
  /** Its place among the exports. */
  readonly kernel: number;
  readonly count: number;
  readonly grain: number;
  readonly stride: number;
  readonly items: number;
  run(item: number): void;
}

/** One job on all threads; back when every grain is done. A helper that wakes up only then finds the gate shut: nobody waits for it. */
function shareOut(control: Int32Array, job: MachineJob): void {
  for (const field of ["kernel", "count", "grain", "stride", "items"] as const)
    Atomics.store(control, CONTROL[field], job[field]);
  Atomics.store(control, CONTROL.next, 0);
  Atomics.store(control, CONTROL.gate, 0);
  Atomics.add(control, CONTROL.round, 1);
  Atomics.notify(control, CONTROL.round);
  for (let item = take(control, job.grain); item < job.items; item = take(control, job.grain)) job.run(item);
  // Another thread may still be at its last grain.
  const shut = () => Atomics.compareExchange(control, CONTROL.gate, 0, CONTROL.closed);
  for (let tries = 0, inside = shut(); inside !== 0; tries++, inside = shut()) {
    if (tries > SPINS) Atomics.wait(control, CONTROL.gate, inside, 1);
    if (tries > SPINS + LOST) throw new Error("a helper thread does not answer");
  }
  if (Atomics.load(control, CONTROL.failed) !== 0) throw new Error("a kernel failed on another thread");
}

const take = (control: Int32Array, grain: number): number => Atomics.add(control, CONTROL.next, grain);
