/** Spans of a made-up agent, each within the last one that is open. Agents trace on their own: span ids are those of other traces too. */
import { type JsonObject, ROLLOUT_TRACE, SPAN_KINDS, SPAN_STATUSES } from "@rollout-trace/protocol";
import type { Pick } from "./random-call.ts";
import type { TurnBuilder } from "./turn-builder.ts";

interface RandomSpan {
  readonly id: string;
  readonly attributes: JsonObject;
}

export class RandomSpans {
  readonly #traceId: string;
  #open: RandomSpan[] = [];
  #count = 0;

  /** `number` tells this trace from those of other agents. */
  constructor(number: number) {
    this.#traceId = `${number}`.padStart(32, "0");
  }

  /** The innermost last. */
  get open(): readonly RandomSpan[] {
    return this.#open;
  }

  /** `call` is the tool call that the span says it is of. */
  start(turn: TurnBuilder, call: string | undefined, pick: Pick): void {
    this.#count += 1;
    const id = `${this.#count}`.padStart(16, "0");
    const attributes = {
      step: this.#count,
      ...(call === undefined ? {} : { [ROLLOUT_TRACE.toolCallId]: call }),
    };
    turn.event({
      type: "span_started",
      otel_trace_id: this.#traceId,
      span_id: id,
      parent_span_id: this.#open.at(-1)?.id ?? null,
      name: "GET",
      kind: SPAN_KINDS[pick(SPAN_KINDS.length)],
      attributes,
      links: [],
      start_time_unix_us: turn.thread.rollout.nextTimeUs,
    });
    this.#open.push({ id, attributes });
  }

  end(turn: TurnBuilder, { id, attributes }: RandomSpan, pick: Pick): void {
    turn.event({
      type: "span_ended",
      otel_trace_id: this.#traceId,
      span_id: id,
      name: "GET",
      attributes: { ...attributes, size: 1 },
      links: [],
      status: { code: SPAN_STATUSES[pick(SPAN_STATUSES.length)] },
      end_time_unix_us: turn.thread.rollout.nextTimeUs,
    });
    this.#open = this.#open.filter((other) => other.id !== id);
  }
}
