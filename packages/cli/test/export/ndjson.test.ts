import { decodeRawEvent, type RolloutSource } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { recordingSource } from "./recordings.ts";
import { ndjsonLines } from "../../src/export/ndjson/export-ndjson.ts";

const event = (seq: number, payload: object): object => ({
  schema_version: 1,
  seq,
  time_unix_us: seq,
  rollout_id: "r",
  thread_id: "t",
  turn_id: null,
  payload,
});

const ended = (payload_id: string): object => ({
  type: "tool_call_ended",
  tool_call_id: "call",
  status: "completed",
  result: { payload_id, kind: "tool_result" },
});

function lines(rollout: RolloutSource, losses: string[] = []): readonly Record<string, unknown>[] {
  return [...ndjsonLines(rollout, { onLoss: (loss) => losses.push(loss) })].map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  );
}

describe("a line", () => {
  it("is the event as it was recorded, with the payloads that it names", () => {
    const recorded = event(1, ended("p1"));
    const value = JSON.parse('{"type":"code_mode","value":{"__proto__":{"a":1},"half":"\\ud800"}}') as never;
    const rollout = recordingSource([recorded], new Map([["p1", { kind: "tool_result", value }]]));
    const [line] = lines(rollout);
    expect(line).toEqual({ ...recorded, payloads: { p1: value } });
    expect(JSON.stringify(line?.["payloads"])).toContain('"__proto__":{"a":1}');
    expect(decodeRawEvent(line)).toEqual(decodeRawEvent(recorded));
  });

  it("keeps a payload whose id no object can have as a plain key", () => {
    const recorded = event(1, ended("__proto__"));
    const rollout = recordingSource(
      [recorded],
      new Map([["__proto__", { kind: "tool_result", value: { fine: true } }]]),
    );
    const [text] = [...ndjsonLines(rollout)];
    expect(text).toContain('"payloads":{"__proto__":{"fine":true}}');
  });

  it("says which payload cannot be read, and so does whoever is told of losses", () => {
    const losses: string[] = [];
    const [line] = lines(recordingSource([event(1, ended("gone"))], new Map()), losses);
    expect(line).toMatchObject({ payload_problems: { gone: expect.stringMatching(/^missing_payload: /) } });
    expect(line).not.toHaveProperty("payloads");
    expect(losses).toEqual([expect.stringContaining("gone")]);
  });

  it("is made when it is asked for, so that a rollout of any length takes no more memory than one event", () => {
    let read = 0;
    const events = (function* (): Generator<object, void> {
      for (;;) {
        read += 1;
        yield event(read, { type: "turn_ended", turn_id: "t", status: "completed" });
      }
    })();
    const endless = recordingSource(events);
    const some = ndjsonLines(endless).take(3).toArray();
    expect([some.length, read]).toEqual([3, 3]);
  });
});
