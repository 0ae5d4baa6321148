/** The thread that makes checkpoints: is sent the path of a store, and takes what it owes back when nothing is open any more. */
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";

const owed = workerData as Int32Array<SharedArrayBuffer>;

parentPort?.on("message", (path: string) => {
  try {
    // `PASSIVE`: nobody who reads or writes is made to wait.
    const database = new Database(path, { fileMustExist: true, timeout: 0 });
    try {
      database.pragma("wal_checkpoint(PASSIVE)");
    } finally {
      database.close();
    }
  } catch {
    // Whoever records there meets the same, and reports it.
  }
  Atomics.store(owed, 0, 0);
  Atomics.notify(owed, 0);
});
