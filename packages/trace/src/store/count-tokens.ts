/**
 * The tokens of a rollout as a reduction of it counts them, without one: read are the events that say which responses there are, and
 * of each response the document without its items. What the events leave to a reduction to find out stays unknown.
 */
import type Database from "better-sqlite3";
import {
  decodeRawEvent,
  type Dialect,
  isJsonObject,
  type JsonValue,
  type PayloadRef,
  type RawEvent,
} from "@rollout-trace/protocol";
import { responseUsage } from "../response-usage.ts";
import { importOf } from "./imported.ts";
import { prepared } from "./prepared.ts";
import type { StoredPayloads } from "./read-payloads.ts";
import { payloadsOf } from "./read-rollouts.ts";

/** Tokens of all responses of a recording, those that came from a cache or were written to one included. */
export interface TokenCount {
  readonly input: number;
  readonly output: number;
}

/** Rows read at once: a recording may have any number. */
const PAGE_ROWS = 512;

const EVENTS = `
  SELECT seq, time_unix_us, thread_id, turn_id, body FROM events
  WHERE rollout = ? AND seq > ? AND type IN ('inference_started', 'inference_completed', 'inference_failed',
    'inference_cancelled', 'compaction_request_started', 'compaction_request_completed')
  ORDER BY seq LIMIT ${PAGE_ROWS}`;

interface RolloutRow extends Pick<RawEvent, "schema_version" | "rollout_id"> {
  readonly rollout: number;
}

interface EventRow extends Pick<RawEvent, "seq" | "time_unix_us" | "thread_id" | "turn_id"> {
  readonly body: string;
}

/**
 * Counts the tokens of the recording with this trace id, a response that several events show once. Null where no response says
 * how many it took, where one cannot be read, where the events do not say plainly which request it belongs to, and where there is no
 * such recording.
 */
export function countTokens(database: Database.Database, traceId: string): TokenCount | null {
  const found = prepared<[string], RolloutRow>(
    database,
    "SELECT rollout, rollout_id, event_schema_version AS schema_version FROM rollouts WHERE trace_id = ?",
  ).get(traceId);
  if (found === undefined) return null;
  const { rollout, ...of } = found;
  const tokens = new Tokens(payloadsOf(database, rollout, importOf(database, rollout)));
  const page = prepared<[number, number], EventRow>(database, EVENTS);
  for (let last = 0; ;) {
    const rows = page.all(rollout, last);
    for (const { body, ...event } of rows) {
      if (!tokens.add({ ...of, ...event, payload: parse(body) })) return null;
    }
    if (rows.length < PAGE_ROWS) return tokens.sum;
    last = rows.at(-1)?.seq ?? last;
  }
}

/** A request whose response is yet to come, or has come. */
interface Request {
  readonly dialect: Dialect;
  isAnswered: boolean;
}

class Tokens {
  readonly #payloads: StoredPayloads;
  /** By kind, thread and id, which may come again: the latest. */
  readonly #requests: Map<string, Request> = new Map();
  /** What each thread last spoke with its model. */
  readonly #dialects: Map<string, Dialect> = new Map();
  /** By their ids and what they cost: short ids come again, of another response. */
  readonly #responses: Set<string> = new Set();
  sum: TokenCount | null = null;

  constructor(payloads: StoredPayloads) {
    this.#payloads = payloads;
  }

  /** False where it cannot be told what the event means. */
  add(event: unknown): boolean {
    const decoded = decodeRawEvent(event);
    if (!decoded.ok) return false;
    const { thread_id: threadId, payload } = decoded.event;
    switch (payload.type) {
      case "inference_started":
        this.#dialects.set(payload.thread_id, payload.dialect);
        this.#start(keyOf("inference", payload.thread_id, payload.inference_call_id), payload.dialect);
        return true;
      case "compaction_request_started": {
        const dialect = this.#dialects.get(payload.thread_id) ?? "openai_responses";
        this.#start(keyOf("compaction", payload.thread_id, payload.compaction_request_id), dialect);
        return true;
      }
      case "inference_completed": {
        const key = keyOf("inference", threadId, payload.inference_call_id);
        return this.#end(key, payload.response, payload.response_id ?? null);
      }
      case "inference_failed":
      case "inference_cancelled": {
        const key = keyOf("inference", threadId, payload.inference_call_id);
        return this.#end(key, payload.partial_response ?? null, null);
      }
      case "compaction_request_completed":
        return this.#end(
          keyOf("compaction", threadId, payload.compaction_request_id),
          payload.response,
          null,
        );
      default:
        return false;
    }
  }

  #start(key: string, dialect: Dialect): void {
    this.#requests.set(key, { dialect, isAnswered: false });
  }

  #end(key: string, response: PayloadRef | null, responseId: string | null): boolean {
    const request = this.#requests.get(key);
    if (request === undefined) return false;
    if (request.isAnswered || response === null) return true;
    request.isAnswered = true;
    const read = this.#payloads.frame(response.payload_id);
    if (!read.ok || !isJsonObject(read.value)) return false;
    const usage = responseUsage(read.value, request.dialect);
    if (usage === null) return true;
    const { response_id: written, id } = read.value;
    const { input = 0, output = 0 } = usage;
    if (!this.#isNew([responseId, written, id].find(isId), { input, output })) return true;
    const sum = this.sum ?? { input: 0, output: 0 };
    this.sum = { input: sum.input + input, output: sum.output + output };
    return true;
  }

  /** A response without an id is one of its own. */
  #isNew(responseId: string | undefined, { input, output }: TokenCount): boolean {
    if (responseId === undefined) return true;
    const counted = this.#responses.size;
    return this.#responses.add(`${input} ${output} ${responseId}`).size > counted;
  }
}

function isId(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function keyOf(kind: "inference" | "compaction", threadId: string | null, id: string): string {
  return JSON.stringify([kind, threadId, id]);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
