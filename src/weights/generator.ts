/** Makes the elements of generated weights: here, or by a second thread while this one converts those before. */
import { Worker } from "node:worker_threads";
import { assembled, Instance, Memory } from "./assembled.ts";

/** generate.wat, assembled, as Brotli (test/weights/slab.test.ts holds the two together). */
export const GENERATE_BASE64 =
  "oYAiAPBMsG0rXL0IUukNiwzVrBq6/X5JF3Jf+KDJz6BB2FLr+NKMj8QInMbukLLC6xEAkbfy7U8wmlqYaKMlWhPFSDbR/1xT7xpL4IjueRrVP751gmVz2RoHONybVenUZzjdJgZ1RiMcw1J8DitnBw6AG/vl9PT0dH+P5bhr4UcubBxe5rce9EAIHq6MfSqUEBAT8z1c98X8d/DuKd0RdM2d79ZELysAoLugYb9mNTPI1w7j+l3XT8OUYFoaOGbmNtZUqoVF7P3eR0jLuc7SBsyNuZmGbaCnXzHb8QWACbp1HCPP8+bSlkG6R9TY0dNVrSbsk2mS0Cq7sflCAxY0VjPmjf8nAGOaxbuFA2COFhnGStdCxHBrqASAWUQAaH9wKZrtVvTR22P+JDHiIuQMjWhCM1MQ+JGbVrqwKElMSMobAATZv86jw453pJbamsOYA9aQaYLRaKpGAyY9HoqFjPiTDTwDCJUwJc2vV4dbowQa23CW3l6+nAmN/qGicpwSzZgU0GyPYQFH4Rg9oo0rDw==";

const generateModule = assembled(GENERATE_BASE64);

/** Elements of a piece, a multiple of the eight that the code takes at a time: it stays in the nearest cache. */
const PIECE = 2 ** 13;

/** Elements of a matrix, or of a norm, from `n` in the row of all numbers on. */
export interface Elements {
  readonly n: number;
  /** What a number is multiplied by. */
  readonly scale: number;
  /** Whether 1 is added, as to a norm. */
  readonly norm: boolean;
}

interface GenerateCode {
  fill(at: number, count: number, n: number, scale: number): void;
  exact(at: number, count: number, n: number, scale: number, offset: number): void;
}

/** Fills `target` with bf16 bit patterns. */
export type Fill = (target: Uint16Array, elements: Elements) => void;

/** One that has a piece of memory of its own. */
export function fillHere(): Fill {
  const memory = new Memory({ initial: 1 });
  const { fill, exact } = new Instance(generateModule(), { env: { memory } }).exports as GenerateCode;
  const piece = new Uint16Array(memory.buffer, 0, PIECE);
  return (target, { n, scale, norm }) => {
    for (let at = 0; at < target.length; at += PIECE) {
      const count = Math.min(PIECE, target.length - at);
      const whole = Math.ceil(count / 8) * 8;
      if (norm) exact(0, whole, (n + at) | 0, scale, 1);
      else fill(0, whole, (n + at) | 0, scale);
      target.set(piece.subarray(0, count), at);
    }
  };
}

/** Filling that may go on beside this thread. */
export interface FillBeside {
  /** Kept when all is there. */
  fill(target: Uint16Array, elements: Elements): Promise<void>;
  close(): Promise<void>;
}

/** Elements that are made here before there is a second thread: it takes as long to start as these take. */
const WORTH_A_THREAD = 2 ** 26;
/** The same at a time. */
const WORTH_A_MESSAGE = 2 ** 18;
/** Most elements that the thread makes at a time. */
const ROOM = 2 ** 20;

/** A bundle has no separate file for a thread's code, so this is text. It says that it is ready, and then gives back each buffer filled. */
const THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const memory = new WebAssembly.Memory({ initial: 1 });
const { fill } = new WebAssembly.Instance(workerData.module, { env: { memory } }).exports;
const piece = new Uint16Array(memory.buffer, 0, ${PIECE});
parentPort.on("message", ({ buffer, count, n, scale }) => {
  const room = new Uint16Array(buffer);
  for (let at = 0; at < count; at += piece.length) {
    fill(0, piece.length, (n + at) | 0, scale);
    room.set(piece.subarray(0, count - at), at);
  }
  parentPort.postMessage(buffer, [buffer]);
});
parentPort.postMessage(true);`;

/** Fills by a second thread once there was enough to do (`worth`, in elements), and here until it is ready. */
export function fillBeside(worth = WORTH_A_THREAD): FillBeside {
  const here = fillHere();
  let made = 0;
  let thread: ReturnType<typeof startThread> | undefined;
  let turn = Promise.resolve();
  return {
    async fill(target, elements) {
      made += target.length;
      if (made > worth) thread ??= startThread();
      if (elements.norm || target.length < WORTH_A_MESSAGE || !thread?.isReady()) return here(target, elements);
      const { fill } = thread;
      turn = turn.catch(() => {}).then(() => fill(target, elements));
      return turn;
    },
    close: async () => thread?.close(),
  };
}

/** Nothing waits for the thread but what it was asked for: it keeps no process alive. */
function startThread() {
  // It goes to and fro: copying out of shared memory is slow.
  let buffer = new ArrayBuffer(2 * ROOM);
  const worker = new Worker(THREAD, { eval: true, workerData: { module: generateModule() } });
  worker.unref();
  let isReady = false;
  let failure: Error | undefined;
  let waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  worker.on("message", (message: true | ArrayBuffer) => {
    isReady = true;
    if (message !== true) buffer = message;
    waiting?.resolve();
  });
  worker.on("error", (error: Error) => {
    failure = error;
    waiting?.reject(error);
  });
  const piece = (count: number, { n, scale }: Elements): Promise<void> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure);
      waiting = { resolve, reject };
      worker.postMessage({ buffer, count, n, scale }, [buffer]);
    });
  return {
    isReady: () => isReady,
    /** One at a time. */
    async fill(target: Uint16Array, { n, ...how }: Elements): Promise<void> {
      worker.ref();
      try {
        for (let at = 0; at < target.length; at += ROOM) {
          const count = Math.min(ROOM, target.length - at);
          await piece(count, { n: n + at, ...how });
          target.set(new Uint16Array(buffer, 0, count), at);
        }
      } finally {
        worker.unref();
      }
    },
    close: async () => void (await worker.terminate()),
  };
}
