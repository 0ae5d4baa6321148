/**
 * Which process writes a recording, and whether it is still there.
 *
 * A pid alone is not enough: pids are reused, and a pid of another container or machine means nothing here. The answer
 * `gone` is given only where it is certain; everything doubtful is `unknown`, and nobody may act on that.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

export interface WriterProcess {
  readonly pid: number;
  readonly host: string;
  /** Changes with each boot. Null where the platform does not say. */
  readonly boot: string | null;
  /** The pid namespace, without which a pid is ambiguous. Null where the platform has none. */
  readonly namespace: string | null;
  /** When the process started, in the platform's own unit. Null where the platform does not say. */
  readonly start: string | null;
}

export type WriterState = "alive" | "gone" | "unknown";

let known: WriterProcess | undefined;

/** This process. */
export function thisProcess(): WriterProcess {
  if (known?.pid !== process.pid) {
    known = {
      pid: process.pid,
      host: hostname(),
      boot: attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
      namespace: attempt(() => readlinkSync("/proc/self/ns/pid")),
      start: startOf(process.pid),
    };
  }
  return known;
}

/** Whether the process that `text` (JSON of a `WriterProcess`) describes is still running. Never throws. */
export function writerState(text: string): WriterState {
  const writer = parseWriter(text);
  const here = thisProcess();
  if (writer === null || writer.host !== here.host) return "unknown";
  if (writer.boot !== here.boot) return writer.boot !== null && here.boot !== null ? "gone" : "unknown";
  if (writer.namespace !== here.namespace) return "unknown";
  if (!isRunning(writer.pid)) return "gone";
  const start = startOf(writer.pid);
  return start === null || writer.start === null || start === writer.start ? "alive" : "gone";
}

function parseWriter(text: string): WriterProcess | null {
  const value: unknown = attempt(() => JSON.parse(text) as unknown);
  if (typeof value !== "object" || value === null) return null;
  const { pid, host, boot, namespace, start } = value as Record<string, unknown>;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1 || typeof host !== "string")
    return null;
  return { pid, host, boot: textOrNull(boot), namespace: textOrNull(namespace), start: textOrNull(start) };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** Field 22 of Linux' `stat`; the second field is a name in parentheses that may contain anything. */
function startOf(pid: number): string | null {
  return attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  });
}

function attempt<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
