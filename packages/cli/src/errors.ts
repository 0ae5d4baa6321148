import { constants } from "node:os";

/**
 * Errors that end a command with a message for the person who typed it.
 *
 * - `unreadable_source`: no such file, no permission, or damaged beyond reading
 * - `unknown_format`: the file is none of the formats this command reads
 * - `ambiguous_rollout`: the source holds several rollouts and none was chosen
 * - `unknown_rollout`: the source has no such rollout
 * - `unknown_object`: the rollout has no such object
 * - `ambiguous_object`: what was typed can be several objects; the message lists them
 * - `unwritable_output`: the result could not be written
 * - `inexpressible`: the format that was asked for has no words for this rollout
 * - `usage`: an option has a value out of its range
 */
export type CliErrorCode =
  | "unreadable_source"
  | "unknown_format"
  | "ambiguous_rollout"
  | "unknown_rollout"
  | "unknown_object"
  | "ambiguous_object"
  | "unwritable_output"
  | "inexpressible"
  | "usage";

/** What to do about errors of the system and of stores, by their codes. */
const ADVICE: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", "check the path"],
  ["ENOTDIR", "check the path: a part of it is no folder"],
  ["EISDIR", "name a file in it"],
  ["EACCES", "check who may use the file and its folder"],
  ["EPERM", "check who may use the file and its folder"],
  ["EROFS", "name a place that can be written to"],
  ["ENOSPC", "make room, or name another place"],
  ["ESPIPE", "a pipe can be read only once: save what comes out of it in a file, and name that"],
  ["not_a_store", "it is an SQLite file of another program: name one that a recorder or `import` wrote"],
  ["damaged", "use a copy of the file, or save what is left with `.recover` of the sqlite3 program"],
  ["cannot_open", "check who may use the file and its folder"],
]);

export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;

  /** To the message is added what to do, where the cause's code says that. */
  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    const cause = options?.cause;
    const advice = cause instanceof Error && "code" in cause ? ADVICE.get(cause.code) : undefined;
    super(advice === undefined ? message : `${message}; ${advice}`, options);
    this.code = code;
  }
}

/** Exit codes: scripts may rely on them. */
export const EXIT: {
  readonly ok: 0;
  /** The answer is no: errors under `--strict` or `verify`, a difference, a cause that the evidence does not show. */
  readonly traceErrors: 1;
  /** Wrong usage: an unknown option, a value out of range, a rollout or an object that is not there. */
  readonly usage: 2;
  /** The input cannot be read or the output cannot be written. */
  readonly unreadable: 3;
  /** Ctrl-C, as a shell counts it. */
  readonly interrupted: 130;
} = Object.freeze({ ok: 0, traceErrors: 1, usage: 2, unreadable: 3, interrupted: 130 });

/** By which a person, or the system, ends the command. */
export const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The exit code after one of them, as a shell counts it: 130, 143 or 129. */
export function exitCodeAfter(signal: (typeof ENDING_SIGNALS)[number]): number {
  return 128 + constants.signals[signal];
}

/** The exit code that goes with an error. */
export function exitCodeOf(error: CliError): number {
  switch (error.code) {
    case "usage":
    case "ambiguous_rollout":
    case "unknown_rollout":
    case "unknown_object":
    case "ambiguous_object":
      return EXIT.usage;
    case "inexpressible":
      return EXIT.traceErrors;
    case "unreadable_source":
    case "unknown_format":
    case "unwritable_output":
      return EXIT.unreadable;
  }
}

/** The text of whatever was thrown. An error of the system is told without its call and path: whoever asked has the path. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "syscall" in error ? error.message.replace(/, \w+(?: '.*)?$/s, "") : error.message;
}
