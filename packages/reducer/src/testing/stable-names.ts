/**
 * Names of a graph's objects that are the same in every run: made of the agent, of what an object is and says, and of its
 * number among those of its agent, turn or cell that are and say the same.
 */
import type { AnchorType } from "../graph/base.ts";
import type { ConversationItem } from "../graph/conversation.ts";
import type { RolloutGraph } from "../graph/rollout-graph.ts";
import type { ToolCall } from "../graph/tool-call.ts";
import { cutToCodePoints } from "../conversation/normal-item.ts";

/** Code points of an item's text in its name: enough to know it by. */
const TEXT_IN_NAME = 40;

export class Names {
  readonly #graph: RolloutGraph;
  readonly #text: (text: string) => string;
  readonly #byId: Map<string, string> = new Map();
  readonly #uses: Map<string, number> = new Map();
  readonly #given: Set<string> = new Set();

  /** `text` takes out of recorded text what differs from run to run. */
  constructor(graph: RolloutGraph, text: (text: string) => string) {
    this.#graph = graph;
    this.#text = text;
    for (const { thread_id: id, agent_path: path } of Object.values(graph.threads)) {
      this.#name("thread", id, path === "" ? "unknown agent" : path);
    }
    this.#nameTranscripts();
    this.#nameCalls();
    this.#nameRest();
  }

  /** The name of an object; an id that the graph does not have is only said to be one. */
  of(type: AnchorType, id: string): string {
    if (type === "rollout") return "the rollout";
    if (type === "payload") return "a payload";
    return this.#byId.get(keyOf(type, id)) ?? `unknown ${type}`;
  }

  #nameTranscripts(): void {
    const { threads, turns, conversation_items: items } = this.#graph;
    for (const { thread_id: threadId, turn_ids, conversation_item_ids } of Object.values(threads)) {
      const agent = this.of("thread", threadId);
      for (const id of turn_ids) this.#number("turn", id, `${agent} turn`);
      for (const id of conversation_item_ids) {
        const item = items[id];
        if (item !== undefined) this.#name("conversation_item", id, `${agent} ${this.#titleOf(item)}`);
      }
    }
    for (const { turn_id: turnId, inference_call_ids } of Object.values(turns)) {
      for (const id of inference_call_ids)
        this.#number("inference_call", id, `${this.of("turn", turnId)} request`);
    }
  }

  #nameCalls(): void {
    const { tool_calls: calls, code_cells: cells } = this.#graph;
    for (const cell of Object.values(cells)) {
      const agent = cell.thread_id === null ? "no agent" : this.of("thread", cell.thread_id);
      this.#name("code_cell", cell.code_cell_id, `${agent} cell ${cell.runtime_cell_id}`);
    }
    // Calls that a model asked for together may start in any order; they are numbered as it asked for them.
    for (const id of new Set([...this.#askedCalls(), ...Object.keys(calls)])) {
      const call = calls[id];
      if (call !== undefined) this.#number("tool_call", id, `${this.#placeOf(call)} call ${call.label}`);
    }
  }

  #askedCalls(): readonly string[] {
    const { turns, inference_calls: requests } = this.#graph;
    return Object.values(turns).flatMap(({ inference_call_ids: ids }) =>
      ids.flatMap((id) => requests[id]?.tool_call_ids ?? []),
    );
  }

  /** What asked for a call: its cell, or its turn. */
  #placeOf({ requester, turn_id: turnId, thread_id: threadId }: ToolCall): string {
    if (requester.type === "code_cell" && requester.code_cell_id !== null) {
      return this.of("code_cell", requester.code_cell_id);
    }
    if (turnId !== null) return this.of("turn", turnId);
    return threadId === null ? "no agent" : this.of("thread", threadId);
  }

  #nameRest(): void {
    const graph = this.#graph;
    for (const { operation_id: id, tool_call_id: callId } of Object.values(graph.terminal_operations)) {
      this.#name("terminal_operation", id, `operation of ${this.of("tool_call", callId)}`);
    }
    for (const session of Object.values(graph.terminal_sessions)) {
      const first = this.of("terminal_operation", session.created_by_operation_id);
      this.#name("terminal_session", session.terminal_session_id, `session of ${first}`);
    }
    for (const { compaction_id: id, thread_id: threadId } of Object.values(graph.compactions)) {
      this.#number("compaction", id, `${this.of("thread", threadId)} compaction`);
    }
    for (const request of Object.values(graph.compaction_requests)) {
      const name = `${this.of("compaction", request.compaction_id)} request`;
      this.#number("compaction_request", request.compaction_request_id, name);
    }
    for (const { edge_id: id, kind, source, target } of Object.values(graph.interaction_edges)) {
      const to = target === null ? "nobody" : this.of(target.type, target.id);
      this.#name("interaction_edge", id, `${kind} from ${this.of(source.type, source.id)} to ${to}`);
    }
    for (const { span_id: id, tool_call_id: callId, thread_id: threadId, name } of Object.values(
      graph.spans,
    )) {
      const place =
        callId !== null
          ? this.of("tool_call", callId)
          : threadId === null
            ? "no agent"
            : this.of("thread", threadId);
      this.#number("span", id, `${place} span ${name}`);
    }
  }

  #titleOf({ role, kind, body }: ConversationItem): string {
    const texts = body.parts.map((part) => {
      if ("text" in part) return part.text;
      if (part.type === "code") return part.source;
      return part.type === "json" ? part.preview : part.type;
    });
    const text = cutToCodePoints(this.#text(texts.join(" ")).replaceAll(/\s+/g, " "), TEXT_IN_NAME);
    return `${kind === "message" ? role : kind} ${JSON.stringify(text)}`;
  }

  /** The first with a name has it as it is, the next one is numbered 2. */
  #name(type: AnchorType, id: string, name: string): void {
    this.#give(type, id, () => {
      const count = this.#count(name);
      return count === 1 ? name : `${name} (${count})`;
    });
  }

  /** Numbered from 1. */
  #number(type: AnchorType, id: string, name: string): void {
    this.#give(type, id, () => `${name} ${this.#count(name)}`);
  }

  /** What an agent is called may be what another is numbered as. */
  #give(type: AnchorType, id: string, next: () => string): void {
    let name = next();
    while (this.#given.has(name)) name = next();
    this.#given.add(name);
    this.#byId.set(keyOf(type, id), name);
  }

  #count(name: string): number {
    const count = (this.#uses.get(name) ?? 0) + 1;
    this.#uses.set(name, count);
    return count;
  }
}

function keyOf(type: AnchorType, id: string): string {
  return `${type}\n${id}`;
}

/** By code unit, but numbers by their value: `turn 2` comes before `turn 10`. */
export function compareNames(left: string, right: string): number {
  const [lefts, rights] = [left.split(/(\d+)/), right.split(/(\d+)/)];
  for (const [index, part] of lefts.entries()) {
    const other = rights[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [number, otherNumber] = [Number(part), Number(other)];
    if (index % 2 === 1 && number !== otherNumber) return number < otherNumber ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return lefts.length === rights.length ? 0 : -1;
}
