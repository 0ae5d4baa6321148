/**
 * Which fields of a graph name objects, and of which kind. The table has every field that may hold any text: a new one that is
 * left out of it does not compile.
 */
import type { Anchor, AnchorType } from "../base.ts";
import type { Collection, RolloutGraph } from "../rollout-graph.ts";

/** Where objects of each kind are; null for kinds that have no collection. */
export const COLLECTIONS = {
  rollout: null,
  thread: "threads",
  turn: "turns",
  conversation_item: "conversation_items",
  inference_call: "inference_calls",
  tool_call: "tool_calls",
  code_cell: "code_cells",
  terminal_session: "terminal_sessions",
  terminal_operation: "terminal_operations",
  compaction: "compactions",
  compaction_request: "compaction_requests",
  interaction_edge: "interaction_edges",
  span: "spans",
  payload: "payloads",
} as const;

/** The fields of a graph that are collections. */
type CollectionName = {
  [Name in keyof RolloutGraph]: RolloutGraph[Name] extends Collection<object> ? Name : never;
}[keyof RolloutGraph];

/** The kinds of objects that have evidence of their own. */
export type ObjectType = Exclude<AnchorType, "rollout" | "payload">;
export type ObjectOf<Type extends ObjectType> = RolloutGraph[(typeof COLLECTIONS)[Type]][string];

type Present<Value> = Exclude<Value, null>;
type KeyOf<Value> = Value extends unknown ? keyof Value : never;
type FieldOf<Value, Key> = Value extends unknown ? (Key extends keyof Value ? Value[Key] : never) : never;
type NamesOf<Value> = {
  readonly [Key in KeyOf<Value> as [Names<FieldOf<Value, Key>>] extends [never] ? never : Key]: Names<
    FieldOf<Value, Key>
  >;
};

/**
 * What the texts of a value name: objects of a kind, or nothing that the graph has (null). Of an object it is said of each
 * field that has any, of a list of its entries, of a collection of its keys. Text of a closed set of words, numbers and the
 * like name nothing and are not in the table.
 */
type Names<Value> =
  Present<Value> extends Anchor
    ? "anchor"
    : string extends Present<Value>
      ? AnchorType | null
      : [Present<Value>] extends [readonly (infer Entry)[]]
        ? Names<Entry>
        : [Present<Value>] extends [object]
          ? string extends KeyOf<Present<Value>>
            ? AnchorType | null
            : keyof NamesOf<Present<Value>> extends never
              ? never
              : NamesOf<Present<Value>>
          : never;

const EVIDENCE = { payload_ids: "payload" } as const;
const CAUSE = {
  thread_id: "thread",
  model_visible_call_id: null,
  inference_call_id: "inference_call",
} as const;

export const OBJECT_NAMES: { readonly [Type in ObjectType]: Names<ObjectOf<Type>> } = {
  thread: {
    thread_id: "thread",
    recorded_id: null,
    agent_path: null,
    nickname: null,
    model: null,
    origin: {
      // Left out: a thread may be recorded to come from one that never shows up, and nothing is made of that yet.
      parent_thread_id: null,
      spawn_edge_id: "interaction_edge",
      task_name: null,
      agent_role: null,
    },
    turn_ids: "turn",
    conversation_item_ids: "conversation_item",
    evidence: EVIDENCE,
  },
  turn: {
    turn_id: "turn",
    recorded_id: null,
    thread_id: "thread",
    inference_call_ids: "inference_call",
    evidence: EVIDENCE,
  },
  conversation_item: {
    item_id: "conversation_item",
    provider_item_id: null,
    thread_id: "thread",
    turn_id: "turn",
    call_id: null,
    body: {
      parts: {
        text: null,
        language: null,
        source: null,
        label: null,
        value: null,
        preview: null,
        content_id: null,
        payload_id: "payload",
      },
    },
    agent_message: { author: null, recipient: null },
    produced_by: {
      inference_call_id: "inference_call",
      tool_call_id: "tool_call",
      code_cell_id: "code_cell",
      edge_id: "interaction_edge",
      compaction_id: "compaction",
    },
    evidence: EVIDENCE,
  },
  inference_call: {
    inference_call_id: "inference_call",
    recorded_id: null,
    thread_id: "thread",
    turn_id: "turn",
    model: null,
    provider: null,
    response_id: null,
    upstream_request_id: null,
    error: null,
    request: { base_inference_call_id: "inference_call", item_ids: "conversation_item" },
    response_item_ids: "conversation_item",
    tool_call_ids: "tool_call",
    code_cell_ids: "code_cell",
    request_payload_id: "payload",
    response_payload_id: "payload",
    evidence: EVIDENCE,
  },
  tool_call: {
    tool_call_id: "tool_call",
    recorded_id: null,
    thread_id: "thread",
    turn_id: "turn",
    requester: { code_cell_id: "code_cell", runtime_cell_id: null },
    kind: { server: null, tool: null, name: null },
    label: null,
    model_visible_call_id: null,
    runtime_tool_call_id: null,
    mcp_call_id: null,
    call_item_ids: "conversation_item",
    output_item_ids: "conversation_item",
    code_cell_id: "code_cell",
    terminal_operation_id: "terminal_operation",
    span_ids: "span",
    input_preview: null,
    output_preview: null,
    invocation_payload_id: "payload",
    result_payload_id: "payload",
    runtime_payload_ids: "payload",
    caused_by: CAUSE,
    evidence: EVIDENCE,
  },
  code_cell: {
    code_cell_id: "code_cell",
    runtime_cell_id: null,
    model_visible_call_id: null,
    exec_tool_call_id: "tool_call",
    thread_id: "thread",
    turn_id: "turn",
    source_item_id: "conversation_item",
    output_item_ids: "conversation_item",
    source: null,
    initial_response: { payload_id: "payload" },
    yields: { wait_id: null },
    waits: { wait_id: null, tool_call_id: "tool_call", model_visible_call_id: null, payload_id: "payload" },
    cancellation: { model_visible_call_id: null },
    result_payload_id: "payload",
    journal_payload_id: "payload",
    caused_by: CAUSE,
    notifications: { text: null, output_item_id: "conversation_item" },
    nested_tool_call_ids: "tool_call",
    evidence: EVIDENCE,
  },
  terminal_session: {
    terminal_session_id: "terminal_session",
    recorded_id: null,
    thread_id: "thread",
    created_by_operation_id: "terminal_operation",
    operation_ids: "terminal_operation",
    evidence: EVIDENCE,
  },
  terminal_operation: {
    operation_id: "terminal_operation",
    terminal_session_id: "terminal_session",
    tool_call_id: "tool_call",
    request: { command: null, cwd: null, stdin: null },
    result: { stdout: null, stderr: null, formatted_output: null },
    observed_by: { call_item_ids: "conversation_item", output_item_ids: "conversation_item" },
    evidence: EVIDENCE,
  },
  compaction: {
    compaction_id: "compaction",
    recorded_id: null,
    thread_id: "thread",
    turn_id: "turn",
    marker_item_id: "conversation_item",
    request_ids: "compaction_request",
    input_item_ids: "conversation_item",
    replacement_item_ids: "conversation_item",
    evidence: EVIDENCE,
  },
  compaction_request: {
    compaction_request_id: "compaction_request",
    recorded_id: null,
    compaction_id: "compaction",
    thread_id: "thread",
    turn_id: "turn",
    model: null,
    provider: null,
    error: null,
    request_payload_id: "payload",
    response_payload_id: "payload",
    evidence: EVIDENCE,
  },
  interaction_edge: {
    edge_id: "interaction_edge",
    source: "anchor",
    target: "anchor",
    carried_item_ids: "conversation_item",
    carried_payload_ids: "payload",
    evidence: EVIDENCE,
  },
  span: {
    span_id: "span",
    recorded_id: null,
    otel_trace_id: null,
    // The host's own ids; what they name need not be recorded.
    parent_span_id: null,
    links: { trace_id: null, span_id: null, attributes: null },
    tool_call_id: "tool_call",
    thread_id: "thread",
    turn_id: "turn",
    name: null,
    attributes: null,
    status: { message: null },
    evidence: EVIDENCE,
  },
};

/** Of what a graph has beside its collections. */
export const GRAPH_NAMES: Names<Omit<RolloutGraph, CollectionName>> = {
  trace_id: null,
  rollout_id: "rollout",
  // Left out: a rollout names its root before that starts, and nothing is made of a root that never does.
  root_thread_id: null,
  host: { name: null, version: null },
  usage: { by_model: null, by_thread: "thread", by_turn: "turn" },
  diagnostics: { message: null, object: "anchor" },
  findings: { message: null, object: "anchor" },
};

/** A part of the table, without what names nothing. */
export type NameTree = AnchorType | "anchor" | readonly (readonly [field: string, NameTree])[];

/** Null for a part of the table that names nothing. */
export function nameTree(names: unknown): NameTree | null {
  if (names === null) return null;
  if (typeof names === "string") return names as AnchorType | "anchor";
  const fields = Object.entries(names as object).flatMap(([field, of]) => {
    const tree = nameTree(of);
    return tree === null ? [] : [[field, tree] as const];
  });
  return fields.length === 0 ? null : fields;
}

/** Calls `visit` with everything that a value names; `field` is the outermost field that does. */
export function eachName(
  value: unknown,
  names: NameTree,
  visit: (type: AnchorType, id: string) => void,
): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const entry of value as readonly unknown[]) eachName(entry, names, visit);
  } else if (names === "anchor") {
    const { type, id } = value as Anchor;
    visit(type, id);
  } else if (typeof names === "string") {
    if (typeof value === "string") visit(names, value);
    else for (const key of Object.keys(value)) visit(names, key);
  } else {
    for (const [field, of] of names) eachName((value as Record<string, unknown>)[field], of, visit);
  }
}
