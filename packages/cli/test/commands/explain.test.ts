import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "explain-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("explain", () => {
  it("shows links both ways, every event with its payloads, and when the model saw it", async () => {
    expect(await run(["explain", smallBundle(folder), "item:3"])).toEqual({
      code: 0,
      err: "",
      out: `item:3 (function call output, call_1) of /root
conversation_item item:3

It points at
  agent: agent /root
  turn: turn 1 of /root
  produced by: tool call call_1 (look) of /root

What points at it
  adds to the request: model request 2 in turn 1 of /root
  output item: tool call call_1 (look) of /root

What was recorded: 2 events
  seq 6  tool_call_started  +5 ms
    {"tool_call_id":"call_1","model_visible_call_id":"call_1","requester":{"type":"model"},"kind":{"type":"other","name":"look"},"label":"look","input_preview":"{\\"at\\":\\"sky\\"}"}
  seq 8  inference_started  +7 ms
    {"inference_call_id":"i2","thread_id":"thread-root","turn_id":"turn-1","model":"m","provider":"p","request":{"payload_id":"raw_payload:4","kind":"inference_request"},"dialect":"openai_responses","input_mode":{"type":"full"}}
    raw_payload:4 inference_request 482 B
      {"type":"function_call_output","id":"fco_1","call_id":"call_1","output":"sun"}

What the model saw of it
  item:3 (function call output, call_1) of /root: in 1 request, first in that of seq 8 (+7 ms)
`,
    });
  });

  it("gives the same as JSON, with the object itself", async () => {
    const { out } = await run(["explain", smallBundle(folder), "item 3", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      object: { type: "conversation_item", id: "item:3" },
      evidence: [{ seq: 6 }, { seq: 8, matches: true }],
      more_events: 0,
      seen_by_model: [{ item_id: "item:3", requests: 1, first: { seq: 8 }, last: { seq: 8 } }],
      value: { item_id: "item:3", call_id: "call_1" },
    });
  });

  it("quotes a payload's damage where the payload cannot be read", async () => {
    const bundle = smallBundle(folder);
    rmSync(join(bundle, "payloads/4.json"));
    const { out } = await run(["explain", bundle, "i2"]);
    expect(out).toMatch(/raw_payload:4 inference_request size unknown\n +missing_payload: /);
  });

  it("keeps hostile text from the terminal and evidence within bounds", async () => {
    const answer = `\u001b[2J\u202e${"long ".repeat(10_000)}`;
    const { out } = await run(["explain", smallBundle(folder, answer), "item:4"], 60);
    expect([out.includes("\u001b"), out.includes("\u202e")]).toEqual([false, false]);
    expect(out).toContain(String.raw`\u001b[2J`);
    expect(out.length).toBeLessThan(5_000);
  });
});

describe("an object", () => {
  it.each([
    ["item 3", "item:3"],
    ["msg_2", "item:4"],
    ["i1", "i1"],
    ["resp-i2", "i2"],
    ["/root", "thread-root"],
    ["turn 1", "turn-1"],
    ["turn 1 of /root", "turn-1"],
    ["conversation_item fco_1", "item:3"],
    ["tool call call_1", "call_1"],
    ["call_1 of turn 1", "call_1"],
    ["thread-r", "thread-root"],
    ["agent /root", "thread-root"],
    ["model request 2 in turn 1 of /root", "i2"],
    ["model request 1 of turn 1", "i1"],
    ["request 2", "i2"],
  ])("can be asked for as %s", async (text, id) => {
    const { out } = await run(["explain", smallBundle(folder), ...text.split(" "), "--json"]);
    expect(JSON.parse(out)).toMatchObject({ object: { id } });
  });

  it("that is not there is an error that lists what is near", async () => {
    expect(await run(["explain", smallBundle(folder), "sky-look"])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/no object sky-look in this rollout\n {2}ask with/),
    });
    expect(await run(["explain", smallBundle(folder), "item:99"])).toMatchObject({ code: 2, out: "" });
    const { err } = await run(["explain", smallBundle(folder), "look"]);
    expect(err).toMatch(/near it:\n {2}tool_call call_1/);
  });

  it("whose name fits several is an error that lists them, and `of` chooses", async () => {
    const path = join(folder, "two.db");
    const store = openTraceStore({ path });
    const root = store.startRollout({ rolloutId: "two" });
    const child = root.startChildThread({ threadId: "child", agentPath: "/root/child" });
    for (const thread of [root, child]) {
      const turn = thread.startTurn();
      turn
        .startToolCall({
          toolCallId: `of-${thread.agentPath}`,
          kind: { type: "other", name: "look" },
          modelVisibleCallId: "call_a",
        })
        .ended();
      turn.end();
    }
    child.end();
    root.endRollout();
    store.close();
    expect(await run(["explain", path, "call_a"])).toEqual({
      code: 2,
      out: "",
      err: `rollout-trace: call_a can be 2 objects; add \`of AGENT\`, \`of cell N\` or use the id:
  tool_call of-/root  tool call call_a (look) of /root
  tool_call of-/root/child  tool call call_a (look) of /root/child
`,
    });
    expect((await run(["explain", path, "call_a of /root/child"])).out).toMatch(
      /^tool call call_a \(look\) of \/root\/child/,
    );
  });

  it("whose id a turn and a request share is an error that says how to ask for either", async () => {
    const path = join(folder, "shared.db");
    const store = openTraceStore({ path });
    const root = store.startRollout({ rolloutId: "shared" });
    const turn = root.startTurn({ turnId: "shared:3" });
    turn
      .startInference({
        inferenceCallId: "shared:3",
        model: "model-1",
        provider: "provider-1",
        dialect: "openai_responses",
        request: () => ({ input: [] }),
      })
      .completed({ responseId: "r", response: () => ({ output_items: [] }) });
    turn.end();
    root.endRollout();
    store.close();
    expect(await run(["explain", path, "shared:3"])).toEqual({
      code: 2,
      out: "",
      err: `rollout-trace: shared:3 can be 2 objects; ask for \`turn shared:3\` or \`inference_call shared:3\`:
  turn shared:3  turn 1 of /root
  inference_call shared:3  model request 1 in turn 1 of /root
`,
    });
    for (const type of ["turn", "inference_call"]) {
      const { out } = await run(["explain", path, `${type} shared:3`, "--json"]);
      expect(JSON.parse(out)).toMatchObject({ object: { type, id: "shared:3" } });
    }
  });

  it("may have any recorded id, be it one that every object has", async () => {
    expect(await run(["explain", smallBundle(folder), "__proto__"])).toMatchObject({ code: 2, out: "" });
    expect(await run(["explain", smallBundle(folder), "constructor"])).toMatchObject({ code: 2, out: "" });
  });
});
