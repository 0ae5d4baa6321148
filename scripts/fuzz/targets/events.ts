/** Raw events that somebody else wrote: decoding and reducing them. */
import { canonicalJson, decodeRawEvent, type JsonValue } from "@rollout-trace/protocol";
import { checkGraph, createReducer, DIAGNOSTIC_CODES, graphJson, ReduceError } from "@rollout-trace/reducer";
import { type MemoryPayload, MemoryPayloads, playRollout, randomSteps } from "@rollout-trace/reducer/testing";
import { jsonText, mutated } from "../mutation.ts";
import { type FuzzTarget, fuzzTarget, hold } from "../target.ts";

/** Short ones first: what fails shrinks towards the front. */
const RECORDINGS = [1, 3, 6, 12, 25, 50].map((count, index) => playRollout(randomSteps(index + 1, count)));
const EVENTS = RECORDINGS.flatMap(({ events }) => events as unknown as readonly JsonValue[]);
const ERROR_CODES = new Set([
  "invalid_envelope",
  "unsupported_schema_version",
  "unknown_event_type",
  "invalid_event_payload",
]);

const decode = fuzzTarget({
  name: "decode",
  inputs: mutated(EVENTS),
  check: (event) => {
    const result = decodeRawEvent(event);
    if (result.ok) {
      const again = decodeRawEvent(JSON.parse(JSON.stringify(result.event)));
      hold(again.ok, "a decoded event decodes again");
      hold(canonicalJson(again.event as never) === canonicalJson(result.event as never), "to the same");
    } else {
      hold(ERROR_CODES.has(result.error.code), `a known code, not ${result.error.code}`);
      hold(result.error.message !== "", "an error says what is wrong");
    }
  },
});

interface Recording {
  readonly [key: string]: JsonValue;
  readonly events: JsonValue;
  readonly payloads: JsonValue;
}

const SEEDS = RECORDINGS.map(({ events, payloads }): JsonValue => ({
  events: events as unknown as JsonValue,
  payloads: [...payloads].map(([id, { kind, value }]) => [id, kind, value]) as unknown as JsonValue,
}));

const reduce = fuzzTarget({
  name: "reduce",
  inputs: mutated(SEEDS),
  check: (recording) => {
    const { events, payloads } = asRecording(recording);
    const lenient = run(events, payloads, "lenient");
    hold(graphJson(lenient) === graphJson(run(events, payloads, "lenient")), "the same bytes each time");
    const violations = checkGraph(lenient);
    hold(violations.length === 0, `no violation: ${JSON.stringify(violations.slice(0, 3))}`);
    for (const { code } of lenient.diagnostics) {
      hold((DIAGNOSTIC_CODES as readonly string[]).includes(code), `a known code, not ${code}`);
    }
    try {
      run(events, payloads, "strict");
    } catch (error) {
      if (!(error instanceof ReduceError)) throw error;
    }
  },
});

function run(
  events: readonly JsonValue[],
  payloads: ReadonlyMap<string, MemoryPayload>,
  mode: "strict" | "lenient",
) {
  const reducer = createReducer({ payloads: new MemoryPayloads(payloads), mode });
  for (const event of events) reducer.apply(event);
  return reducer.finish();
}

function asRecording(value: JsonValue): {
  readonly events: readonly JsonValue[];
  readonly payloads: ReadonlyMap<string, MemoryPayload>;
} {
  const { events, payloads } = (value ?? {}) as Partial<Recording>;
  const listed = Array.isArray(payloads) ? (payloads as readonly JsonValue[]) : [];
  const known = listed.filter((entry): entry is JsonValue[] => Array.isArray(entry));
  return {
    events: Array.isArray(events) ? (events as readonly JsonValue[]) : [],
    payloads: new Map(
      known.map(([id, , value]) => [
        typeof id === "string" ? id : JSON.stringify(id),
        { kind: "other", value: JSON.parse(jsonText(value ?? null)) as JsonValue },
      ]),
    ),
  };
}

export const EVENT_TARGETS: readonly FuzzTarget[] = [decode, reduce];
