/** What a process holds: memory, open files, children, and whatever would keep it from ending. Linux. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

export interface ProcessState {
  /** After a collection. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly openFiles: number;
  readonly children: readonly number[];
  /** Timers, handles and requests, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

const PAGE_BYTES = 4096;
/** Collections until a heap does not get smaller: finalisers free what only they held. */
const COLLECTIONS = 4;

/** This process. Needs `--expose-gc`. */
export async function settledState(): Promise<ProcessState> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("run with --expose-gc");
  for (let round = 0; round < COLLECTIONS; round += 1) {
    gc();
    await pause(20);
  }
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    heapBytes: process.memoryUsage().heapUsed,
    residentBytes: residentBytes(process.pid) ?? 0,
    openFiles: openFiles(process.pid) ?? 0,
    children: childrenOf(process.pid),
    resources,
  };
}

/** Milliseconds for which this process's main thread was ready to run and did not get a processor. */
export function heldUpMs(): number {
  return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]) / 1e6;
}

/** Null when there is no such process. */
export function residentBytes(pid: number): number | null {
  const pages = attempt(() => readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return pages === null || pages === undefined ? null : Number(pages) * PAGE_BYTES;
}

/** Null when there is no such process. */
export function openFiles(pid: number): number | null {
  return attempt(() => readdirSync(`/proc/${pid}/fd`).length);
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(
    (task) =>
      attempt(() => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8"))
        ?.split(" ")
        .filter((child) => child !== "")
        .map(Number) ?? [],
  );
}

function attempt<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
