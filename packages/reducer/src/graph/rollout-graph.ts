/** The graph: what a rollout's events and payloads add up to. Plain JSON; `graphJson` writes it. */
import type { HostInfo, PayloadKind, RolloutStatus } from "@rollout-trace/protocol";
import type { Diagnostic } from "../diagnostics.ts";
import type { Finding } from "../findings/finding.ts";
import type { TokenUsage } from "./base.ts";
import type { CodeCell } from "./code-cell.ts";
import type { ConversationItem } from "./conversation.ts";
import type { InteractionEdge } from "./edge.ts";
import type { Compaction, CompactionRequest, InferenceCall } from "./inference.ts";
import type { Span } from "./span.ts";
import type { TerminalOperation, TerminalSession } from "./terminal.ts";
import type { Thread, Turn } from "./thread.ts";
import type { ToolCall } from "./tool-call.ts";

/** Of the graph's shape. */
export const GRAPH_SCHEMA_VERSION = 1;

/**
 * Objects by id, in the order in which they came into being. The object has no prototype, so that any recorded string can
 * be looked up. As in every JavaScript object, ids that look like array indices come first, in ascending order.
 */
export type Collection<Entry> = { readonly [id: string]: Entry };

/** As the first event says that names it. `size_bytes` is null when the store has no such payload. */
export interface GraphPayload {
  readonly kind: PayloadKind;
  readonly size_bytes: number | null;
}

/** Sums over responses. A response counts once, by its response id. */
export interface GraphUsage {
  readonly total: TokenUsage;
  readonly by_model: Collection<TokenUsage>;
  readonly by_thread: Collection<TokenUsage>;
  readonly by_turn: Collection<TokenUsage>;
}

export interface RolloutGraph {
  readonly schema_version: typeof GRAPH_SCHEMA_VERSION;
  /** This and the next four fields are null only when the recording has no `rollout_started`. */
  readonly trace_id: string | null;
  readonly rollout_id: string | null;
  readonly status: RolloutStatus;
  /** Whether the recording was closed in order. */
  readonly recording_complete: boolean;
  readonly root_thread_id: string | null;
  readonly started_at_us: number | null;
  readonly ended_at_us: number | null;
  readonly host: HostInfo | null;
  readonly threads: Collection<Thread>;
  readonly turns: Collection<Turn>;
  readonly conversation_items: Collection<ConversationItem>;
  readonly inference_calls: Collection<InferenceCall>;
  readonly tool_calls: Collection<ToolCall>;
  readonly code_cells: Collection<CodeCell>;
  readonly terminal_sessions: Collection<TerminalSession>;
  readonly terminal_operations: Collection<TerminalOperation>;
  readonly compactions: Collection<Compaction>;
  readonly compaction_requests: Collection<CompactionRequest>;
  readonly interaction_edges: Collection<InteractionEdge>;
  readonly spans: Collection<Span>;
  readonly payloads: Collection<GraphPayload>;
  readonly usage: GraphUsage;
  /** In `seq` order; those that only the end of the input shows come last. */
  readonly diagnostics: readonly Diagnostic[];
  readonly findings: readonly Finding[];
}
