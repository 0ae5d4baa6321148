/** What the model reads when its script failed: its own lines, never a path of the host. */
import { PRELUDE_FILE } from "./prelude/source.ts";

/** The file name of the model's source in stack traces. */
export const CELL_FILE = "exec_main.mjs";

/** Longer texts are cut: an error is for reading, and its text comes from the script. */
const MAX_ERROR_CHARS = 16_384;

/** From here on a stack is the host's own. */
const BOUNDARY = "\n    at (<isolated-vm boundary>)";
const NOT_AN_ERROR = "An object was thrown from supplied code within isolated-vm";

/** The text for whatever an evaluation rejected with. */
export function scriptErrorText(error: unknown): string {
  if (!(error instanceof Error)) return bounded(`Uncaught ${String(error)}`);
  if (error.message.startsWith(NOT_AN_ERROR)) {
    return "Uncaught object that is not an Error (throw an Error to see its message and line)";
  }
  return scriptStackText(error.stack ?? `${error.name}: ${error.message}`);
}

/** The text for a stack that the guest reported itself. */
export function scriptStackText(stack: string): string {
  const boundary = stack.indexOf(BOUNDARY);
  const guest = boundary < 0 ? stack : stack.slice(0, boundary);
  const lines = bounded(guest).split("\n");
  return lines.filter((line) => !line.includes(PRELUDE_FILE)).join("\n");
}

/** The innermost line of the model's source in a stack; null when there is none. */
export function scriptLine(stack: string | undefined): number | null {
  const position = stack?.match(/exec_main\.mjs:(\d+):\d+/);
  return position?.[1] === undefined ? null : Number(position[1]);
}

function bounded(text: string): string {
  return text.length <= MAX_ERROR_CHARS ? text : `${text.slice(0, MAX_ERROR_CHARS)}…`;
}
