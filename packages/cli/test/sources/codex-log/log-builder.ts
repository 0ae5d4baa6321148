/** Writes small session logs, so that a test can say what is in one in a few lines. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSource } from "@rollout-trace/cli";
import { type JsonObject, decodeRawEvent, type RawEvent, type SourceProblem } from "@rollout-trace/protocol";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";

/** UUIDv7s that were made one after the other; turn ids of a thread are made after its own. */
export const ROOT = "019d7d08-0000-7000-8000-000000000001";
export const CHILD = "019d7e00-0000-7000-8000-000000000002";
export const START = Date.parse("2026-01-01T00:00:00Z");

export class LogBuilder {
  readonly #lines: string[] = [];
  #ms = START;
  #tokens = 0;

  /** A record with an envelope, ten milliseconds after the one before it. */
  add(type: string, payload: object): this {
    this.#ms += 10;
    return this.line(JSON.stringify({ timestamp: new Date(this.#ms).toISOString(), type, payload }));
  }

  /** Any text as a line. */
  line(text: string): this {
    this.#lines.push(text);
    return this;
  }

  wait(ms: number): this {
    this.#ms += ms;
    return this;
  }

  meta(more: object = {}): this {
    return this.add("session_meta", {
      id: ROOT,
      timestamp: new Date(this.#ms).toISOString(),
      originator: "codex_cli",
      cli_version: "0.142.5",
      source: "cli",
      model_provider: "openai",
      ...more,
    });
  }

  event(type: string, more: object = {}): this {
    return this.add("event_msg", { type, ...more });
  }

  item(item: object): this {
    return this.add("response_item", item);
  }

  begin(turnId: string): this {
    return this.event("task_started", { turn_id: turnId }).add("turn_context", {
      turn_id: turnId,
      model: "gpt-test",
    });
  }

  end(turnId: string, more: object = {}): this {
    return this.event("task_complete", { turn_id: turnId, last_agent_message: null, ...more });
  }

  user(text: string): this {
    return this.item({ type: "message", role: "user", content: [{ type: "input_text", text }] });
  }

  says(text: string): this {
    return this.item({ type: "message", role: "assistant", content: [{ type: "output_text", text }] });
  }

  call(name: string, args: object, callId: string): this {
    return this.item({ type: "function_call", name, arguments: JSON.stringify(args), call_id: callId });
  }

  output(callId: string, output: unknown): this {
    return this.item({ type: "function_call_output", call_id: callId, output });
  }

  exec(source: string, callId: string): this {
    return this.item({ type: "custom_tool_call", name: "exec", input: source, call_id: callId });
  }

  cellOutput(callId: string, head: string, text = ""): this {
    return this.item({
      type: "custom_tool_call_output",
      call_id: callId,
      output: [
        { type: "input_text", text: `${head}\nWall time 0.1 seconds\nOutput:\n` },
        { type: "input_text", text },
      ],
    });
  }

  /** A count of so many more tokens. */
  tokens(count: number): this {
    this.#tokens += count;
    const usage = (total: number) => ({ input_tokens: total, output_tokens: 0, total_tokens: total });
    return this.event("token_count", {
      info: { total_token_usage: usage(this.#tokens), last_token_usage: usage(count) },
    });
  }

  /** The last count again. */
  sameTokens(): this {
    return this.tokens(0);
  }

  /** A nested command as versions that page their history tell it. */
  nestedCommand(id: string, command: string, more: object = {}): this {
    return this.event("item_completed", {
      item: {
        type: "CommandExecution",
        id,
        command: ["/bin/sh", "-c", command],
        cwd: "file:///w",
        process_id: "77",
        status: "completed",
        aggregated_output: "out\n",
        exit_code: 0,
      },
      started_at_ms: this.#ms - 5,
      completed_at_ms: this.#ms,
      ...more,
    });
  }

  text(end = "\n"): string {
    return this.#lines.join("\n") + end;
  }

  write(folder: string, name = "rollout.jsonl", end = "\n"): string {
    const path = join(folder, name);
    writeFileSync(path, this.text(end));
    return path;
  }
}

export interface ImportOptions {
  readonly rollout?: string;
  readonly mode?: "strict" | "lenient";
}

/** The graph of a source; strict, so that anything odd fails the test. */
export function importGraph(path: string, { rollout, mode = "strict" }: ImportOptions = {}): RolloutGraph {
  using source = openSource(path, { rollout });
  return reduceRollout(source.rollout, { mode });
}

/** What a source says; an event that does not decode fails the test with the reason. */
export function readSource(path: string, rollout?: string) {
  using source = openSource(path, { rollout });
  const events: RawEvent[] = [];
  const problems: SourceProblem[] = [];
  for (const record of source.rollout.events()) {
    if (record.type === "problem") {
      problems.push(record.problem);
      continue;
    }
    const decoded = decodeRawEvent(record.value);
    if (!decoded.ok) throw new Error(decoded.error.message);
    events.push(decoded.event);
  }
  return { events, problems };
}

/** The transcript of a thread, as `role: text` lines. */
export function transcript(graph: RolloutGraph, threadId: string = ROOT): readonly string[] {
  return (graph.threads[threadId]?.conversation_item_ids ?? []).map((id) => {
    const item = graph.conversation_items[id];
    const text = (item?.body.parts ?? []).map((part) =>
      part.type === "text" || part.type === "summary"
        ? part.text
        : part.type === "code"
          ? part.source
          : part.type === "encoded"
            ? part.value
            : part.type === "json"
              ? part.preview
              : `<${part.label}>`,
    );
    return item?.kind === "compaction_marker" ? "(compacted)" : `${item?.role}: ${text.join(" ")}`;
  });
}

export type { JsonObject };
