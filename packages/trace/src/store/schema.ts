/**
 * The file's layout. SQL is an interface: the tables and views here are documented for users, and a change needs a
 * migration.
 *
 * `rollouts` has one row per recording. `events` are keyed by `(rollout, seq)`. `chunks` hold bytes by their SHA-256.
 * `payloads` are ropes over chunks; `rope-codec.ts` owns their encoding. `imported.ts` has the tables that the first import makes.
 */

/** `RoTr`, so that `file` and SQLite tools can tell a store from other databases. */
export const APPLICATION_ID = 0x526f5472;

/** One script per version: the script at index n takes a file from `user_version` n to n + 1. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE rollouts (
    rollout INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL UNIQUE,
    rollout_id TEXT NOT NULL,
    event_schema_version INTEGER NOT NULL,
    root_thread_id TEXT NOT NULL,
    host_name TEXT,
    host_version TEXT,
    writer TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('recording', 'completed', 'stopped'))
  ) STRICT;
  CREATE INDEX rollouts_by_id ON rollouts (rollout_id);
  CREATE INDEX rollouts_recording ON rollouts (rollout) WHERE state = 'recording';

  CREATE TABLE events (
    rollout INTEGER NOT NULL REFERENCES rollouts ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    time_unix_us INTEGER NOT NULL,
    thread_id TEXT,
    turn_id TEXT,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (rollout, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE chunks (
    chunk INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    codec TEXT NOT NULL CHECK (codec IN ('none', 'zstd')),
    bytes BLOB NOT NULL
  ) STRICT;

  CREATE TABLE payloads (
    rollout INTEGER NOT NULL REFERENCES rollouts ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    base INTEGER,
    rope BLOB NOT NULL,
    -- With rowids: in a table without, a row over a quarter of a page takes a page more of its own.
    PRIMARY KEY (rollout, ordinal)
  ) STRICT;

  CREATE VIEW v_events AS
    SELECT r.rollout_id, r.trace_id, e.seq, e.time_unix_us, e.thread_id, e.turn_id, e.type, e.body
    FROM events e JOIN rollouts r USING (rollout);

  CREATE VIEW v_rollouts AS
    SELECT r.rollout_id, r.trace_id, r.root_thread_id, r.host_name, r.host_version, r.state, last.seq AS events,
      first.time_unix_us AS started_time_unix_us, last.time_unix_us - first.time_unix_us AS duration_us
    FROM rollouts r
    LEFT JOIN events first ON first.rollout = r.rollout AND first.seq = 1
    LEFT JOIN events last ON last.rollout = r.rollout
      AND last.seq = (SELECT max(seq) FROM events WHERE rollout = r.rollout);

  CREATE VIEW v_threads AS
    WITH changes AS MATERIALIZED (
      SELECT rollout, body ->> 'thread_id' AS id, type, max(seq) AS seq, body ->> 'status' AS status FROM events
      WHERE type IN ('thread_ended', 'thread_resumed') GROUP BY rollout, id
    )
    SELECT r.rollout_id, r.trace_id, s.body ->> 'thread_id' AS thread_id, s.body ->> 'agent_path' AS agent_path,
      s.body ->> '$.origin.parent_thread_id' AS parent_thread_id, s.body ->> 'model' AS model,
      CASE c.type WHEN 'thread_ended' THEN c.status ELSE 'running' END AS status, s.seq AS started_seq,
      s.time_unix_us AS started_time_unix_us
    FROM events s JOIN rollouts r USING (rollout)
    LEFT JOIN changes c ON c.rollout = s.rollout AND c.id = s.body ->> 'thread_id'
    WHERE s.type = 'thread_started';

  CREATE VIEW v_payloads AS
    SELECT r.rollout_id, r.trace_id, 'p' || p.ordinal AS payload_id, p.kind, p.size_bytes,
      length(p.rope) AS rope_bytes
    FROM payloads p JOIN rollouts r USING (rollout);

  CREATE VIEW v_inference AS
    WITH ends AS MATERIALIZED (
      SELECT rollout, body ->> 'inference_call_id' AS id, type, seq, time_unix_us, body FROM events
      WHERE type IN ('inference_completed', 'inference_failed', 'inference_cancelled')
    )
    SELECT r.rollout_id, r.trace_id, s.thread_id, s.turn_id, s.body ->> 'inference_call_id' AS inference_call_id,
      s.body ->> 'model' AS model, s.body ->> 'provider' AS provider,
      CASE e.type WHEN 'inference_completed' THEN 'completed' WHEN 'inference_failed' THEN 'failed'
        WHEN 'inference_cancelled' THEN 'cancelled' ELSE 'running' END AS status,
      e.body ->> 'error' AS error, s.seq AS started_seq, e.seq AS ended_seq,
      s.time_unix_us AS started_time_unix_us, e.time_unix_us - s.time_unix_us AS duration_us
    FROM events s JOIN rollouts r USING (rollout)
    LEFT JOIN ends e ON e.rollout = s.rollout AND e.id = s.body ->> 'inference_call_id'
    WHERE s.type = 'inference_started';

  CREATE VIEW v_tool_calls AS
    WITH ends AS MATERIALIZED (
      SELECT rollout, body ->> 'tool_call_id' AS id, seq, time_unix_us, body FROM events
      WHERE type = 'tool_call_ended'
    )
    SELECT r.rollout_id, r.trace_id, s.thread_id, s.turn_id, s.body ->> 'tool_call_id' AS tool_call_id,
      s.body ->> '$.requester.type' AS requester, s.body ->> '$.requester.runtime_cell_id' AS runtime_cell_id,
      s.body ->> 'model_visible_call_id' AS model_visible_call_id, s.body ->> '$.kind.type' AS kind,
      s.body ->> 'label' AS label, s.body ->> 'input_preview' AS input_preview,
      coalesce(e.body ->> 'status', 'running') AS status, e.body ->> 'end_cause' AS end_cause,
      e.body ->> 'output_preview' AS output_preview, s.seq AS started_seq, e.seq AS ended_seq,
      s.time_unix_us AS started_time_unix_us, e.time_unix_us - s.time_unix_us AS duration_us
    FROM events s JOIN rollouts r USING (rollout)
    LEFT JOIN ends e ON e.rollout = s.rollout AND e.id = s.body ->> 'tool_call_id'
    WHERE s.type = 'tool_call_started';

  CREATE VIEW v_cells AS
    WITH ends AS MATERIALIZED (
      SELECT rollout, thread_id, body ->> 'runtime_cell_id' AS id, seq, time_unix_us, body FROM events
      WHERE type = 'code_cell_ended'
    )
    SELECT r.rollout_id, r.trace_id, s.thread_id, s.turn_id, s.body ->> 'runtime_cell_id' AS runtime_cell_id,
      s.body ->> 'model_visible_call_id' AS model_visible_call_id, s.body ->> 'source' AS source,
      coalesce(e.body ->> 'status', 'running') AS status, s.seq AS started_seq, e.seq AS ended_seq,
      s.time_unix_us AS started_time_unix_us, e.time_unix_us - s.time_unix_us AS duration_us
    FROM events s JOIN rollouts r USING (rollout)
    LEFT JOIN ends e ON e.rollout = s.rollout AND e.thread_id IS s.thread_id
      AND e.id = s.body ->> 'runtime_cell_id'
    WHERE s.type = 'code_cell_started';
  `,
];

/** The `user_version` that this package writes. */
export const STORE_VERSION: number = MIGRATIONS.length;
