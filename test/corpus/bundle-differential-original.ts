/** `state.json`: what the original reducer made of a bundle, as far as it is compared. */
export interface OriginalState {
  readonly schema_version: number;
  readonly trace_id: string;
  readonly rollout_id: string;
  readonly root_thread_id: string;
  readonly status: string;
  readonly started_at_unix_ms: number;
  readonly ended_at_unix_ms: number | null;
  readonly recording_complete?: boolean;
  readonly threads: Objects<{
    readonly agent_path: string;
    readonly nickname: string | null;
    readonly default_model: string | null;
    readonly origin: { readonly type: string; readonly agent_role?: string };
    readonly execution: OriginalWindow;
    readonly conversation_item_ids: readonly string[];
  }>;
  readonly codex_turns: Objects<{ readonly thread_id: string; readonly execution: OriginalWindow }>;
  readonly conversation_items: Objects<OriginalItem>;
  readonly inference_calls: Objects<{
    readonly thread_id: string;
    readonly codex_turn_id: string;
    readonly execution: OriginalWindow;
    readonly model: string;
    readonly provider_name: string;
    readonly response_id: string | null;
    readonly upstream_request_id: string | null;
    readonly request_item_ids: readonly string[];
    readonly response_item_ids: readonly string[];
    readonly tool_call_ids_started_by_response: readonly string[];
    readonly usage: {
      readonly input_tokens: number;
      readonly cached_input_tokens: number;
      readonly output_tokens: number;
      readonly reasoning_output_tokens: number;
    } | null;
    readonly raw_request_payload_id: string;
    readonly raw_response_payload_id: string | null;
  }>;
  readonly tool_calls: Objects<{
    readonly thread_id: string;
    readonly started_by_codex_turn_id: string | null;
    readonly execution: OriginalWindow;
    readonly requester: { readonly type: string; readonly code_cell_id?: string };
    readonly kind: { readonly type: string };
    readonly model_visible_call_id: string | null;
    readonly code_mode_runtime_tool_id: string | null;
    readonly mcp_call_id: string | null;
    readonly model_visible_call_item_ids: readonly string[];
    readonly model_visible_output_item_ids: readonly string[];
    readonly terminal_operation_id: string | null;
    readonly summary: { readonly type: string; readonly label: string };
    readonly raw_invocation_payload_id: string | null;
    readonly raw_result_payload_id: string | null;
    readonly raw_runtime_payload_ids: readonly string[];
  }>;
  readonly code_cells: Objects<{
    readonly code_cell_id: string;
    readonly runtime_cell_id: string;
    readonly thread_id: string;
    readonly codex_turn_id: string;
    readonly source_item_id: string;
    readonly output_item_ids: readonly string[];
    readonly execution: OriginalWindow;
    readonly runtime_status: string;
    readonly initial_response_seq: number | null;
    readonly yielded_seq: number | null;
    readonly source_js: string;
    readonly nested_tool_call_ids: readonly string[];
    readonly wait_tool_call_ids: readonly string[];
  }>;
  readonly terminal_sessions: Objects<{
    readonly terminal_id: string;
    readonly thread_id: string;
    readonly created_by_operation_id: string;
    readonly operation_ids: readonly string[];
    readonly execution: OriginalWindow;
  }>;
  readonly terminal_operations: Objects<{
    readonly operation_id: string;
    readonly terminal_id: string | null;
    readonly tool_call_id: string;
    readonly kind: string;
    readonly execution: OriginalWindow;
    readonly request:
      | { readonly type: "exec_command"; readonly command: readonly string[]; readonly cwd: string }
      | { readonly type: "write_stdin"; readonly stdin: string };
    readonly result: {
      readonly exit_code: number | null;
      readonly stdout: string;
      readonly stderr: string;
      readonly formatted_output: string | null;
    } | null;
    readonly model_observations: readonly {
      readonly source: string;
      readonly call_item_ids: readonly string[];
      readonly output_item_ids: readonly string[];
    }[];
  }>;
  readonly compactions: Objects<{
    readonly thread_id: string;
    readonly codex_turn_id: string;
    readonly installed_at_unix_ms: number;
    readonly marker_item_id: string;
    readonly request_ids: readonly string[];
    readonly input_item_ids: readonly string[];
    readonly replacement_item_ids: readonly string[];
  }>;
  readonly compaction_requests: Objects<{
    readonly compaction_id: string;
    readonly thread_id: string;
    readonly codex_turn_id: string;
    readonly execution: OriginalWindow;
    readonly model: string;
    readonly provider_name: string;
    readonly raw_request_payload_id: string;
    readonly raw_response_payload_id: string | null;
  }>;
  readonly interaction_edges: Objects<{
    readonly kind: string;
    readonly source: OriginalAnchor;
    readonly target: OriginalAnchor;
    readonly started_at_unix_ms: number;
    readonly ended_at_unix_ms: number | null;
    readonly carried_item_ids: readonly string[];
    readonly carried_raw_payload_ids: readonly string[];
  }>;
}

type Objects<Entry> = Readonly<Record<string, Entry>>;

export interface OriginalWindow {
  readonly started_at_unix_ms: number;
  readonly started_seq: number;
  readonly ended_at_unix_ms: number | null;
  readonly ended_seq: number | null;
  readonly status: string;
}

interface OriginalAnchor {
  readonly type: string;
  readonly item_id?: string;
  readonly tool_call_id?: string;
  readonly thread_id?: string;
}

interface OriginalItem {
  readonly item_id: string;
  readonly responses_item_id?: string;
  readonly accepted_seq?: number;
  readonly codex_turn_id: string | null;
  readonly first_seen_at_unix_ms: number;
  readonly role: string;
  readonly channel: string | null;
  readonly kind: string;
  readonly call_id: string | null;
  readonly agent_message?: { readonly author: string; readonly recipient: string };
  readonly body: {
    readonly parts: readonly (
      | { readonly type: "json"; readonly summary: string }
      | { readonly type: "payload_ref"; readonly label: string }
      | { readonly type: "text" | "summary" | "code" | "encoded" }
    )[];
  };
  readonly produced_by: readonly (
    | { readonly type: "code_cell"; readonly code_cell_id: string }
    | { readonly type: "inference" | "tool" | "interaction_edge" | "compaction" }
  )[];
}
