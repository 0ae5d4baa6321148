/**
 * Whether a store is what its writers promise: everything in order, everything that is named is there and is what it says.
 *
 * Only reads, a row at a time, and takes nothing in the file for granted.
 */
import type Database from "better-sqlite3";
import { decodeRawEvent } from "@rollout-trace/protocol";
import { Findings, type StoreFinding, type StoreFindingCode, type StorePlace } from "./findings.ts";
import { payloadRefs } from "./payload-refs.ts";
import { prepared } from "./prepared.ts";
import { openReadConnection } from "./read-connection.ts";
import {
  type ChunkSizes,
  type NamedPayloads,
  type VerifiedRollout,
  verifyChunks,
  verifyPayloads,
} from "./verify-payloads.ts";

export interface StoreVerification {
  readonly path: string;
  /** Whether there is no finding but notices. */
  readonly ok: boolean;
  readonly checked: {
    readonly rollouts: number;
    readonly events: number;
    readonly payloads: number;
    readonly chunks: number;
  };
  /** At most 100 of each code. */
  readonly findings: readonly StoreFinding[];
  /** How often each code was found, also beyond those that are listed. */
  readonly counts: Readonly<Partial<Record<StoreFindingCode, number>>>;
}

/**
 * Checks everything in a store. Other processes may write to it meanwhile: what is checked is the state at the beginning.
 * Throws `TraceStoreError` (`cannot_open`, `not_a_store`, `damaged`) when there is nothing to check.
 */
export function verifyStore(path: string): StoreVerification {
  using connection = openReadConnection(path);
  connection.database.exec("BEGIN");
  return verifyDatabase(connection.database, path);
}

function verifyDatabase(database: Database.Database, path: string): StoreVerification {
  const findings = new Findings();
  findings.attempt("checking", path, undefined, () => verifyTables(database, findings));
  const none: ChunkSizes = new Map();
  const chunks = findings.attempt("reading the chunks of", path, none, () =>
    verifyChunks(database, findings),
  );
  const checked = { rollouts: 0, events: 0, payloads: 0, chunks: chunks.size };
  const usedChunks: Set<number> = new Set();
  for (const rollout of findings.attempt("reading the rollouts of", path, [], () => rolloutsIn(database))) {
    checked.rollouts += 1;
    findings.attempt(`reading rollout ${rollout.trace_id} of`, path, undefined, () => {
      const { count, named } = verifyEvents(database, rollout, findings);
      checked.events += count;
      checked.payloads += verifyPayloads(database, { rollout, named, chunks, usedChunks }, findings);
    });
  }
  for (const chunk of chunks.keys()) {
    if (!usedChunks.has(chunk)) findings.add("chunk_orphaned", { chunk }, `no payload has chunk ${chunk}`);
  }
  const ok = findings.list.every(({ severity }) => severity === "notice");
  return { path, ok, checked, findings: findings.list, counts: findings.counts };
}

function verifyTables(database: Database.Database, findings: Findings): void {
  const problems = database.pragma("integrity_check") as readonly { readonly integrity_check: string }[];
  for (const { integrity_check: problem } of problems) {
    if (problem !== "ok") findings.add("database_damaged", {}, problem);
  }
  const dangling = database.pragma("foreign_key_check") as readonly { readonly table: string }[];
  const byTable: Map<string, number> = new Map();
  for (const { table } of dangling) byTable.set(table, (byTable.get(table) ?? 0) + 1);
  for (const [table, count] of byTable) {
    findings.add("dangling_row", {}, `${count} rows of ${table} belong to rollouts that are not there`);
  }
}

function rolloutsIn(database: Database.Database): readonly VerifiedRollout[] {
  return database
    .prepare<[], VerifiedRollout>(
      "SELECT rollout, trace_id, rollout_id, event_schema_version, state FROM rollouts",
    )
    .all();
}

interface EventRow {
  readonly seq: number;
  readonly time_unix_us: number;
  readonly thread_id: string | null;
  readonly turn_id: string | null;
  readonly type: string;
  readonly body: string;
}

function verifyEvents(
  database: Database.Database,
  rollout: VerifiedRollout,
  findings: Findings,
): { readonly count: number; readonly named: NamedPayloads } {
  const { trace_id: traceId } = rollout;
  const named: Map<string, { kind: string; seq: number }> = new Map();
  const rows = prepared<[number], EventRow>(
    database,
    "SELECT seq, time_unix_us, thread_id, turn_id, type, body FROM events WHERE rollout = ? ORDER BY seq",
  ).iterate(rollout.rollout);
  let [count, lastSeq, lastTime, lastType] = [0, 0, 0, ""];
  for (const row of rows) {
    const where = { traceId, seq: row.seq };
    count += 1;
    if (row.seq !== lastSeq + 1) findings.add("seq_gap", where, `${row.seq} comes after ${lastSeq}`);
    if (row.time_unix_us < lastTime) {
      findings.add("time_decreased", where, `${row.time_unix_us} comes after ${lastTime}`);
    }
    [lastSeq, lastTime, lastType] = [row.seq, row.time_unix_us, row.type];
    const payload = verifyBody(rollout, row, where, findings);
    for (const [id, kind] of payloadRefs(payload)) {
      const known = named.get(id);
      if (known === undefined) named.set(id, { kind, seq: row.seq });
      else if (known.kind !== kind) {
        findings.add(
          "payload_kind_mismatch",
          { ...where, payloadId: id },
          `${id} is also called ${known.kind}`,
        );
      }
    }
  }
  if (count === 0) findings.add("empty_rollout", { traceId }, `recording ${traceId} has no events`);
  verifyState(rollout, lastType, findings);
  return { count, named };
}

/** Checks one body, and gives what it holds. */
function verifyBody(
  { rollout_id, event_schema_version: schema_version }: VerifiedRollout,
  row: EventRow,
  where: StorePlace,
  findings: Findings,
): unknown {
  const { seq, time_unix_us, thread_id, turn_id } = row;
  let payload: unknown;
  try {
    payload = JSON.parse(row.body);
  } catch {
    findings.add("event_invalid", where, "the body is no JSON");
    return null;
  }
  const decoded = decodeRawEvent({
    schema_version,
    seq,
    time_unix_us,
    rollout_id,
    thread_id,
    turn_id,
    payload,
  });
  if (!decoded.ok) {
    const isNewer =
      decoded.error.code === "unknown_event_type" || decoded.error.code === "unsupported_schema_version";
    findings.add(isNewer ? "event_unknown" : "event_invalid", where, decoded.error.message);
    if (decoded.error.eventType !== row.type) typeMismatch(row.type, where, findings);
  } else if (decoded.event.payload.type !== row.type) typeMismatch(row.type, where, findings);
  return payload;
}

function typeMismatch(type: string, where: StorePlace, findings: Findings): void {
  findings.add("type_mismatch", where, `the column type is ${JSON.stringify(type)}, the body has another`);
}

/** A recording is completed exactly when its last event says so. Behind the mark of a stopped one its writer may go on. */
function verifyState(
  { trace_id: traceId, state }: VerifiedRollout,
  lastType: string,
  findings: Findings,
): void {
  if ((state === "completed") === (lastType === "recording_completed")) return;
  findings.add("state_mismatch", { traceId }, `the state is ${state}, the last event ${lastType}`);
}
