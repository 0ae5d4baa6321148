/**
 * Moving SQLite's log into the file on a thread of its own, because it waits for the disk: a host that records would wait with it.
 *
 * A commit appends to the log, which is enough to survive the death of the process. One thread serves all stores of the process.
 * It is started by the first store that has written enough to be worth it, holds nothing open between two checkpoints, and keeps
 * no process alive.
 */
import { Worker } from "node:worker_threads";

/** Files that the thread owes a checkpoint, beside which nothing may be closed. */
const owed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
/** A checkpoint takes a fraction of this; after it a thread is taken for dead. */
const SETTLE_MS = 1000;
/** The thread has one statement to run. */
const HEAP_MEGABYTES = 16;

/** Null where there can be none: Node's permission model may deny threads, a bundle may lack the file. */
let thread: Worker | null | undefined;

/** Whether the thread will see to it. It does not while it has another to make, which the next call is for. */
export function checkpointBeside(path: string): boolean {
  if (thread === undefined) thread = startThread();
  if (thread === null) return false;
  if (Atomics.compareExchange(owed, 0, 0, 1) === 0) thread.postMessage(path);
  return true;
}

/** Waits until the thread has no file open, so that whoever closes a store closes the last connection to it. */
export function settleCheckpoints(): void {
  if (Atomics.wait(owed, 0, 1, SETTLE_MS) === "timed-out") giveUpThread();
}

function startThread(): Worker | null {
  const [extension] = /\.[jt]s$/.exec(import.meta.url) ?? [".js"];
  try {
    const started = new Worker(new URL(`./checkpoint-thread${extension}`, import.meta.url), {
      name: "rollout-trace checkpoints",
      workerData: owed,
      // What a host preloads is for the host's own thread.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
    started.on("error", giveUpThread);
    started.unref();
    return started;
  } catch {
    return null;
  }
}

function giveUpThread(): void {
  void thread?.terminate();
  thread = null;
  Atomics.store(owed, 0, 0);
}
