import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { memorySource, playRollout, randomSteps } from "@rollout-trace/reducer/testing";
import { run } from "../commands/run.ts";
import { smallStore } from "../commands/small-store.ts";
import { roundTrip } from "./otlp-losses.ts";

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

let folder: string;
let store: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "export-otlp-"));
  store = smallStore(join(folder, "small.db"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function exported(...args: readonly string[]): Promise<string> {
  const ran = await run(["export", store, "--rollout", "weather", "--otlp", ...args]);
  expect(ran).toMatchObject({ code: 0, err: "" });
  return ran.out;
}

function spansOf(text: string): readonly Span[] {
  const parsed = JSON.parse(text) as { resourceSpans: [{ scopeSpans: [{ spans: Span[] }] }] };
  return parsed.resourceSpans[0].scopeSpans[0].spans;
}

function attribute({ attributes }: Span, key: string): unknown {
  const [value] = Object.values(attributes.find((each) => each.key === key)?.value ?? {});
  return value;
}

describe("export --otlp", () => {
  it("writes the tree of a rollout, with the recorded times", async () => {
    const spans = spansOf(await exported());
    const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    expect(spans.map(({ name, parentSpanId }) => `${name} < ${names.get(parentSpanId ?? "") ?? ""}`)).toEqual(
      [
        "invoke_workflow example-host < ",
        "invoke_agent root < invoke_workflow example-host",
        "invoke_agent check < execute_tool spawn_agent",
        "chat model-1 < invoke_agent root",
        "chat model-1 < invoke_agent root",
        "chat model-1 < invoke_agent check",
        "chat model-1 < invoke_agent root",
        "execute_tool code_cell_exec < invoke_agent root",
        "execute_tool look_up < code_cell",
        "execute_tool spawn_agent < invoke_agent root",
        "code_cell < execute_tool code_cell_exec",
      ],
    );
    const [rollout] = spans;
    expect(rollout).toMatchObject({
      startTimeUnixNano: "1750000000009000000",
      endTimeUnixNano: expect.stringMatching(/^17500000000\d+000$/),
    });
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    for (const { traceId, spanId } of spans) expect(`${traceId}${spanId}`).toMatch(/^[0-9a-f]{48}$/);
  });

  it("gives the same bytes each time, and another trace for another recording", async () => {
    const once = await exported();
    expect(await exported()).toBe(once);
    const other = smallStore(join(folder, "other.db"));
    const ran = await run(["export", other, "--rollout", "weather", "--otlp"]);
    expect(spansOf(ran.out)[0]?.traceId).not.toBe(spansOf(once)[0]?.traceId);
  });

  it("leaves content out unless it is asked for", async () => {
    const without = await exported();
    expect(without).not.toMatch(/東京|degrees|It is right|gen_ai\.(?:input|output)\.messages/);
    const [first] = spansOf(await exported("--content")).filter(({ name }) => name === "chat model-1");
    expect(
      first === undefined ? null : JSON.parse(String(attribute(first, "gen_ai.input.messages"))),
    ).toEqual([{ role: "user", parts: [{ type: "text", content: "How is the weather in 東京?" }] }]);
    const refused = await run(["export", store, "--rollout", "weather", "--ndjson", "--content"]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("--content: not with --ndjson") });
  });

  it("writes to a file, which the command reads again without a difference", async () => {
    const file = join(folder, "weather.json");
    await exported("--content", "-o", file);
    expect(readFileSync(file, "utf8").endsWith("}\n")).toBe(true);
    const ran = await run(["diff", store, file, "--rollout", "weather"]);
    expect(ran).toMatchObject({ code: 0 });
  });
});

/** What docs/opentelemetry.md lists under "What an export does not carry", as places of the graph. */
const LISTED: readonly RegExp[] = [
  // Terminals.
  /^terminal_(?:sessions|operations)/,
  /^tool_calls\.terminal_operation_id$/,
  // Compactions, beyond their requests, and what depends on the history being a shorter one.
  /^compactions/,
  // Messages that only compactions or acceptances show; items of dialects that cut messages otherwise; numbers of items shift.
  /^conversation_items/,
  /^threads\.conversation_item_ids$/,
  /^(?:inference_calls\.(?:request|response_item_ids|dialect)|findings|diagnostics)$/,
  /^(?:tool_calls|code_cells)\.(?:call_item_ids|output_item_ids|source_item_id|visibility)$/,
  /^interaction_edges\.(?:source|target|carried_item_ids)$/,
  // They name the items that show them.
  /^code_cells\.notifications$/,
  // Ends that came after what was around them had ended.
  /^tool_calls\.recorded_end_cause$/,
  // Spans are under the tool call that the export puts them under; times that are none.
  /^spans\.(?:attributes|execution|tool_call_id)$/,
  /^tool_calls\.span_ids$/,
];

describe("a rollout exported and imported", () => {
  it("loses nothing but payloads where it has neither terminals nor compactions", () => {
    using source = openSource(store, { rollout: "weather" });
    expect(roundTrip(source.rollout, true).losses).toEqual([]);
  });

  it("loses what was said, and nothing else, when content is left out", () => {
    using source = openSource(store, { rollout: "weather" });
    const { losses, after } = roundTrip(source.rollout, false);
    expect(losses).toEqual([
      "code_cells.caused_by",
      "code_cells.output_item_ids",
      "code_cells.source",
      "code_cells.source_item_id",
      "conversation_items",
      "diagnostics",
      "findings",
      "inference_calls.code_cell_ids",
      "inference_calls.request",
      "inference_calls.response_item_ids",
      "inference_calls.tool_call_ids",
      "interaction_edges.carried_item_ids",
      "interaction_edges.source",
      "interaction_edges.target",
      "threads.conversation_item_ids",
      "tool_calls.call_item_ids",
      "tool_calls.caused_by",
      "tool_calls.input_preview",
      "tool_calls.output_item_ids",
      "tool_calls.visibility",
    ]);
    expect(after.usage.total.total_tokens).toBeGreaterThan(0);
    expect(Object.keys(after.tool_calls)).toHaveLength(3);
  });

  it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
    "loses only what is listed, whatever happened in it (%i)",
    (seed) => {
      // An export has calls and requests by the ids that they were recorded with.
      const rollout = playRollout(randomSteps(seed, 150), { repeatIds: false });
      const [first] = rollout.events;
      const { losses, before, after } = roundTrip(memorySource(first?.rollout_id ?? "", rollout), true);
      expect(losses.filter((place) => !LISTED.some((listed) => listed.test(place)))).toEqual([]);
      for (const collection of [
        "threads",
        "turns",
        "inference_calls",
        "tool_calls",
        "code_cells",
        "spans",
      ] as const) {
        expect(Object.keys(after[collection])).toEqual(Object.keys(before[collection]));
      }
      expect(after.usage.total).toEqual(before.usage.total);
    },
  );
});
