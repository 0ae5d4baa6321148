/** Spans of a made-up agent, each within the last one that is open. */
import type { TurnBuilder } from "./turn-builder.ts";

export class RandomSpans {
  #open: string[] = [];

  /** Ids, the innermost last. */
  get open(): readonly string[] {
    return this.#open;
  }

  /** `name` ends in a number, which becomes the id; `call` is the tool call that the span says it is of. */
  start(turn: TurnBuilder, name: string, call: string | undefined): void {
    const id = name.slice("span-".length).padStart(16, "0");
    turn.event({
      type: "span_started",
      otel_trace_id: "0".repeat(32),
      span_id: id,
      parent_span_id: this.#open.at(-1) ?? null,
      name: "GET",
      kind: "client",
      attributes: call === undefined ? {} : { "rollout_trace.tool_call_id": call },
      links: [],
      start_time_unix_us: 0,
    });
    this.#open.push(id);
  }

  end(turn: TurnBuilder, id: string): void {
    turn.event({
      type: "span_ended",
      otel_trace_id: "0".repeat(32),
      span_id: id,
      name: "GET",
      attributes: {},
      links: [],
      status: { code: "ok" },
      end_time_unix_us: 1,
    });
    this.#open = this.#open.filter((other) => other !== id);
  }
}
