/** Code mode in a child process. Nothing here loads isolated-vm. */

export { CodeModeError } from "../errors.ts";
export type { HostEndReason } from "./host-end.ts";
/** Sessions whose cells run outside of the host's process. */
export { ProcessSessionProvider } from "./process-provider.ts";
export type { HostEndReport, ProcessProviderOptions } from "./process-provider.ts";
export type { CrashLoop } from "./restart-policy.ts";
