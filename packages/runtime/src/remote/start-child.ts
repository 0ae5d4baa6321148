/** Starts a process that gets nothing of this one but three pipes: no variable, no other descriptor, less of the processor. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { devNull, getPriority, setPriority } from "node:os";
import { CodeModeError, messageOf } from "../errors.ts";

/** Enough that a busy script does not starve the host, little enough that it gets on beside it. */
const NICER_BY = 5;
const LEAST_PRIORITY = 19;
const STANDARD_STREAMS = 3;

/** Throws `host_lost` when this process has no means to start another; what else goes wrong is an event `error`. */
export function startChild(command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  try {
    const child = spawnBare(command, args);
    if (child.pid !== undefined) {
      lowerPriority(child.pid);
      endWithThisProcess(child);
    }
    if (hasPipes(child)) return child;
    child.on("error", () => {});
    throw new Error("too many open files");
  } catch (error) {
    const why = messageOf(error);
    throw new CodeModeError("host_lost", `${command} could not be started: ${why}`, { cause: error });
  }
}

function spawnBare(command: string, args: readonly string[]): ChildProcess {
  const nothing = openSync(devNull, "r+");
  try {
    const stdio: ("pipe" | "ignore" | number)[] = ["pipe", "pipe", "pipe"];
    for (const descriptor of passedOn()) {
      while (stdio.length < descriptor) stdio.push("ignore");
      stdio[descriptor] = nothing;
    }
    return spawn(command, args, { env: {}, stdio, windowsHide: true });
  } finally {
    closeSync(nothing);
  }
}

/** There are none where this process has no descriptors to spare, whatever the types say. */
function hasPipes(child: ChildProcess): child is ChildProcessWithoutNullStreams {
  return (child.stdin ?? child.stdout ?? child.stderr ?? undefined) !== undefined;
}

/** Now, because its threads get what its first thread has when they start. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, Math.min(getPriority() + NICER_BY, LEAST_PRIORITY));
  } catch {
    // It has ended already, or the platform does not want that.
  }
}

const running = new Set<ChildProcess>();

/** A child that is stopped does not notice that its stdin was closed. What this cannot do: see `hostCommand`. */
function endWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) process.on("exit", killRunning);
  running.add(child);
  child.on("exit", () => {
    running.delete(child);
    if (running.size === 0) process.off("exit", killRunning);
  });
}

function killRunning(): void {
  for (const child of running) child.kill("SIGKILL");
}

let inherited: readonly number[] | undefined;

/**
 * Descriptors that any process we start would get, because whoever started this one passed them on so. Node's own are never
 * among them, so looking once is enough. Only Linux says; on macOS and Windows nothing is passed on.
 */
function passedOn(): readonly number[] {
  inherited ??= findPassedOn();
  return inherited;
}

function findPassedOn(): readonly number[] {
  try {
    return readdirSync("/proc/self/fdinfo")
      .map(Number)
      .filter((descriptor) => descriptor >= STANDARD_STREAMS && isPassedOn(descriptor))
      .toSorted((left, right) => left - right);
  } catch {
    return [];
  }
}

const CLOSE_ON_EXEC = 0o2_000_000;

function isPassedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The one that listed the others.
    return false;
  }
}
