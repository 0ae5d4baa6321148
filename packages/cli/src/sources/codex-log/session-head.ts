/** What the first lines of a session log say about its thread. */
import { statSync } from "node:fs";
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { headLinesOf, type HeadOptions } from "../detect.ts";
import { valueAt } from "../log/document.ts";
import { idOf, stringOf, timeOf } from "../log/fields.ts";
import { readRecord } from "./record.ts";

export interface SessionHead {
  readonly path: string;
  /** Of the file, as it lies on disk. */
  readonly bytes: number;
  readonly threadId: string;
  /** The product's session: that of the root thread, where the log says it. */
  readonly sessionId: string | null;
  readonly parentThreadId: string | null;
  /** Whether another thread started this one. */
  readonly isSpawned: boolean;
  readonly agentPath: string | null;
  readonly nickname: string | null;
  readonly role: string | null;
  readonly provider: string;
  readonly model: string | null;
  readonly host: { readonly name: string; readonly version: string } | null;
  readonly startedTimeUs: number;
  /** Whether the file begins with a copy of another thread's history. */
  readonly inherits: boolean;
  /** The line of the session's metadata; null for a log without. */
  readonly metaLine: number | null;
  /** The thread whose history this one goes on from without copying it, and where it leaves it. */
  readonly historyBase: { readonly threadId: string; readonly endOrdinal: number } | null;
  /** Where the thread's own history begins, for a host that counts. */
  readonly ownFromOrdinal: number | null;
}

/** The model stands in the first turn's context, soon after the metadata. */
const HEAD: HeadOptions = { bytes: 1 << 18, lines: 40 };

/** Reads the head of a log. Throws what reading or unpacking the file throws. */
export function readSessionHead(path: string): SessionHead {
  let meta: Found["meta"] = null;
  let model: string | null = null;
  let firstTimeUs: number | null = null;
  let othersMeta = false;
  for (const { number: line, value } of headLinesOf(path, HEAD)) {
    const record = readRecord(value);
    if (typeof record === "string") continue;
    firstTimeUs ??= record.timeUs;
    if (record.type === "session_meta") {
      meta ??= { payload: record.payload, line };
      othersMeta ||= record.payload["id"] !== meta.payload["id"];
    }
    model ??= idOf(record.payload["model"]);
    if (record.type === "turn_context" && model !== null) break;
  }
  return headFrom(path, { meta, model, firstTimeUs, othersMeta });
}

interface Found {
  readonly meta: { readonly payload: JsonObject; readonly line: number } | null;
  readonly model: string | null;
  readonly firstTimeUs: number | null;
  readonly othersMeta: boolean;
}

function headFrom(path: string, { meta, model, firstTimeUs, othersMeta }: Found): SessionHead {
  const payload: JsonObject = meta?.payload ?? {};
  const spawn = spawnOf(payload["source"]);
  const parentThreadId = idOf(payload["parent_thread_id"]) ?? idOf(spawn?.["parent_thread_id"]);
  const isSpawned = isSubAgent(payload["source"]) || parentThreadId !== null;
  const startOrdinal = payload["subagent_history_start_ordinal"];
  const ownFromOrdinal = typeof startOrdinal === "number" && startOrdinal > 0 ? startOrdinal : null;
  const name = idOf(payload["originator"]);
  return {
    path,
    bytes: statSync(path).size,
    threadId: idOf(payload["id"]) ?? idFromName(path),
    sessionId: idOf(payload["session_id"]),
    parentThreadId,
    isSpawned,
    agentPath: idOf(payload["agent_path"]) ?? idOf(spawn?.["agent_path"]),
    nickname: idOf(payload["agent_nickname"]) ?? idOf(spawn?.["agent_nickname"]),
    role:
      idOf(payload["agent_role"]) ??
      idOf(payload["agent_type"]) ??
      idOf(spawn?.["agent_role"]) ??
      subAgentName(payload["source"]),
    provider: idOf(payload["model_provider"]) ?? "unknown",
    model,
    host: name === null ? null : { name, version: stringOf(payload["cli_version"]) ?? "unknown" },
    startedTimeUs: timeOf(payload["timestamp"]) ?? firstTimeUs ?? 0,
    inherits: idOf(payload["forked_from_id"]) !== null || othersMeta || ownFromOrdinal !== null,
    metaLine: meta?.line ?? null,
    historyBase: historyBaseOf(payload["history_base"]),
    ownFromOrdinal,
  };
}

function historyBaseOf(value: JsonValue | undefined): SessionHead["historyBase"] {
  const threadId = idOf(valueAt(value, ["thread_id"]));
  const end = valueAt(value, ["end_ordinal_exclusive"]);
  return threadId === null || typeof end !== "number" ? null : { threadId, endOrdinal: end };
}

function isSubAgent(source: JsonValue | undefined): boolean {
  return isJsonObject(source) && source["subagent"] !== undefined;
}

function spawnOf(source: JsonValue | undefined): JsonObject | null {
  const spawn = valueAt(source, ["subagent", "thread_spawn"]);
  return isJsonObject(spawn) ? spawn : null;
}

/** What a sub-agent is for that was not spawned by a call: `review`, `compact`, … */
function subAgentName(source: JsonValue | undefined): string | null {
  return idOf(valueAt(source, ["subagent"])) ?? idOf(valueAt(source, ["subagent", "other"]));
}

/** A log without metadata has no other name than that of its file. */
function idFromName(path: string): string {
  const name = path.split(/[/\\]/).at(-1) ?? path;
  return UUID.exec(name)?.[0] ?? name.replace(/\.jsonl(?:\.gz|\.zst)?$/, "");
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

/** When a UUIDv7 was made, in milliseconds since the epoch; null for any other id. */
export function madeAtMs(id: string): number | null {
  const match = UUID_V7.exec(id);
  return match === null ? null : Number.parseInt(`${match[1] ?? ""}${match[2] ?? ""}`, 16);
}

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
