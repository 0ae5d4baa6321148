/**
 * Moving SQLite's log into the file on a thread of its own, because it waits for the disk: a host that records would wait with it.
 *
 * A commit appends to the log, which is enough to survive the death of the process. One thread serves all stores of the process,
 * one at a time. It is started by the first store that has written enough to be worth it, holds nothing open between two
 * checkpoints, and keeps no process alive.
 */
import { Worker } from "node:worker_threads";

/** What the thread is asked for; it takes a request only if it is still in `state`. */
export interface CheckpointRequest {
  readonly path: string;
  /** Of the file that is meant, as `fileIdentity` gives it: the log beside another one would be none of that file's. */
  readonly identity: string | null;
  readonly number: number;
}

/** The number of the request that waits for the thread, the same below zero while the thread is at it, 0 when there is none. */
const state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
/** Milliseconds. A checkpoint takes a fraction of this, but the disk may have stopped answering. */
const SETTLE_MS = 1000;
/** The thread has one statement to run. */
const HEAP_MEGABYTES = 16;

/** Null where there can be none: Node's permission model may deny threads, a bundle may lack the file. */
let thread: Worker | null | undefined;
let last: CheckpointRequest = { path: "", identity: null, number: 0 };

/** Whether the thread will see to it. It does not while it has another to make, which the next call is for. */
export function checkpointBeside(path: string, identity: string | null): boolean {
  if (thread === undefined) thread = startThread();
  if (thread === null) return false;
  const request = { path, identity, number: last.number + 1 };
  if (Atomics.compareExchange(state, 0, 0, request.number) === 0) {
    last = request;
    thread.postMessage(request);
  }
  return true;
}

/**
 * For who closes a store, and makes a checkpoint with that: takes back what the thread has not begun, and waits for what it
 * has, so that the last connection to the file is closed here.
 */
export function settleCheckpoint(path: string): void {
  if (last.path !== path) return;
  const began = -last.number;
  if (Atomics.compareExchange(state, 0, last.number, 0) === began) Atomics.wait(state, 0, began, SETTLE_MS);
}

function startThread(): Worker | null {
  const [extension] = /\.[jt]s$/.exec(import.meta.url) ?? [".js"];
  try {
    const started = new Worker(new URL(`./checkpoint-thread${extension}`, import.meta.url), {
      name: "rollout-trace checkpoints",
      workerData: state,
      // What a host preloads is for the host's own thread.
      execArgv: [],
      env: {},
      // It has nothing to say. Otherwise Node opens the host's own output for it, and a pipe no longer blocks then.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
    started.on("error", giveUpThread);
    started.unref();
    return started;
  } catch {
    return null;
  }
}

/** It is dead already. */
function giveUpThread(): void {
  thread = null;
  Atomics.store(state, 0, 0);
}
