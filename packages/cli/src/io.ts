/** What a command writes to: results on stdout, everything else on stderr. A seam, so that a test sees what a person sees. */
import { Chalk, type ChalkInstance } from "chalk";
import { ENDING_SIGNALS } from "./errors.ts";
import { escapeJson, escapeLines } from "./render/escape.ts";

export interface CommandIo {
  /** Results. */
  out(text: string): void;
  /** A piece of a result that is no text. */
  outBytes(bytes: Uint8Array): void;
  /** Diagnostics and notes. */
  err(text: string): void;
  /** Shows one line on stderr in place of the last such line; nothing for `""`. Null where stderr has no such thing. */
  readonly passing: ((text: string) => void) | null;
  /** Colours for stdout; without effect where there are none. */
  readonly colour: ChalkInstance;
  /** Columns of the terminal, or null where stdout is none: then lines are as long as they are. */
  readonly columns: number | null;
  /** Called now and then during work that takes memory. */
  readonly atWork?: () => void;
  /** From now on Ctrl-C, SIGTERM and SIGHUP abort this signal, and its reason is which; until then they end the process. */
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

/** Columns where the terminal does not say how wide it is, or says what nothing could be read in. */
const FALLBACK_COLUMNS = 80;
const LEAST_COLUMNS = 20;

/**
 * The process's own streams. Colours follow the terminal, `TERM=dumb`, `NO_COLOR` and `FORCE_COLOR`. A terminal that is narrower
 * than 20 columns, as one of width 0 whose size nobody has set, is written to as one of 80.
 */
export function processIo(): CommandIo {
  const { stdout, stderr, env } = process;
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  const isDumb = env["TERM"] === "dumb";
  const plain = (env["NO_COLOR"] ?? "") !== "" || ((!stdout.isTTY || isDumb) && !forced);
  return {
    out: (text) => void stdout.write(text),
    outBytes: (bytes) => void stdout.write(bytes),
    err: (text) => void stderr.write(text),
    passing: stderr.isTTY && !isDumb ? (text) => void stderr.write(`\r${ERASE_LINE}${text}`) : null,
    colour: new Chalk({ level: plain ? 0 : 1 }),
    columns: stdout.isTTY ? (stdout.columns >= LEAST_COLUMNS ? stdout.columns : FALLBACK_COLUMNS) : null,
    untilInterrupted,
  };
}

const ERASE_LINE = "\u001b[K";

function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ENDING_SIGNALS) process.once(signal, () => controller.abort(signal));
  return controller.signal;
}
