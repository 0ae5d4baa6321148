/**
 * Finding and removing the chunks that no payload names any more, while others write.
 *
 * References are in the payloads' ropes. They are read a page at a time, with no lock and no snapshot, into one bit per
 * chunk. What others have added meanwhile is read in the transaction that removes: a writer names a chunk in the same
 * transaction in which it stores or finds it, so no reference can be on its way that neither look sees. The chunks that a
 * writer knows by heart are those of a recording that it still writes, and these are named by that recording's payloads.
 */
import type Database from "better-sqlite3";
import { retryWhileBusy } from "./connection.ts";
import { hasImportTables } from "./imported.ts";
import { chunksNamedIn } from "./rope-codec.ts";

/** Payloads read at once: a statement left open would keep others from checkpointing. */
const PAGE_ROWS = 512;
/** Chunks looked at per transaction, so that writers wait for no more than some milliseconds. */
const CHUNKS_PER_TRANSACTION = 256;

export interface RemovedChunks {
  readonly chunks: number;
  /** As stored. */
  readonly bytes: number;
}

interface PayloadRow {
  readonly ordinal: number;
  readonly rope: Buffer;
}

interface RolloutRow {
  readonly rollout: number;
  /** Tells what payloads a rollout has: changes when its row is used for another one, or when its import begins or ends. */
  readonly version: string;
}

/** While a rollout is imported, payloads are replaced under the numbers that they had. */
const BEING_IMPORTED = "being imported";

function rolloutsIn(database: Database.Database): readonly RolloutRow[] {
  const version = hasImportTables(database)
    ? `CASE (SELECT is_complete FROM imports i WHERE i.rollout = r.rollout) WHEN 0 THEN '${BEING_IMPORTED}'
       ELSE trace_id || coalesce((SELECT group_concat(hex(hash)) FROM import_inputs i WHERE i.rollout = r.rollout), '') END`
    : "trace_id";
  return database
    .prepare<[], RolloutRow>(`SELECT rollout, ${version} AS version FROM rollouts r ORDER BY rollout`)
    .all();
}

/** One bit for each chunk up to the largest there was at the beginning; newer ones are not looked at. */
export class NamedChunks {
  readonly #database: Database.Database;
  readonly largest: number;
  readonly #bits: Uint8Array;
  /** The last payload that was read of each rollout, by its row and version. */
  readonly #read: Map<string, number> = new Map();

  constructor(database: Database.Database) {
    this.#database = database;
    this.largest =
      database.prepare<[], number>("SELECT coalesce(max(chunk), 0) FROM chunks").pluck().get() ?? 0;
    this.#bits = new Uint8Array(Math.ceil((this.largest + 1) / 8));
  }

  has(chunk: number): boolean {
    return ((this.#bits[chunk >> 3] ?? 0) & (1 << (chunk & 7))) !== 0;
  }

  /** Reads every payload, but those of rollouts that are `left` out. */
  readAll(left: ReadonlySet<number>, onRollout: (done: number, total: number) => void): void {
    const rollouts = rolloutsIn(this.#database);
    const page = this.#database.prepare<[number, number], PayloadRow>(
      `SELECT ordinal, rope FROM payloads WHERE rollout = ? AND ordinal > ? ORDER BY ordinal LIMIT ${PAGE_ROWS}`,
    );
    for (const [index, rollout] of rollouts.entries()) {
      if (left.has(rollout.rollout)) continue;
      for (let last = 0, more = true; more;) {
        const rows = page.all(rollout.rollout, last);
        for (const row of rows) this.#note(rollout, row);
        last = rows.at(-1)?.ordinal ?? last;
        more = rows.length === PAGE_ROWS;
      }
      onRollout(index + 1, rollouts.length);
    }
  }

  /** Within a transaction: reads what was added or replaced since. */
  catchUp(): void {
    const next = this.#database.prepare<[number, number], PayloadRow>(
      "SELECT ordinal, rope FROM payloads WHERE rollout = ? AND ordinal > ? ORDER BY ordinal",
    );
    for (const rollout of rolloutsIn(this.#database)) {
      const read = rollout.version === BEING_IMPORTED ? 0 : (this.#read.get(keyOf(rollout)) ?? 0);
      for (const row of next.all(rollout.rollout, read)) this.#note(rollout, row);
    }
  }

  #note(rollout: RolloutRow, { ordinal, rope }: PayloadRow): void {
    this.#read.set(keyOf(rollout), ordinal);
    for (const chunk of chunksNamedIn(rope)) {
      if (chunk <= this.largest) this.#bits[chunk >> 3] = (this.#bits[chunk >> 3] ?? 0) | (1 << (chunk & 7));
    }
  }
}

function keyOf({ rollout, version }: RolloutRow): string {
  return `${rollout} ${version}`;
}

/** What `removeUnnamed` would remove, without removing it. */
export function countUnnamed(database: Database.Database, named: NamedChunks): RemovedChunks {
  const page = pageOfChunks(database);
  let [chunks, bytes] = [0, 0];
  for (let after = 0; ;) {
    const rows = page.all(after, named.largest);
    for (const row of rows) {
      if (named.has(row.chunk)) continue;
      chunks += 1;
      bytes += row.stored;
    }
    const last = rows.at(-1);
    if (last === undefined) return { chunks, bytes };
    after = last.chunk;
  }
}

/** Removes the chunks that nobody names. Throws `TraceStoreError` (`damaged`) when a rope cannot be read. */
export function removeUnnamed(
  database: Database.Database,
  named: NamedChunks,
  options: { readonly busyMs: number; readonly onChunk: (chunk: number, largest: number) => void },
): RemovedChunks {
  const page = pageOfChunks(database);
  const remove = database.prepare<[number]>("DELETE FROM chunks WHERE chunk = ?");
  const version = (): number => Number(database.pragma("data_version", { simple: true }));
  let known = Number.NaN;
  let [chunks, bytes] = [0, 0];
  const step = database.transaction((after: number): number | null => {
    const now = version();
    if (now !== known) named.catchUp();
    known = now;
    const rows = page.all(after, named.largest);
    for (const { chunk, stored } of rows) {
      if (named.has(chunk)) continue;
      remove.run(chunk);
      chunks += 1;
      bytes += stored;
    }
    return rows.at(-1)?.chunk ?? null;
  });
  for (let after: number | null = 0; after !== null;) {
    const from: number = after;
    after = retryWhileBusy(options.busyMs, () => step.immediate(from));
    if (after !== null) options.onChunk(after, named.largest);
  }
  return { chunks, bytes };
}

interface ChunkRow {
  readonly chunk: number;
  readonly stored: number;
}

function pageOfChunks(database: Database.Database): Database.Statement<[number, number], ChunkRow> {
  return database.prepare<[number, number], ChunkRow>(
    `SELECT chunk, length(bytes) AS stored FROM chunks WHERE chunk > ? AND chunk <= ?
     ORDER BY chunk LIMIT ${CHUNKS_PER_TRANSACTION}`,
  );
}
