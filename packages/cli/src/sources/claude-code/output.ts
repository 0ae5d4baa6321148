/** What is read in a transcript is said through this. */
import type { ThreadDraft, ThreadOutput } from "../log/thread-output.ts";
import type { Roster } from "./roster.ts";
import type { ClaudeView } from "./views.ts";

export type ClaudeOutput = ThreadOutput<ClaudeView, Roster>;
export type ClaudeDraft = ThreadDraft<Roster>;
