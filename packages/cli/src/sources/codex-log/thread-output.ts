/** What is read in a session log is said through this. */
import type { ThreadDraft, ThreadOutput } from "../log/thread-output.ts";
import type { Roster } from "./roster.ts";
import type { CodexView } from "./views.ts";

export type CodexOutput = ThreadOutput<CodexView, Roster>;
export type CodexDraft = ThreadDraft<Roster>;
