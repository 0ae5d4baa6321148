/**
 * From what a person types to an object of the graph: any id of the graph, or a short form.
 *
 * Short forms: a call id, a provider's item or response id, an agent path, `cell 3`, `turn 2`, `model request 1`, `item 12`,
 * `tool-1`, an id's beginning or end; `TYPE ID` where one id names objects of several kinds; and any of them followed by
 * `of AGENT`, `of cell 3` or `in turn 2`. An exact id wins over a short form; what fits several objects is an error that lists them.
 */
import type { RolloutGraph } from "@rollout-trace/reducer";
import { CliError } from "../errors.ts";
import { fitText } from "../render/escape.ts";
import {
  describe,
  hasObject,
  idsOf,
  OBJECT_TYPES,
  type ObjectAnchor,
  type ObjectType,
  threadOf,
  toolName,
} from "./graph-objects.ts";

/** Candidates named in a message. */
const LISTED = 10;
const ID_COLUMNS = 120;
/** Shorter beginnings or ends of an id fit too much. */
const LEAST_PART = 4;

/** What stands before it is part of what stands after it. */
const SCOPE = / (?:of|in) (.*)/s;

/** Finds one object. Throws `CliError`: `unknown_object` or `ambiguous_object`. */
export function findObject(graph: RolloutGraph, text: string): ObjectAnchor {
  const wanted = text.trim();
  const whole = candidates(graph, wanted);
  if (whole.length > 0) return theOne(graph, wanted, whole);
  const [name = "", ...rest] = wanted.split(SCOPE);
  const [scopeText] = rest;
  if (scopeText === undefined) return theOne(graph, wanted, []);
  const scope = findObject(graph, scopeText);
  const inScope = candidates(graph, name.trim()).filter((found) => belongs(graph, found, scope));
  return theOne(graph, wanted, inScope);
}

function theOne(graph: RolloutGraph, wanted: string, found: readonly ObjectAnchor[]): ObjectAnchor {
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const quoted = fitText(wanted, 80);
  if (only === undefined) {
    const near = nearest(graph, wanted);
    const help =
      near.length === 0
        ? "\n  ask with an id of the graph, a call id, `item 12`, `cell 3`, `turn 2 of /root`, `model request 1 in turn 2 of /root` or an agent path"
        : `; near it:${listed(graph, near)}`;
    throw new CliError("unknown_object", `no object ${quoted} in this rollout${help}`);
  }
  throw new CliError(
    "ambiguous_object",
    `${quoted} can be ${found.length} objects; ${adviceFor(found)}:${listed(graph, found)}`,
  );
}

/** How to say which one is meant. An id may be that of objects of several kinds: only its type then tells them apart. */
function adviceFor(found: readonly ObjectAnchor[]): string {
  if (new Set(found.map(({ id }) => id)).size === found.length) {
    return "add `of AGENT`, `of cell N` or use the id";
  }
  const typed = found.slice(0, LISTED).map(({ type, id }) => `\`${type} ${fitText(id, ID_COLUMNS)}\``);
  return `ask for ${typed.join(" or ")}`;
}

function listed(graph: RolloutGraph, found: readonly ObjectAnchor[]): string {
  const lines = found
    .slice(0, LISTED)
    .map((anchor) => `\n  ${anchor.type} ${fitText(anchor.id, ID_COLUMNS)}  ${describe(graph, anchor)}`);
  return lines.join("") + (found.length > LISTED ? `\n  … and ${found.length - LISTED} more` : "");
}

/** What a short form can be, best first; the first way that finds anything decides. */
function candidates(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  for (const way of [exact, typed, counted, byCallId, byOtherId, byPart]) {
    const found = way(graph, wanted);
    if (found.length > 0) return found;
  }
  return [];
}

function exact(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  return OBJECT_TYPES.map((type) => ({ type, id: wanted })).filter((anchor) => hasObject(graph, anchor));
}

function typed(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  return OBJECT_TYPES.flatMap((type) => {
    const lead = [`${type} `, `${type.replaceAll("_", " ")} `].find((start) => wanted.startsWith(start));
    return lead === undefined ? [] : ofType(graph, type, wanted.slice(lead.length).trim());
  });
}

function ofType(graph: RolloutGraph, type: ObjectType, id: string): readonly ObjectAnchor[] {
  const anchor: ObjectAnchor = { type, id };
  if (hasObject(graph, anchor)) return [anchor];
  return [...byCallId(graph, id), ...byOtherId(graph, id), ...byPart(graph, id)].filter(
    (found) => found.type === type,
  );
}

/** `cell 3`, `turn 2`, `item 12`, the `model request 4` of a turn, and `agent /root`, as they are called in what is printed. */
function counted(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  const match = /^(cell|turn|(?:model )?request|item|terminal|payload|agent) (\S+)$/.exec(wanted);
  const [, noun, number] = match ?? [];
  if (noun === undefined || number === undefined) return [];
  switch (noun) {
    case "cell":
      return Object.values(graph.code_cells)
        .filter((cell) => cell.runtime_cell_id === number)
        .map((cell) => ({ type: "code_cell", id: cell.code_cell_id }));
    case "turn":
      return Object.values(graph.threads)
        .flatMap((thread) => thread.turn_ids[Number(number) - 1] ?? [])
        .map((id) => ({ type: "turn", id }));
    case "model request":
    case "request":
      return Object.values(graph.turns)
        .flatMap((turn) => turn.inference_call_ids[Number(number) - 1] ?? [])
        .map((id) => ({ type: "inference_call", id }));
    case "agent":
      return Object.values(graph.threads)
        .filter((thread) => thread.agent_path === number)
        .map((thread) => ({ type: "thread", id: thread.thread_id }));
    case "item":
      return exact(graph, `item:${number}`);
    case "terminal":
      return [
        { type: "terminal_session", id: number } as const,
        { type: "terminal_operation", id: `terminal_operation:${number}` } as const,
      ].filter((anchor) => hasObject(graph, anchor));
    default:
      return exact(graph, `p${number}`);
  }
}

/** A call id names the tool call; where none was recorded, its cell, then its items. */
function byCallId(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  const calls = Object.values(graph.tool_calls)
    .filter((call) => call.model_visible_call_id === wanted || call.runtime_tool_call_id === wanted)
    .map((call): ObjectAnchor => ({ type: "tool_call", id: call.tool_call_id }));
  if (calls.length > 0) return calls;
  const cells = Object.values(graph.code_cells)
    .filter((cell) => cell.model_visible_call_id === wanted)
    .map((cell): ObjectAnchor => ({ type: "code_cell", id: cell.code_cell_id }));
  if (cells.length > 0) return cells;
  return Object.values(graph.conversation_items)
    .filter((item) => item.call_id === wanted)
    .map((item) => ({ type: "conversation_item", id: item.item_id }));
}

/** Ids that others gave to an object. */
function byOtherId(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  const found: ObjectAnchor[] = [];
  const add = (type: ObjectType, id: string, others: readonly (string | null)[]): void => {
    if (others.includes(wanted)) found.push({ type, id });
  };
  for (const thread of Object.values(graph.threads)) {
    add("thread", thread.thread_id, [thread.agent_path, thread.nickname, thread.recorded_id]);
  }
  for (const turn of Object.values(graph.turns)) add("turn", turn.turn_id, [turn.recorded_id]);
  for (const item of Object.values(graph.conversation_items)) {
    add("conversation_item", item.item_id, [item.provider_item_id]);
  }
  for (const call of Object.values(graph.inference_calls)) {
    const { response_id, upstream_request_id, recorded_id } = call;
    add("inference_call", call.inference_call_id, [response_id, upstream_request_id, recorded_id]);
  }
  for (const call of Object.values(graph.tool_calls)) {
    add("tool_call", call.tool_call_id, [call.mcp_call_id, call.recorded_id]);
  }
  return found;
}

function byPart(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  if (wanted.length < LEAST_PART) return [];
  return OBJECT_TYPES.flatMap((type) =>
    idsOf(graph, type)
      .filter((id) => id.startsWith(wanted) || id.endsWith(wanted))
      .map((id) => ({ type, id })),
  );
}

function nearest(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  const [first] = wanted.split(SCOPE);
  const found = [...candidates(graph, first ?? ""), ...containing(graph, first ?? "")];
  return [...new Map(found.map((anchor) => [`${anchor.type} ${anchor.id}`, anchor])).values()].slice(
    0,
    LISTED,
  );
}

/** Objects whose id or name has the text in it. */
function containing(graph: RolloutGraph, wanted: string): readonly ObjectAnchor[] {
  if (wanted.length < LEAST_PART) return [];
  const text = wanted.toLowerCase();
  return OBJECT_TYPES.filter((type) => type !== "payload")
    .flatMap((type) => idsOf(graph, type).map((id): ObjectAnchor => ({ type, id })))
    .filter((anchor) => `${anchor.id} ${spokenName(graph, anchor)}`.toLowerCase().includes(text));
}

function spokenName(graph: RolloutGraph, { type, id }: ObjectAnchor): string {
  const call = type === "tool_call" ? graph.tool_calls[id] : undefined;
  if (call !== undefined) return toolName(call);
  return type === "thread" ? (graph.threads[id]?.agent_path ?? "") : "";
}

function belongs(graph: RolloutGraph, found: ObjectAnchor, scope: ObjectAnchor): boolean {
  switch (scope.type) {
    case "thread":
      return threadOf(graph, found) === scope.id;
    case "code_cell":
      return graph.code_cells[scope.id]?.nested_tool_call_ids.includes(found.id) === true;
    case "turn":
      return (
        graph.turns[scope.id]?.inference_call_ids.includes(found.id) === true ||
        turnOf(graph, found) === scope.id
      );
    default:
      return false;
  }
}

function turnOf(graph: RolloutGraph, { type, id }: ObjectAnchor): string | null {
  switch (type) {
    case "tool_call":
      return graph.tool_calls[id]?.turn_id ?? null;
    case "code_cell":
      return graph.code_cells[id]?.turn_id ?? null;
    case "conversation_item":
      return graph.conversation_items[id]?.turn_id ?? null;
    default:
      return null;
  }
}
