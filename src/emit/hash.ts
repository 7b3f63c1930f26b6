/** SHA-256 of a file while it is being written. */
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";

export interface GrowingHash {
  /** The next bytes of the file, which are in it by now. */
  grow(bytes: Uint8Array): void;
  /** The digest of everything, as hex. */
  digest(): Promise<string>;
  /** Stops the work; `digest` must not be called any more. */
  cancel(): Promise<void>;
}

/** Below this size a second thread takes longer to start than hashing takes. */
const WORTH_A_THREAD = 32 << 20;

/** Hashes a file that will have `total` bytes; it need not be there before the first `grow`. */
export function hashWhileWriting(path: string, total: number): GrowingHash {
  return total < WORTH_A_THREAD ? hashHere() : hashBeside(path);
}

function hashHere(): GrowingHash {
  const hash = createHash("sha256");
  return {
    grow: (bytes) => void hash.update(bytes),
    digest: async () => hash.digest("hex"),
    cancel: async () => {},
  };
}

/**
 * The thread reads what is in the file already, while the main thread converts the next chunk: SHA-256 costs as much
 * as copying the file does. It is source text because a worker is a file of its own, which a bundle does not have.
 */
const FOLLOWER = `
const { openSync, readSync, closeSync } = require("node:fs");
const { createHash } = require("node:crypto");
const { parentPort, workerData } = require("node:worker_threads");
let fd;
const hash = createHash("sha256");
const buffer = Buffer.allocUnsafeSlow(1 << 20);
let done = 0;
function follow(end) {
  fd ??= openSync(workerData, "r");
  while (done < end) {
    const n = readSync(fd, buffer, 0, Math.min(buffer.length, end - done), done);
    if (n === 0) throw new Error("the file is shorter than what was written to it");
    hash.update(buffer.subarray(0, n));
    done += n;
  }
}
parentPort.on("message", ({ end, last }) => {
  follow(end);
  if (!last) return;
  if (fd !== undefined) closeSync(fd);
  parentPort.postMessage(hash.digest("hex"));
  parentPort.close();
});
`;

function hashBeside(path: string): GrowingHash {
  const worker = new Worker(FOLLOWER, { eval: true, workerData: path });
  const answer = new Promise<string>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  // Nobody may be waiting when it fails; `digest` reports it.
  answer.catch(() => {});
  let end = 0;
  return {
    grow(bytes) {
      end += bytes.length;
      worker.postMessage({ end, last: false });
    },
    digest() {
      worker.postMessage({ end, last: true });
      return answer;
    },
    cancel: async () => void (await worker.terminate()),
  };
}
