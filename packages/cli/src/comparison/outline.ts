/**
 * A rollout as nested steps that another one can be laid beside: agents by path, their turns in order, in a turn its
 * messages and model requests, under a request the tool calls that its response asked for, under an exec its cell's own
 * calls. What a call has (input, output, source, waits) are fields of the call, so that one change is one difference.
 */
import type {
  CodeCell,
  Compaction,
  ConversationItem,
  ExecutionWindow,
  InferenceCall,
  InteractionEdge,
  RolloutGraph,
  Thread,
  ToolCall,
  Turn,
} from "@rollout-trace/reducer";
import { agentPath, hasObject, type ObjectAnchor, threadOf, toolName } from "../objects/graph-objects.ts";
import { isTime } from "../render/format.ts";
import { itemText } from "../render/item-text.ts";
import type { Ignorable } from "./ignorable.ts";
import { exactDuration, exactMoment, withoutWallTime } from "./times.ts";

export interface Step {
  /** What steps are laid beside each other by: equal keys may be the same step. */
  readonly key: string;
  readonly anchor: ObjectAnchor | null;
  /** Where it began, for telling which difference came first: an event's, or just before it. 0 for the rollout, which has none. */
  readonly seq: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly children: readonly Step[];
}

type Fields = Map<string, string>;

export function outlineOf(graph: RolloutGraph, ignored: ReadonlySet<Ignorable>): Step {
  return new Outline(graph, ignored).rollout();
}

class Outline {
  readonly #graph: RolloutGraph;
  readonly #ignored: ReadonlySet<Ignorable>;
  /** Nested calls by cell, calls by request: whatever a step has under it is listed there and not twice. */
  readonly #listed: Set<string> = new Set();
  readonly #callsOfTurn: Map<string, ToolCall[]>;
  readonly #messagesOfTurn: Map<string, ConversationItem[]>;
  /** Those whose exec call was not recorded; the others are part of their call. */
  readonly #cellsOfTurn: Map<string, CodeCell[]>;
  readonly #compactionsOfTurn: Map<string, Compaction[]>;
  /** By the tool call that they come from. */
  readonly #edges: Map<string, InteractionEdge[]>;
  /** By the agent that reports. */
  readonly #reports: Map<string, InteractionEdge[]>;

  constructor(graph: RolloutGraph, ignored: ReadonlySet<Ignorable>) {
    this.#graph = graph;
    this.#ignored = ignored;
    this.#callsOfTurn = Map.groupBy(Object.values(graph.tool_calls), (call) => call.turn_id ?? "");
    const bare = Object.values(graph.code_cells).filter((cell) => cell.exec_tool_call_id === null);
    this.#cellsOfTurn = Map.groupBy(bare, (cell) => cell.turn_id ?? "");
    this.#compactionsOfTurn = Map.groupBy(Object.values(graph.compactions), (each) => each.turn_id ?? "");
    const sent = Object.values(graph.interaction_edges).filter((edge) => edge.source.type === "tool_call");
    this.#edges = Map.groupBy(sent, (edge) => edge.source.id);
    const results = Object.values(graph.interaction_edges).filter(({ kind }) => kind === "agent_result");
    this.#reports = Map.groupBy(results, ({ source }) =>
      hasObject(graph, source) ? (threadOf(graph, source) ?? "") : "",
    );
    const received = Object.values(graph.conversation_items).filter(
      (item) =>
        item.kind === "message" && !item.produced_by.some((producer) => producer.type === "inference"),
    );
    this.#messagesOfTurn = Map.groupBy(received, (item) => item.turn_id ?? "");
  }

  rollout(): Step {
    const { status, recording_complete, host } = this.#graph;
    const fields: Fields = new Map([
      ["status", status],
      ["recording closed", String(recording_complete)],
      ["host", host === null ? "" : `${host.name} ${host.version}`],
    ]);
    this.#id(fields, "rollout id", this.#graph.rollout_id);
    this.#id(fields, "trace id", this.#graph.trace_id);
    const threads = Object.values(this.#graph.threads).map((thread) => this.#thread(thread));
    return { key: "rollout", anchor: null, seq: 0, fields, children: threads };
  }

  #thread(thread: Thread): Step {
    const fields = this.#window(thread.execution);
    fields.set("nickname", thread.nickname ?? "");
    fields.set("model", thread.model ?? "");
    fields.set("origin", thread.origin.type);
    if (thread.origin.type === "spawned") {
      const parent = this.#graph.threads[thread.origin.parent_thread_id];
      fields.set("parent", parent?.agent_path ?? "?");
      fields.set("task", thread.origin.task_name ?? "");
      fields.set("role", thread.origin.agent_role ?? "");
    }
    fields.set("reported", this.#led(this.#reports.get(thread.thread_id) ?? []));
    this.#id(fields, "thread id", thread.thread_id, thread);
    const turns = thread.turn_ids.flatMap((id) => this.#graph.turns[id] ?? []);
    return {
      key: `agent ${thread.agent_path}`,
      anchor: { type: "thread", id: thread.thread_id },
      seq: thread.execution.started_seq,
      fields,
      children: turns.map((turn) => this.#turn(turn)),
    };
  }

  #turn(turn: Turn): Step {
    const fields = this.#window(turn.execution);
    this.#id(fields, "turn id", turn.turn_id, turn);
    const requests = turn.inference_call_ids.flatMap((id) => this.#graph.inference_calls[id] ?? []);
    const steps = [
      ...requests.map((call) => this.#request(call)),
      ...(this.#messagesOfTurn.get(turn.turn_id) ?? []).map((item) => this.#message(item)),
    ];
    const own = (this.#callsOfTurn.get(turn.turn_id) ?? []).filter(
      (call) => !this.#listed.has(call.tool_call_id) && call.requester.type !== "code_cell",
    );
    const bare = (this.#cellsOfTurn.get(turn.turn_id) ?? []).map((cell) => this.#bareCell(cell));
    const compactions = (this.#compactionsOfTurn.get(turn.turn_id) ?? []).map((each) =>
      this.#compaction(each),
    );
    const children = [...steps, ...own.map((call) => this.#call(call)), ...bare, ...compactions];
    return {
      key: "turn",
      anchor: { type: "turn", id: turn.turn_id },
      seq: turn.execution.started_seq,
      fields,
      children: children.toSorted((left, right) => left.seq - right.seq),
    };
  }

  #message(item: ConversationItem): Step {
    const fields: Fields = new Map([
      ["text", itemText(item)],
      ["channel", item.channel ?? ""],
      [
        "between",
        item.agent_message === null ? "" : `${item.agent_message.author} → ${item.agent_message.recipient}`,
      ],
    ]);
    const anchor = { type: "conversation_item", id: item.item_id } as const;
    // Just before the request that first carries it.
    const seq = (item.evidence.seqs.at(-1) ?? 0) - 0.5;
    return { key: `${item.role} message`, anchor, seq, fields, children: [] };
  }

  #request(call: InferenceCall): Step {
    const fields = this.#window(call.execution);
    const said = call.response_item_ids.flatMap((id) => this.#graph.conversation_items[id] ?? []);
    const words = said.filter((item) => item.call_id === null);
    fields.set("model", `${call.provider} ${call.model} ${call.dialect}`);
    fields.set("response", words.map((item) => `${item.kind}: ${itemText(item)}`).join("\n"));
    fields.set("error", call.error ?? "");
    fields.set("tokens", call.usage === null ? "" : JSON.stringify(call.usage));
    const calls = call.tool_call_ids.flatMap((id) => this.#graph.tool_calls[id] ?? []);
    const asked = new Set(calls.map((each) => each.model_visible_call_id));
    const unanswered = said.filter((item) => item.call_id !== null && !asked.has(item.call_id));
    fields.set("calls never made", unanswered.map(itemText).join("\n"));
    this.#id(fields, "response id", call.response_id, call);
    return {
      key: "model request",
      anchor: { type: "inference_call", id: call.inference_call_id },
      seq: call.execution.started_seq,
      fields,
      children: calls.map((each) => this.#call(each)),
    };
  }

  #call(call: ToolCall): Step {
    // A damaged recording may say that a cell's own call started it.
    const isAgain = this.#listed.has(call.tool_call_id);
    this.#listed.add(call.tool_call_id);
    const fields = this.#window(call.execution);
    fields.set("end", call.recorded_end_cause ?? "");
    fields.set("input", this.#texts(call.call_item_ids) || (call.input_preview ?? ""));
    fields.set(
      "output",
      this.#texts(call.output_item_ids) || this.#outputText(call, call.output_preview ?? ""),
    );
    fields.set("reached", this.#reached(call));
    this.#id(fields, "call id", call.model_visible_call_id, call);
    this.#id(fields, "tool call id", call.tool_call_id, call);
    const cell = this.#graph.code_cells[call.code_cell_id ?? ""];
    const startsCell = cell !== undefined && call.kind.type === "code_cell_exec";
    if (startsCell) this.#addCell(fields, cell);
    const nested = startsCell && !isAgain ? cell.nested_tool_call_ids : [];
    return {
      key: `call ${toolName(call)} ${call.runtime_tool_call_id ?? ""}`.trim(),
      anchor: { type: "tool_call", id: call.tool_call_id },
      seq: call.execution.started_seq,
      fields,
      children: nested.flatMap((id) => this.#graph.tool_calls[id] ?? []).map((each) => this.#call(each)),
    };
  }

  #bareCell(cell: CodeCell): Step {
    const fields = this.#window(cell.execution);
    this.#addCell(fields, cell);
    const calls = cell.nested_tool_call_ids.flatMap((id) => this.#graph.tool_calls[id] ?? []);
    return {
      key: "cell",
      anchor: { type: "code_cell", id: cell.code_cell_id },
      seq: cell.execution.started_seq,
      fields,
      children: calls.map((each) => this.#call(each)),
    };
  }

  #compaction(compaction: Compaction): Step {
    const fields: Fields = new Map([
      ["installed", String(compaction.installed_seq !== null)],
      ["requests", String(compaction.request_ids.length)],
      ["replaced", this.#texts(compaction.input_item_ids)],
      ["kept or added", this.#texts(compaction.replacement_item_ids)],
    ]);
    this.#id(fields, "compaction id", compaction.compaction_id, compaction);
    const anchor = { type: "compaction", id: compaction.compaction_id } as const;
    return { key: "compaction", anchor, seq: compaction.evidence.seqs[0] ?? 0, fields, children: [] };
  }

  /** Whom a call's messages reached. */
  #reached(call: ToolCall): string {
    return this.#led(this.#edges.get(call.tool_call_id) ?? []);
  }

  #led(edges: readonly InteractionEdge[]): string {
    return edges
      .map(({ kind, status, target }) => {
        const threadId =
          target === null || !hasObject(this.#graph, target) ? null : threadOf(this.#graph, target);
        return `${kind} ${status} ${threadId === null ? "nobody" : agentPath(this.#graph, threadId)}`;
      })
      .join(", ");
  }

  #addCell(fields: Fields, cell: CodeCell): void {
    fields.set("source", cell.source);
    fields.set("cell", isClosed(cell.execution) ? "open" : cell.runtime_status);
    fields.set("yields", String(cell.yields.length));
    fields.set("waits", cell.waits.map((wait) => wait.outcome ?? "running").join(", "));
    fields.set("notifications", cell.notifications.map((note) => note.text).join("\n"));
    fields.set(
      "cancelled by",
      cell.cancellation === null ? "" : `${cell.cancellation.cause} ${cell.cancellation.limit ?? ""}`,
    );
    this.#time(fields, cell.execution, "cell ");
  }

  #texts(ids: readonly string[]): string {
    return ids
      .flatMap((id) => this.#graph.conversation_items[id] ?? [])
      .map((item) => this.#itemText(item))
      .join("\n");
  }

  #itemText(item: ConversationItem): string {
    const producers = item.produced_by.flatMap((producer) =>
      producer.type === "tool" ? (this.#graph.tool_calls[producer.tool_call_id] ?? []) : [],
    );
    const isOutput = item.kind === "custom_tool_call_output" || item.kind === "function_call_output";
    return producers.reduce((text, call) => (isOutput ? this.#outputText(call, text) : text), itemText(item));
  }

  /** What a call gave. Where times are ignored, those too that the runtime writes into what is given of a cell. */
  #outputText({ kind: { type } }: ToolCall, text: string): string {
    const isOfCell = type === "code_cell_exec" || type === "code_cell_wait";
    return isOfCell && this.#ignored.has("times") ? withoutWallTime(text) : text;
  }

  #window(execution: ExecutionWindow): Fields {
    const fields: Fields = new Map([["status", isClosed(execution) ? "open" : execution.status]]);
    this.#time(fields, execution);
    return fields;
  }

  /** `whose` stands before the names where a step has times of its own and another's. */
  #time(fields: Fields, execution: ExecutionWindow, whose = ""): void {
    if (this.#ignored.has("times")) return;
    const { started_at_us: from, ended_at_us: to } = execution;
    fields.set(`${whose}started`, isTime(from) ? exactMoment(from) : "time unknown");
    const isKnown = to !== null && isTime(from) && !isClosed(execution);
    fields.set(`${whose}took`, isKnown ? exactDuration(to - from) : "");
  }

  #id(
    fields: Fields,
    name: string,
    id: string | null,
    of: { readonly provenance: string } | null = null,
  ): void {
    if (this.#ignored.has("ids")) return;
    fields.set(name, id === null ? "" : of?.provenance === "imported" ? withoutLines(this.#graph, id) : id);
  }
}

/** What was closed by something else has how and when it ended from there, where that is compared. */
function isClosed({ end_cause: cause }: ExecutionWindow): boolean {
  return cause !== null && cause !== "observed";
}

/**
 * An id without the line numbers that an importer made it of: an agent's thread id with the line after it (`THREAD:12`). One
 * line more in a log gives all that come after it other such ids. Other ids are as they are.
 */
function withoutLines(graph: RolloutGraph, id: string): string {
  for (let end = id.indexOf(":"); end !== -1; end = id.indexOf(":", end + 1)) {
    if (Object.hasOwn(graph.threads, id.slice(0, end)))
      return id.slice(0, end) + id.slice(end).replace(/:\d+(?=:|$)/g, ":line");
  }
  return id;
}
