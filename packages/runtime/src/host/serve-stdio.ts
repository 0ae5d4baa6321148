/** A host at the two pipes of this process. */
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { getPriority, setPriority } from "node:os";
import { keepLoopsInterruptible } from "../isolate/v8-flags.ts";
import { CodeModeHost } from "./host.ts";

const STDIN = 0;
const STDOUT = 1;
/** As much as a pipe gives at once. */
const READ_BYTES = 64 * 1024;
const NICER_BY = 5;
const LEAST_PRIORITY = 19;
/** How long to wait for a reader, where the pipe does not do that itself. */
const RETRY_MS = 1;

/**
 * Serves until stdin closes, and ends this process then. It ends by SIGKILL: `exit` waits for threads, and a script's thread
 * may be one that never stops.
 */
export function serveStdio(): void {
  keepLoopsInterruptible();
  lowerPriority();
  const end = (): void => {
    process.kill(process.pid, "SIGKILL");
  };
  const host = new CodeModeHost({ write: writeOut, end, log });
  readStdin((bytes, length) => {
    host.receive(bytes, length);
  }, end);
  // The process goes on: its cells know nothing of it, and its client can replace it.
  process.on("unhandledRejection", (error) => {
    log(`unhandled rejection: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  });
  host.start();

  /**
   * Waits until everything is written. A client that reads slowly holds up this process, and with it the scripts, instead of
   * having it keep what was not read.
   */
  function writeOut(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      try {
        at += writeSync(STDOUT, bytes, at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") pause();
        else end();
      }
    }
  }
}

/** `take` must be done with the bytes when it returns. `end` is called when there are no more. */
function readStdin(take: (bytes: Buffer, length: number) => void, end: () => void): void {
  const stdin =
    pipedStdin(take) ??
    process.stdin.on("data", (bytes: Buffer) => {
      take(bytes, bytes.length);
    });
  stdin.on("end", end);
  stdin.on("error", end);
}

/**
 * Reads into the same buffer each time: a stream makes a new one for each read, of which a frame fills next to nothing, and that
 * takes longer than reading the frame. Null where stdin is no pipe.
 */
function pipedStdin(take: (bytes: Buffer, length: number) => void): Socket | null {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (length: number): boolean => {
    take(buffer, length);
    return true;
  };
  try {
    return new Socket({ fd: STDIN, readable: true, writable: false, onread: { buffer, callback } });
  } catch {
    return null;
  }
}

/** Where the client did not see to it. The threads that run scripts are started later and take this over. */
function lowerPriority(): void {
  try {
    const own = getPriority();
    if (own <= getPriority(process.ppid)) setPriority(Math.min(own + NICER_BY, LEAST_PRIORITY));
  } catch (error) {
    log(`cannot lower this process's priority: ${String(error)}`);
  }
}

const pauseCell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

function pause(): void {
  Atomics.wait(pauseCell, 0, 0, RETRY_MS);
}

function log(message: string): void {
  process.stderr.write(`code-mode-host: ${message}\n`);
}
