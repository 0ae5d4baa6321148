/** What a command writes to: results on stdout, everything else on stderr. A seam, so that a test sees what a person sees. */
import { Chalk, type ChalkInstance } from "chalk";

export interface CommandIo {
  /** Results. */
  out(text: string): void;
  /** Diagnostics, notes, progress. */
  err(text: string): void;
  /** Colours for stdout; without effect where there are none. */
  readonly colour: ChalkInstance;
  /** Columns of the terminal, or null where stdout is none: then lines are as long as they are. */
  readonly columns: number | null;
}

/** The process's own streams. Colours follow the terminal, `NO_COLOR` and `FORCE_COLOR`. */
export function processIo(): CommandIo {
  const { stdout, stderr, env } = process;
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  const plain = (env["NO_COLOR"] ?? "") !== "" || (!stdout.isTTY && !forced);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colour: new Chalk({ level: plain ? 0 : 1 }),
    columns: stdout.isTTY ? stdout.columns : null,
  };
}
