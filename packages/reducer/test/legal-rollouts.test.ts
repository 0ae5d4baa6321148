import { describe, expect, it } from "vitest";
import {
  AGENT_INTERACTION_KINDS,
  CANCEL_CAUSES,
  CELL_LIMIT_NAMES,
  CELL_STATUSES,
  DIALECTS,
  EXECUTION_STATUSES,
  type InputMode,
  PAYLOAD_KINDS,
  PLAIN_TOOL_KINDS,
  RAW_EVENT_TYPES,
  type RawEventPayload,
  RECORDING_STOP_REASONS,
  ROLLOUT_STATUSES,
  SPAN_KINDS,
  SPAN_STATUSES,
  TOOL_END_CAUSES,
  type ToolKind,
  type ToolRequester,
  WAIT_MODES,
  WAIT_OUTCOMES,
} from "@rollout-trace/protocol";
import {
  type BodyPart,
  checkGraph,
  DIAGNOSTIC_CODES,
  EDGE_KINDS,
  EXECUTION_END_CAUSES,
  FINDING_CODES,
  ITEM_CHANNELS,
  ITEM_KINDS,
  ITEM_ROLES,
  type Producer,
  reduceRollout,
  type RolloutGraph,
  severityOf,
} from "@rollout-trace/reducer";
import { playRollout, randomSteps } from "@rollout-trace/reducer/testing";

interface Played {
  readonly graph: RolloutGraph;
  readonly payloads: readonly RawEventPayload[];
}

const ROLLOUTS: readonly Played[] = Array.from({ length: 300 }, (_, seed) => {
  const rollout = playRollout(randomSteps(seed, 200));
  const graph = reduceRollout(rollout.source(), { mode: "strict" });
  return { graph, payloads: rollout.events.map(({ payload }) => payload) };
});

/** What may be seen of something in a rollout, and what of it a legal rollout cannot have, with the reason. */
interface Vocabulary {
  readonly words: readonly string[];
  readonly seen: (played: Played) => Iterable<string | null | undefined>;
  readonly never?: { readonly [word: string]: string };
}

type Collections =
  | "threads"
  | "turns"
  | "inference_calls"
  | "tool_calls"
  | "code_cells"
  | "compaction_requests";

function statusesOf(collection: Collections, never: Vocabulary["never"] = {}): Vocabulary {
  const seen = ({ graph }: Played) =>
    Object.values(graph[collection]).map(({ execution }) => execution.status);
  return { words: EXECUTION_STATUSES, seen, never };
}

/** The words under a key of events of a type. */
function ofEvents<Type extends RawEventPayload["type"]>(
  type: Type,
  word: (payload: Extract<RawEventPayload, { type: Type }>) => string | null | undefined,
): Vocabulary["seen"] {
  return ({ payloads }) =>
    payloads.flatMap((payload) =>
      payload.type === type ? [word(payload as Extract<RawEventPayload, { type: Type }>)] : [],
    );
}

/** The words of a union of types, which has no list of its own: one that is missing does not compile. */
function words<Word extends string>(all: { readonly [Each in Word]: true }): readonly string[] {
  return Object.keys(all);
}

const VOCABULARIES: { readonly [name: string]: Vocabulary } = {
  "types of events": { words: RAW_EVENT_TYPES, seen: ({ payloads }) => payloads.map(({ type }) => type) },
  "kinds of payloads": {
    words: PAYLOAD_KINDS,
    seen: ({ graph }) => Object.values(graph.payloads).map(({ kind }) => kind),
  },
  "statuses of rollouts": { words: ROLLOUT_STATUSES, seen: ({ graph }) => [graph.status] },
  "reasons of recordings that stopped": {
    words: RECORDING_STOP_REASONS,
    seen: ofEvents("recording_stopped", ({ reason }) => reason),
  },
  "statuses of threads": statusesOf("threads"),
  "statuses of turns": statusesOf("turns"),
  "statuses of requests": statusesOf("inference_calls"),
  "statuses of compaction requests": statusesOf("compaction_requests", {
    cancelled:
      "they are told of as completed or failed, and nothing but the end of the rollout ends them else",
  }),
  "statuses of tool calls": statusesOf("tool_calls"),
  "statuses of cells": statusesOf("code_cells"),
  "statuses of waits": {
    words: EXECUTION_STATUSES,
    seen: ({ graph }) =>
      Object.values(graph.code_cells).flatMap(({ waits }) => waits.map(({ execution }) => execution.status)),
  },
  "statuses of edges": {
    words: EXECUTION_STATUSES,
    seen: ({ graph }) => Object.values(graph.interaction_edges).map(({ status }) => status),
  },
  "statuses of terminal operations": {
    words: EXECUTION_STATUSES,
    seen: ({ graph }) => Object.values(graph.terminal_operations).map(({ execution }) => execution.status),
  },
  "statuses of terminal sessions": {
    words: EXECUTION_STATUSES,
    seen: ({ graph }) => Object.values(graph.terminal_sessions).map(({ execution }) => execution.status),
  },
  "statuses of spans": { words: SPAN_STATUSES, seen: ofEvents("span_ended", ({ status }) => status.code) },
  "kinds of spans": { words: SPAN_KINDS, seen: ofEvents("span_started", ({ kind }) => kind) },
  "causes of ends": {
    words: EXECUTION_END_CAUSES,
    seen: ({ graph }) =>
      [graph.threads, graph.turns, graph.inference_calls, graph.tool_calls, graph.code_cells].flatMap(
        (collection) => Object.values(collection).map(({ execution }) => execution.end_cause),
      ),
  },
  "recorded causes of the ends of calls": {
    words: TOOL_END_CAUSES,
    seen: ({ graph }) => Object.values(graph.tool_calls).map(({ recorded_end_cause: cause }) => cause),
  },
  "kinds of tool calls": {
    words: [
      ...PLAIN_TOOL_KINDS,
      ...words<Exclude<ToolKind["type"], (typeof PLAIN_TOOL_KINDS)[number]>>({ mcp: true, other: true }),
    ],
    seen: ({ graph }) => Object.values(graph.tool_calls).map(({ kind }) => kind.type),
  },
  "kinds of nested tool calls": {
    words: ["exec_command", "write_stdin", "mcp", "other", ...AGENT_INTERACTION_KINDS],
    seen: ({ graph }) =>
      Object.values(graph.tool_calls).map(({ kind, requester }) =>
        requester.type === "code_cell" ? kind.type : null,
      ),
  },
  "requesters of tool calls": {
    words: words<ToolRequester["type"]>({ model: true, code_cell: true, host: true }),
    seen: ({ graph }) => Object.values(graph.tool_calls).map(({ requester }) => requester.type),
  },
  "first statuses of cells": {
    words: CELL_STATUSES,
    seen: ({ graph }) => Object.values(graph.code_cells).map(({ initial_response: first }) => first?.status),
    never: {
      starting: "`exec` answers once the cell has yielded or ended",
      running: "`exec` answers once the cell has yielded or ended",
    },
  },
  "statuses of cells as the runtime has them": {
    words: CELL_STATUSES,
    seen: ({ graph }) => Object.values(graph.code_cells).map(({ runtime_status: status }) => status),
    never: { running: "no answer of the runtime says so: a cell is starting until its first" },
  },
  "modes of waits": { words: WAIT_MODES, seen: ofEvents("code_cell_wait_started", ({ mode }) => mode) },
  "outcomes of waits": {
    words: WAIT_OUTCOMES,
    seen: ({ graph }) =>
      Object.values(graph.code_cells).flatMap(({ waits }) => waits.map(({ outcome }) => outcome)),
  },
  "causes of cancellations": {
    words: CANCEL_CAUSES,
    seen: ({ graph }) => Object.values(graph.code_cells).map(({ cancellation }) => cancellation?.cause),
  },
  "limits of cells": {
    words: CELL_LIMIT_NAMES,
    seen: ({ graph }) => Object.values(graph.code_cells).map(({ cancellation }) => cancellation?.limit),
  },
  "kinds of edges": {
    words: EDGE_KINDS,
    seen: ({ graph }) => Object.values(graph.interaction_edges).map(({ kind }) => kind),
  },
  "kinds of edges that end in an item": {
    words: EDGE_KINDS,
    seen: ({ graph }) =>
      Object.values(graph.interaction_edges).map(({ kind, target }) =>
        target?.type === "conversation_item" ? kind : null,
      ),
    never: { close_agent: "it is the thread that is closed" },
  },
  "kinds of edges that end in an agent's message": {
    words: EDGE_KINDS,
    seen: ({ graph }) =>
      Object.values(graph.interaction_edges).map(({ kind, target }) =>
        (graph.conversation_items[target?.id ?? ""]?.agent_message ?? null) === null ? null : kind,
      ),
    never: {
      close_agent: "it is the thread that is closed",
      spawn_agent: "an agent gets its first task as it gets those of a user",
    },
  },
  "kinds of interactions": {
    words: AGENT_INTERACTION_KINDS,
    seen: ofEvents("agent_interaction_ended", ({ kind }) => kind),
  },
  "kinds of items": {
    words: ITEM_KINDS,
    seen: ({ graph }) => Object.values(graph.conversation_items).map(({ kind }) => kind),
  },
  "roles of items": {
    words: ITEM_ROLES,
    seen: ({ graph }) => Object.values(graph.conversation_items).map(({ role }) => role),
  },
  "channels of items": {
    words: ITEM_CHANNELS,
    seen: ({ graph }) => Object.values(graph.conversation_items).map(({ channel }) => channel),
  },
  "producers of items": {
    words: words<Producer["type"]>({
      inference: true,
      tool: true,
      code_cell: true,
      interaction_edge: true,
      compaction: true,
    }),
    seen: ({ graph }) =>
      Object.values(graph.conversation_items).flatMap(({ produced_by: by }) => by.map(({ type }) => type)),
  },
  "parts of items": {
    words: words<BodyPart["type"]>({
      text: true,
      summary: true,
      code: true,
      encoded: true,
      json: true,
      payload_ref: true,
    }),
    seen: ({ graph }) =>
      Object.values(graph.conversation_items).flatMap(({ body }) => body.parts.map(({ type }) => type)),
    never: { payload_ref: "nobody sends images here" },
  },
  dialects: { words: DIALECTS, seen: ofEvents("inference_started", ({ dialect }) => dialect) },
  "modes of requests": {
    words: words<InputMode["type"]>({ full: true, incremental: true, incremental_untraced: true }),
    seen: ofEvents("inference_started", ({ input_mode: mode }) => mode.type),
  },
  "codes of findings": { words: FINDING_CODES, seen: ({ graph }) => graph.findings.map(({ code }) => code) },
  "codes of warnings": {
    words: DIAGNOSTIC_CODES.filter((code) => severityOf(code) === "warning"),
    seen: ({ graph }) => graph.diagnostics.map(({ code }) => code),
    never: {
      unknown_event_type: "no newer recorder",
      unknown_item_type: "no element that its dialect does not define",
      empty_reasoning: "models that say that they have thought say something of it",
      misplaced_system_item: "no host splices its history",
      missing_source_item: "every call is asked for before it starts",
    },
  },
};

/** Things that several vocabularies together do not tell of, each with whether a rollout has it. */
const SITUATIONS: { readonly [what: string]: (played: Played) => boolean } = {
  "a call id that several threads use": ({ graph }) => {
    const threads = new Map<string, Set<string | null>>();
    for (const { model_visible_call_id: id, thread_id: thread } of Object.values(graph.tool_calls)) {
      if (id !== null) threads.set(id, (threads.get(id) ?? new Set()).add(thread));
    }
    return [...threads.values()].some(({ size }) => size > 1);
  },
  "a call id that a thread uses again": ({ graph }) =>
    graph.diagnostics.some(({ code }) => code === "call_id_reused"),
  "a recorded id of a call that is used again": ({ graph }) => hasRepeated(Object.values(graph.tool_calls)),
  "a recorded id of a request that is used again": ({ graph }) =>
    hasRepeated(Object.values(graph.inference_calls)),
  "a recorded id of a turn that is used again": ({ graph }) => hasRepeated(Object.values(graph.turns)),
  "a recorded id of a compaction that is used again": ({ graph }) =>
    hasRepeated(Object.values(graph.compactions)),
  "a recorded id of a span that is used again": ({ graph }) => hasRepeated(Object.values(graph.spans)),
  "a runtime id of a cell that its thread uses again": ({ graph }) => {
    const cells = Object.values(graph.code_cells);
    return new Set(cells.map((cell) => `${cell.thread_id} ${cell.runtime_cell_id}`)).size < cells.length;
  },
  "a notification that the model was shown": ({ graph }) =>
    Object.values(graph.code_cells).some(({ notifications }) =>
      notifications.some(({ output_item_id: id }) => id !== null),
    ),
  "a nested terminal operation": ({ graph }) =>
    Object.values(graph.terminal_operations).some(
      ({ tool_call_id: id }) => graph.tool_calls[id]?.requester.type === "code_cell",
    ),
  "a span that keeps its call when it has ended": ({ graph }) =>
    Object.values(graph.spans).some(
      ({ tool_call_id: id, execution }) => id !== null && execution.status !== "running",
    ),
  "a side request between two that continue a response": ({ payloads }) => {
    const modes = payloads.flatMap((payload) =>
      payload.type === "inference_started" ? [`${payload.thread_id} ${payload.input_mode.type}`] : [],
    );
    return modes.some(
      (mode, index) =>
        mode.endsWith(" full") &&
        modes[index - 1] === mode.replace(" full", " incremental") &&
        modes[index + 1] === modes[index - 1],
    );
  },
  "two waits of one cell at a time": ({ graph }) =>
    Object.values(graph.code_cells).some(({ waits }) => waits.some(({ outcome }) => outcome === "busy")),
  "a thread that goes on after its end": ({ payloads }) =>
    payloads.some(({ type }) => type === "thread_resumed"),
};

function hasRepeated(objects: readonly { readonly recorded_id: string }[]): boolean {
  return new Set(objects.map(({ recorded_id: id }) => id)).size < objects.length;
}

describe("legal rollouts that are made up", () => {
  it("are accepted by strict reduction, and give graphs without a violation", () => {
    for (const { graph } of ROLLOUTS) expect(checkGraph(graph)).toEqual([]);
  });

  it.each(Object.entries(VOCABULARIES))("have all %s", (_name, { words: all, seen, never = {} }) => {
    const found = new Set<string | null | undefined>();
    for (const played of ROLLOUTS) for (const word of seen(played)) found.add(word);
    expect(all.filter((word) => !found.has(word))).toEqual(all.filter((word) => Object.hasOwn(never, word)));
  });

  it.each(Object.entries(SITUATIONS))("have %s", (_what, has) => {
    expect(ROLLOUTS.filter(has).length).toBeGreaterThanOrEqual(3);
  });
});
