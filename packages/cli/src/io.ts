/** What a command writes to: results on stdout, everything else on stderr. A seam, so that a test sees what a person sees. */
import { Chalk, type ChalkInstance } from "chalk";
import { escapeJson, escapeLines } from "./render/escape.ts";

export interface CommandIo {
  /** Results. */
  out(text: string): void;
  /** A piece of a result that is no text. */
  outBytes(bytes: Uint8Array): void;
  /** Diagnostics and notes. */
  err(text: string): void;
  /** Shows one line on stderr in place of the last such line; nothing for `""`. Null where stderr is no terminal. */
  readonly passing: ((text: string) => void) | null;
  /** Colours for stdout; without effect where there are none. */
  readonly colour: ChalkInstance;
  /** Columns of the terminal, or null where stdout is none: then lines are as long as they are. */
  readonly columns: number | null;
  /** Called now and then during work that takes memory. */
  readonly atWork?: () => void;
  /** From now on Ctrl-C and SIGTERM abort this signal; until then they end the process. */
  untilInterrupted(): AbortSignal;
}

/** Writes a result that is JSON. A terminal gets the same value without anything in it that could steer the terminal. */
export function outJson(io: CommandIo, json: string): void {
  io.out(io.columns === null ? json : escapeJson(json));
}

/** The same, with messages that cannot steer a terminal: they quote paths, ids and texts of recordings. */
export function withSafeMessages(io: CommandIo): CommandIo {
  return { ...io, err: (text) => io.err(escapeLines(text)) };
}

/** The process's own streams. Colours follow the terminal, `NO_COLOR` and `FORCE_COLOR`. */
export function processIo(): CommandIo {
  const { stdout, stderr, env } = process;
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  const plain = (env["NO_COLOR"] ?? "") !== "" || (!stdout.isTTY && !forced);
  return {
    out: (text) => void stdout.write(text),
    outBytes: (bytes) => void stdout.write(bytes),
    err: (text) => void stderr.write(text),
    passing: stderr.isTTY ? (text) => void stderr.write(`\r${ERASE_LINE}${text}`) : null,
    colour: new Chalk({ level: plain ? 0 : 1 }),
    columns: stdout.isTTY ? stdout.columns : null,
    untilInterrupted,
  };
}

const ERASE_LINE = "\u001b[K";

function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
