import type { CodeModeErrorCode } from "@rollout-trace/protocol";

/** What the runtime throws at a host. `code` says why; see `CodeModeErrorCode` for each of them. */
export class CodeModeError extends Error {
  override readonly name = "CodeModeError";
  readonly code: CodeModeErrorCode;

  constructor(code: CodeModeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Of whatever somebody threw, including what throws when it is looked at. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that cannot be written as text was thrown";
  }
}
