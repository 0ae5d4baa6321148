/** Other legal orders of a recording, and what of a graph does not depend on the order. */
import type { RawEvent } from "@rollout-trace/protocol";
import type { RolloutGraph } from "@rollout-trace/reducer";
import { renumbered } from "./damage.ts";

/** Swaps neighbours that have nothing to do with each other, many times over. */
export function reorder(events: readonly RawEvent[], seed: number): RawEvent[] {
  const out = [...events];
  let random = seed;
  for (let swaps = 0; swaps < out.length * 8; swaps += 1) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    const at = (random >>> 4) % Math.max(out.length - 1, 1);
    const left = out[at];
    const right = out[at + 1];
    if (left === undefined || right === undefined || dependent(left, right)) continue;
    out[at] = renumbered(right, left) as RawEvent;
    out[at + 1] = renumbered(left, right) as RawEvent;
  }
  return out;
}

const RUNTIME_EVENT = /^(tool_call|code_cell|mcp_call)_/;
const REQUEST_EVENT = /^(inference|history|compaction)_/;

/**
 * Whether the order of two events means something: ends and starts of what the other is in, events of one object, and what a
 * transcript is made of. A tool or a cell may run before the response that asked for it is recorded, and after the request that
 * carries its output.
 */
function dependent(left: RawEvent, right: RawEvent): boolean {
  const types = [left.payload.type, right.payload.type];
  if (types.some((type) => !RUNTIME_EVENT.test(type) && !REQUEST_EVENT.test(type))) return true;
  if (left.thread_id !== right.thread_id) return isStartAndWrite(left, right) || isStartAndWrite(right, left);
  const areRuntime = types.filter((type) => RUNTIME_EVENT.test(type)).length;
  if (areRuntime < 2) return areRuntime === 0;
  if (idOf(left) === idOf(right)) return true;
  if (isEarlyStart(left, right) || isEarlyStart(right, left)) return false;
  return objectOf(left) === objectOf(right);
}

/**
 * Whether a command and a write to a process with its id start. Nobody writes to a process before it is started, whosever thread it is
 * of; when either process id is told of, and when either ends, is another matter.
 */
function isStartAndWrite(command: RawEvent, write: RawEvent): boolean {
  return (
    startedKind(command) === "exec_command" &&
    startedKind(write) === "write_stdin" &&
    objectOf(command) === objectOf(write)
  );
}

function startedKind({ payload }: RawEvent): string | null {
  return payload.type === "tool_call_started" ? payload.kind.type : null;
}

/**
 * Whether an event starts something that may be recorded before what it belongs to. The host may record its own start of an `exec`
 * before or after what the runtime says of the cell, a wait before the cell is known to have started, and a write before the id of
 * the process is known, but not before the command. Two of one kind keep their order: it is that of the cell's waits and of the
 * session's operations.
 */
function isEarlyStart({ payload }: RawEvent, { payload: other }: RawEvent): boolean {
  const kind = payload.type === "tool_call_started" ? payload.kind.type : payload.type;
  const otherKind = other.type === "tool_call_started" ? other.kind.type : other.type;
  if (kind === "code_cell_exec") return other.type.startsWith("code_cell_");
  if (kind === "write_stdin") return otherKind !== "write_stdin" && otherKind !== "exec_command";
  const isWait = kind === "code_cell_wait" || kind === "code_cell_wait_started";
  return isWait && otherKind !== "code_cell_wait" && otherKind !== "code_cell_wait_started";
}

/**
 * An `exec` call with its cell, nested calls and waits (all are named after it), or a command with the writes to its process (all are
 * named after that). What a cell sent, and so what its nested calls were seen in, depends on what came before it.
 */
function objectOf({ payload }: RawEvent): string {
  let id = "";
  if ("runtime_cell_id" in payload) id = payload.runtime_cell_id;
  else if ("wait_id" in payload) id = payload.wait_id;
  else if ("tool_call_id" in payload) id = payload.tool_call_id;
  return id.slice(id.lastIndexOf("@") + 1);
}

/** The call, the wait or the cell itself. */
function idOf({ payload }: RawEvent): string {
  if ("wait_id" in payload) return payload.wait_id;
  if ("tool_call_id" in payload) return payload.tool_call_id;
  return "runtime_cell_id" in payload ? payload.runtime_cell_id : "";
}

/** All orders of a few things. */
export function ordersOf<Entry>(entries: readonly Entry[]): Entry[][] {
  if (entries.length === 0) return [[]];
  return entries.flatMap((first) =>
    ordersOf(entries.filter((each) => each !== first)).map((rest) => [first, ...rest]),
  );
}

/** The graph without times, places and numbers, its lists of members sorted; as text, which is quick to compare. */
export function withoutOrder(graph: RolloutGraph): string {
  const names = new Map<string, string>();
  for (const [id, thread] of Object.entries(graph.threads)) {
    for (const [index, item] of thread.conversation_item_ids.entries()) names.set(item, `${id}:${index}`);
  }
  for (const operation of Object.values(graph.terminal_operations)) {
    names.set(operation.operation_id, `operation of ${operation.tool_call_id}`);
  }
  // The process id that is recorded is the graph id of one of them.
  for (const session of Object.values(graph.terminal_sessions)) {
    names.set(session.terminal_session_id, `session of ${names.get(session.created_by_operation_id)}`);
  }
  return JSON.stringify(simplify(graph, names), null, 1);
}

/** Times and places, and what a model can have seen of a call that a cell made, which is a question of what went out when. */
const ORDER_KEYS = /(_us|_seq|^seq|^seqs|^seen_by_model|^observed_by)$/;
const SET_KEYS: ReadonlySet<string> = new Set(["nested_tool_call_ids", "payload_ids", "findings"]);

function simplify(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return names.get(value) ?? value.replaceAll(/event \d+/g, "event");
  if (Array.isArray(value)) return value.map((part: unknown) => simplify(part, names));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !ORDER_KEYS.test(key))
    .map(([key, part]): [string, unknown] => {
      const simple = key === "recorded_id" ? part : simplify(part, names);
      return [names.get(key) ?? key, SET_KEYS.has(key) ? toSorted(simple) : simple];
    });
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function toSorted(value: unknown): unknown {
  const text = (part: unknown) => JSON.stringify(part);
  return (value as unknown[]).toSorted((left, right) => (text(left) < text(right) ? -1 : 1));
}
