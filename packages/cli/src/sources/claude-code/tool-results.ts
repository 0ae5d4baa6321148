/** What a result says about how its call went. The text is meant for a model: every line of it is optional. */
import {
  type ExecutionStatus,
  isJsonObject,
  type JsonValue,
  type ToolEndCause,
} from "@rollout-trace/protocol";
import { integerOf } from "../log/fields.ts";

export interface CallEnd {
  readonly status: ExecutionStatus;
  readonly cause: ToolEndCause;
}

export interface Result {
  /** What the model was told. */
  readonly text: string;
  readonly isError: boolean;
  /** The host's own account: an object, or the text of an error. */
  readonly account: JsonValue | undefined;
}

/** The head of a text is looked at, never all of it. */
const HEAD_CODE_UNITS = 400;

/** Somebody, or what the host was told to allow, kept the call from being run. */
const REFUSED =
  /^(?:The user doesn't want to (?:proceed|take this action)|The agent proposed|Permission (?:prompt was aborted|for this|to use)|Claude requested permissions|User rejected|The tool use was rejected)/;

/** The host could make nothing of the call. */
const MALFORMED = /^(?:<tool_use_error>)?(?:InputValidationError|Error: No such tool|Unknown (?:tool|skill))/;

const INTERRUPTED = /^(?:Error: )?\[Request interrupted by user/;

export function callEnd({ text, isError, account }: Result): CallEnd {
  const head = text.slice(0, HEAD_CODE_UNITS);
  if (INTERRUPTED.test(head) || (isJsonObject(account) && account["interrupted"] === true))
    return INTERRUPTION;
  if (!isError) return { status: "completed", cause: "returned" };
  if (REFUSED.test(head) || MALFORMED.test(head)) return { status: "failed", cause: "rejected" };
  return { status: "failed", cause: "error" };
}

const INTERRUPTION: CallEnd = { status: "cancelled", cause: "turn_interrupted" };

/**
 * The exit code of a command. A host that makes an error of every other code says 0 by making none, unless it reads a code in
 * a way of its own or the command goes on in the background.
 */
export function exitCodeOf({ text, isError, account }: Result): number | null {
  const told = /^(?:Error: )?Exit code (-?\d+)\b/.exec(text.slice(0, HEAD_CODE_UNITS))?.[1];
  if (told !== undefined) return integerOf(Number(told));
  if (!isJsonObject(account)) return null;
  const given = integerOf(account["exitCode"]);
  if (given !== null) return given;
  const isPlain =
    typeof account["stdout"] === "string" &&
    account["interrupted"] !== true &&
    (account["returnCodeInterpretation"] ?? null) === null &&
    (account["backgroundTaskId"] ?? null) === null;
  return isPlain && !isError ? 0 : null;
}
