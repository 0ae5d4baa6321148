/** The thread that makes checkpoints: has nothing open but between taking a request and clearing it. */
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import type { CheckpointRequest } from "./checkpoint.ts";
import { fileIdentity } from "./connection.ts";

const state = workerData as Int32Array<SharedArrayBuffer>;

parentPort?.on("message", ({ path, identity, number }: CheckpointRequest) => {
  if (Atomics.compareExchange(state, 0, number, -number) !== number) return;
  try {
    if (fileIdentity(path) === identity) checkpoint(path);
  } catch {
    // Whoever records there meets the same, and reports it.
  }
  Atomics.store(state, 0, 0);
  Atomics.notify(state, 0);
});

/** `PASSIVE`: nobody who reads or writes is made to wait. */
function checkpoint(path: string): void {
  const database = new Database(path, { fileMustExist: true, timeout: 0 });
  try {
    database.pragma("wal_checkpoint(PASSIVE)");
  } finally {
    database.close();
  }
}
