/** A store of very many small rollouts, made quickly. */
import { openTraceStore, type TurnTrace } from "@rollout-trace/trace";
import Database from "better-sqlite3";

export interface ManyRolloutsOptions {
  /** Model requests in each of the two turns of a rollout, answered with some text. Default: none. */
  readonly requests?: number | undefined;
}

/** One rollout of two turns with a call each is recorded, and its rows are copied. */
export function storeOfManyRollouts(
  path: string,
  rollouts: number,
  { requests = 0 }: ManyRolloutsOptions = {},
): void {
  const store = openTraceStore({ path, durability: "batch" });
  const root = store.startRollout({ rolloutId: "r" });
  for (let number = 0; number < 2; number += 1) {
    const turn = root.startTurn();
    for (let request = 0; request < requests; request += 1) ask(turn);
    turn.startToolCall({ kind: { type: "other", name: "look" }, inputPreview: "x".repeat(120) }).ended();
    turn.end();
  }
  root.endRollout();
  store.close();
  const database = new Database(path);
  database.exec(`
    PRAGMA synchronous = OFF;
    PRAGMA foreign_keys = OFF;
    WITH RECURSIVE copies (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM copies WHERE n < ${rollouts})
    INSERT INTO rollouts SELECT n, trace_id || n, rollout_id || n, event_schema_version, root_thread_id, host_name,
      host_version, writer, state FROM rollouts, copies WHERE rollout = 1;
    INSERT INTO events SELECT r.rollout, seq, time_unix_us, thread_id, turn_id, type, body
      FROM rollouts r, events e WHERE e.rollout = 1 AND r.rollout > 1;
    INSERT INTO payloads SELECT r.rollout, ordinal, kind, size_bytes, base, rope
      FROM rollouts r, payloads p WHERE p.rollout = 1 AND r.rollout > 1;`);
  database.close();
}

function ask(turn: TurnTrace): void {
  const text = "a word or two, as models say them ".repeat(10);
  const message = { type: "message", role: "assistant", content: [{ type: "output_text", text }] };
  const usage = { input_tokens: 900, output_tokens: 90, total_tokens: 990 };
  turn
    .startInference({
      model: "m",
      provider: "p",
      dialect: "openai_responses",
      request: () => ({ input: [message] }),
    })
    .completed({ response: () => ({ output_items: [message], usage }) });
}
