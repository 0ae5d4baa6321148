/** What a sequence diagram of a rollout can show: steps between people, agents and tools, in order. All text is untrusted. */
import type {
  CodeCell,
  ConversationItem,
  ExecutionWindow,
  InteractionEdge,
  RolloutGraph,
  ToolCall,
  Turn,
} from "@rollout-trace/reducer";
import { toolName } from "../../objects/graph-objects.ts";
import { duration, grouped } from "../../render/format.ts";
import { itemText } from "../../render/item-text.ts";

/** From what is most worth its place in a picture to what is least. */
export const STEP_KINDS = ["between agents", "turns", "cells", "tool calls", "calls of cells"] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** Who takes part: the user, tools, or an agent by its thread id. */
export type Party =
  | { readonly type: "user" }
  | { readonly type: "tools" }
  | { readonly type: "agent"; readonly id: string };

export interface Step {
  readonly kind: StepKind;
  readonly seq: number;
  readonly from: Party;
  readonly to: Party;
  /** `call` asks for something, `answer` gives it, `failure` does not. */
  readonly arrow: "call" | "answer" | "failure";
  readonly text: string;
}

const USER: Party = { type: "user" };
const TOOLS: Party = { type: "tools" };

/** All steps in order of `seq`. */
export function stepsOf(graph: RolloutGraph): readonly Step[] {
  const sent = new Set(Object.values(graph.interaction_edges).map(({ source }) => source.id));
  return [
    ...Object.values(graph.threads).flatMap((thread) =>
      thread.turn_ids.flatMap((id, index) => turnSteps(graph, graph.turns[id], index + 1)),
    ),
    ...Object.values(graph.interaction_edges).flatMap((edge) => edgeSteps(graph, edge)),
    ...Object.values(graph.code_cells).flatMap((cell) => cellSteps(graph, cell)),
    // What a call sent to another agent is the picture of it.
    ...Object.values(graph.tool_calls).flatMap((call) =>
      sent.has(call.tool_call_id) ? [] : callSteps(graph, call),
    ),
  ].toSorted((left, right) => left.seq - right.seq);
}

function agent(graph: RolloutGraph, threadId: string | null): Party | null {
  return threadId !== null && Object.hasOwn(graph.threads, threadId) ? { type: "agent", id: threadId } : null;
}

/** A turn that a user's message set off, and what the agent said last in it. Turns that other agents set off show as edges. */
function turnSteps(graph: RolloutGraph, turn: Turn | undefined, number: number): readonly Step[] {
  const party = agent(graph, turn?.thread_id ?? null);
  if (turn === undefined || party === null) return [];
  const calls = turn.inference_call_ids.flatMap((id) => graph.inference_calls[id] ?? []);
  const shown = calls[0]?.request.item_ids.flatMap((id) => graph.conversation_items[id] ?? []) ?? [];
  const opening = shown.findLast((item) => item.kind === "message" && item.role === "user");
  const isRoot = graph.threads[turn.thread_id]?.origin.type !== "spawned";
  const said = calls
    .flatMap((call) => call.response_item_ids.flatMap((id) => graph.conversation_items[id] ?? []))
    .findLast((item) => item.kind === "message" && item.role === "assistant");
  const tokens = turn.usage === null ? "" : ` (${grouped(turn.usage.total_tokens)} tokens)`;
  const begin: Step = {
    kind: "turns",
    seq: turn.execution.started_seq,
    from: isRoot ? USER : party,
    to: party,
    arrow: "call",
    text: `turn ${number}${isRoot ? saying(opening) : ""}`,
  };
  const end: Step = {
    kind: "turns",
    seq: turn.execution.ended_seq ?? Number.MAX_SAFE_INTEGER,
    from: party,
    to: isRoot ? USER : party,
    arrow: isFailure(turn.execution) ? "failure" : "answer",
    text: `turn ${number} ${outcome(turn.execution)}${tokens}${isRoot ? saying(said) : ""}`,
  };
  return [begin, end];
}

function edgeSteps(graph: RolloutGraph, edge: InteractionEdge): readonly Step[] {
  const from = agent(graph, ownerOf(graph, edge.source));
  if (from === null) return [];
  const to = edge.target === null ? null : agent(graph, ownerOf(graph, edge.target));
  const carried = graph.conversation_items[edge.carried_item_ids[0] ?? ""];
  const what = edge.kind.replaceAll("_", " ");
  return [
    {
      kind: "between agents",
      seq: edge.evidence.seqs[0] ?? 0,
      from,
      to: to ?? from,
      arrow: to === null ? "failure" : edge.kind === "agent_result" ? "answer" : "call",
      text: `${what}${to === null ? " (it never arrived)" : ""}${saying(carried)}`,
    },
  ];
}

function ownerOf(graph: RolloutGraph, { type, id }: InteractionEdge["source"]): string | null {
  switch (type) {
    case "thread":
      return id;
    case "tool_call":
      return graph.tool_calls[id]?.thread_id ?? null;
    case "conversation_item":
      return graph.conversation_items[id]?.thread_id ?? null;
    default:
      return null;
  }
}

function cellSteps(graph: RolloutGraph, cell: CodeCell): readonly Step[] {
  const party = agent(graph, cell.thread_id);
  if (party === null) return [];
  const name = `cell ${cell.runtime_cell_id}`;
  const cancelled =
    cell.cancellation === null ? "" : `, cancelled by ${cell.cancellation.cause.replaceAll("_", " ")}`;
  return [
    ...pair("cells", party, cell.execution, {
      ask: `${name}: ${cell.source}`,
      answer: `${name} ${cell.runtime_status}${took(cell.execution)}${cancelled}`,
    }),
    ...cell.yields.map(({ seq }): Step => ({
      kind: "cells",
      seq,
      from: TOOLS,
      to: party,
      arrow: "answer",
      text: `${name} yields`,
    })),
  ];
}

function callSteps(graph: RolloutGraph, call: ToolCall): readonly Step[] {
  const party = agent(graph, call.thread_id);
  // The cell is the picture of an exec.
  if (party === null || (call.kind.type === "code_cell_exec" && call.code_cell_id !== null)) return [];
  const name = toolName(call);
  const texts = { ask: `${name} ${call.input_preview ?? ""}`, answer: `${name} ${outcome(call.execution)}` };
  if (call.requester.type !== "code_cell") return pair("tool calls", party, call.execution, texts);
  const { started_seq: seq } = call.execution;
  const text = `cell ${call.requester.runtime_cell_id} calls ${texts.ask}${isFailure(call.execution) ? `: ${call.execution.status}` : ""}`;
  return [
    {
      kind: "calls of cells",
      seq,
      from: TOOLS,
      to: TOOLS,
      arrow: isFailure(call.execution) ? "failure" : "call",
      text,
    },
  ];
}

function pair(
  kind: StepKind,
  party: Party,
  execution: ExecutionWindow,
  { ask, answer }: { readonly ask: string; readonly answer: string },
): readonly Step[] {
  const { started_seq: seq, ended_seq: ended } = execution;
  const asked: Step = { kind, seq, from: party, to: TOOLS, arrow: "call", text: ask };
  const arrow = isFailure(execution) ? "failure" : "answer";
  return ended === null
    ? [asked]
    : [asked, { kind, seq: ended, from: TOOLS, to: party, arrow, text: answer }];
}

function isFailure({ status }: ExecutionWindow): boolean {
  return status !== "completed" && status !== "running";
}

function outcome(execution: ExecutionWindow): string {
  return `${execution.status}${took(execution)}`;
}

function took({ started_at_us: start, ended_at_us: end }: ExecutionWindow): string {
  return end === null ? "" : ` ${duration(end - start)}`;
}

function saying(item: ConversationItem | undefined): string {
  return item === undefined ? "" : `: ${itemText(item)}`;
}
