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
