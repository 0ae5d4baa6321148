import type { CellJournal, NestedToolCall } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { type RecordedCall, replayCell, type ReplayRequest } from "../../src/index.ts";
import { TOOLS } from "../session/recording-host.ts";
import { runScript, type ScriptRun } from "../session/run-script.ts";

/** A recorded run as a request to run it again. */
async function record(source: string): Promise<{ run: ScriptRun; request: ReplayRequest }> {
  const run = await runScript(source);
  const { events } = run.host;
  const calls = events.flatMap((event): RecordedCall[] => {
    if (event.type !== "nested_call_started") return [];
    const { runtimeToolCallId, toolName, input } = event.call;
    const end = events.find(
      (other) => other.type === "nested_call_ended" && other.runtimeToolCallId === runtimeToolCallId,
    );
    return [{ runtimeToolCallId, toolName, input, result: resultOf(end) }];
  });
  const journal = events.find((event) => event.type === "cell_ended")?.journal;
  return { run, request: { source, enabledTools: TOOLS, journal: journal ?? NO_JOURNAL, calls } };
}

const NO_JOURNAL: CellJournal = { random_seed: 0, clock_reads: [], deliveries: [] };

function resultOf(event: ScriptRun["host"]["events"][number] | undefined): RecordedCall["result"] {
  return event?.type === "nested_call_ended" ? event.result : null;
}

const RACES = `
  const delayed = (name, ms) => new Promise((resolve) => setTimeout(resolve, ms, name));
  text(await Promise.race([delayed("slow", 15), delayed("fast", 1), tools.echo({ name: "tool" })]));
  const wins = await Promise.all([1, 2, 3].map(async (n) => {
    const { n: echoed } = await tools.echo({ n, dice: Math.random() });
    text("answered " + echoed);
    return Date.now();
  }));
  text(wins); text(Math.random()); text(new Date());
  await tools.fail({ text: "as recorded" }).catch((error) => text(error.message));
`;

describe("replayCell", () => {
  it("gives the recorded output again: random numbers, clock, races and all", async () => {
    const { run, request } = await record(RACES);
    expect(await replayCell(request)).toEqual({
      type: "ended",
      outcome: { type: "completed" },
      contentItems: run.response.contentItems,
    });
  });

  it("delivers in the recorded order, not in that of asking", async () => {
    const { request } = await record(RACES);
    const swapped = new Map([
      ["tool-2", "tool-3"],
      ["tool-3", "tool-2"],
    ]);
    const deliveries = request.journal.deliveries.map((delivery) => {
      if (delivery.type === "timer") return delivery;
      const id = delivery.runtime_tool_call_id;
      return { ...delivery, runtime_tool_call_id: swapped.get(id) ?? id };
    });
    const replayed = await replayCell({ ...request, journal: { ...request.journal, deliveries } });
    expect(replayed.type).toBe("ended");
    expect(replayed.contentItems).not.toEqual((await replayCell(request)).contentItems);
  });

  it("fails as the recorded run failed", async () => {
    const { run, request } = await record("text('so far');\nawait tools.fail({ text: 'broken' });");
    expect(await replayCell(request)).toEqual({
      type: "ended",
      outcome: { type: "failed", errorText: run.response.errorText },
      contentItems: run.response.contentItems,
    });
  });

  it("reports the first call that differs, with the line that makes it", async () => {
    const { request } = await record("await tools.echo({ a: 1 });\nawait tools.echo({ b: 2 });");
    const changed = request.source.replace("b: 2", "b: 3");
    expect(await replayCell({ ...request, source: changed })).toEqual({
      type: "diverged",
      expected: call("echo", { b: 2 }),
      actual: call("echo", { b: 3 }),
      line: 2,
      contentItems: [],
    });
  });

  it("reports a call too many and a call too few", async () => {
    const { request } = await record("await tools.echo({ a: 1 });");
    expect(await replayCell({ ...request, source: `${request.source}\n\ntools.shout('more');` })).toEqual({
      type: "diverged",
      expected: null,
      actual: call("shout", "more"),
      line: 3,
      contentItems: [],
    });
    expect(await replayCell({ ...request, source: "text('nothing asked')" })).toEqual({
      type: "diverged",
      expected: call("echo", { a: 1 }),
      actual: null,
      line: null,
      contentItems: [{ type: "input_text", text: "nothing asked" }],
    });
  });

  it("reports a recorded timer that the script did not set, and one that it cleared", async () => {
    const { request } = await record("await new Promise((resolve) => setTimeout(resolve, 1)); text('woken')");
    const unset = { type: "timer_missing", timerId: 1, contentItems: [] };
    expect(await replayCell({ ...request, source: "await new Promise(() => {})" })).toEqual(unset);
    const source = "clearTimeout(setTimeout(() => {}, 1)); await new Promise(() => {})";
    expect(await replayCell({ ...request, source })).toEqual(unset);
  });

  it("waits for no timer: a recorded hour is over at once", async () => {
    const source = "await new Promise((resolve) => setTimeout(resolve, 3_600_000)); text('woken')";
    const journal = { ...NO_JOURNAL, deliveries: [{ type: "timer", timer_id: 1 }] } as const;
    expect(await replayCell({ source, enabledTools: [], journal, calls: [] })).toEqual({
      type: "ended",
      outcome: { type: "completed" },
      contentItems: [{ type: "input_text", text: "woken" }],
    });
  });

  it("stops where the recording does, and a script that goes on for ever", async () => {
    const endless = { enabledTools: TOOLS, journal: NO_JOURNAL, calls: [], timeoutMs: 2_000 };
    const unfinished = { type: "unfinished", contentItems: [{ type: "input_text", text: "a" }] };
    expect(await replayCell({ ...endless, source: "text('a'); await new Promise(() => {})" })).toEqual(
      unfinished,
    );
    expect(await replayCell({ ...endless, source: "text('a'); while (true) {}" })).toEqual(unfinished);
  });

  it("says what the script stored, whether it completed or failed", async () => {
    const request = { enabledTools: [], journal: NO_JOURNAL, calls: [] };
    const storedValues = new Map<string, unknown>([
      ["k", { n: 7 }],
      ["__proto__", null],
    ]);
    const source = "store('k', { n: 7 }); store('__proto__', null);";
    expect(await replayCell({ ...request, source })).toEqual({
      type: "ended",
      outcome: { type: "completed" },
      contentItems: [],
      storedValues,
    });
    expect(await replayCell({ ...request, source: `${source} throw 1` })).toMatchObject({
      outcome: { type: "failed" },
      storedValues,
    });
  });

  it("lets the script load what it loaded then", async () => {
    const request = { source: "text(load('k').n)", enabledTools: [], journal: NO_JOURNAL, calls: [] };
    expect(await replayCell({ ...request, storedValues: new Map([["k", { n: 7 }]]) })).toEqual({
      type: "ended",
      outcome: { type: "completed" },
      contentItems: [{ type: "input_text", text: "7" }],
    });
  });
});

function call(name: string, input: NestedToolCall["input"]): object {
  return { toolName: { name }, input };
}
