import "@rollout-trace/reducer/testing/vitest";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import {
  assistantMessage,
  compareGraphs,
  describeDifferences,
  functionCall,
  functionOutput,
  memorySource,
  playRollout,
  randomSteps,
  RolloutBuilder,
  stableGraph,
  toReduceTo,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reorder } from "./reordering.ts";

function session(options: { answer?: string; retry?: boolean; ids?: string } = {}): RolloutBuilder {
  const { answer = "fine", ids = "a" } = options;
  const rollout = new RolloutBuilder({ rolloutId: ids, rootThreadId: `${ids}-root` });
  const turn = rollout.root.turn(`${ids}-turn`);
  const call = functionCall(`${ids}-call`, "look", { path: "x" }, { id: `fc_${ids}` });
  turn.request([userMessage("how is it?")], { id: `${ids}-i1` }).respond([call], { responseId: `${ids}-r1` });
  turn.tool(`${ids}-call`, { label: "look" }).end();
  const output = functionOutput(`${ids}-call`, "it is there");
  turn.request([userMessage("how is it?"), call, output], { id: `${ids}-i2` });
  if (options.retry === true) {
    rollout.event(
      { type: "inference_failed", inference_call_id: `${ids}-i2`, error: "again" },
      { thread: `${ids}-root` },
    );
    turn
      .request([userMessage("how is it?"), call, output], { id: `${ids}-i3` })
      .respond([assistantMessage(answer)]);
  } else {
    rollout.event(
      {
        type: "inference_completed",
        inference_call_id: `${ids}-i2`,
        response: rollout.payload("inference_response", { output_items: [assistantMessage(answer)] }),
      },
      { thread: `${ids}-root` },
    );
  }
  turn.end();
  rollout.end().complete();
  return rollout;
}

const graphOf = (rollout: RolloutBuilder): RolloutGraph => reduceRollout(rollout.source());

describe("the stable form of a graph", () => {
  it("is the same whatever the ids are called and whenever it happened", () => {
    expect(stableGraph(graphOf(session({ ids: "b" })))).toEqual(stableGraph(graphOf(session({ ids: "a" }))));
    const { events, payloads } = session();
    const later = events.map((event) => ({ ...event, time_unix_us: event.time_unix_us * 2 }));
    expect(memorySource("a", { events: later, payloads })).toReduceTo(graphOf(session()));
  });

  it("is the same however the events of agents beside each other interleave", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const { events, payloads } = playRollout(randomSteps(seed, 200));
      const reordered = reorder({ events, payloads }, seed, { across: true });
      expect(memorySource("rollout-1", { events: reordered, payloads })).toReduceTo(
        graphOf({ source: () => memorySource("rollout-1", { events, payloads }) } as RolloutBuilder),
      );
    }
  });

  it("names every object once, and nothing by an id that was made up", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const graph = graphOf(playRollout(randomSteps(seed, 200)));
      const stable = stableGraph(graph) as unknown as RolloutGraph;
      const counts = (of: RolloutGraph) =>
        [of.threads, of.conversation_items, of.tool_calls, of.code_cells, of.interaction_edges, of.spans].map(
          (collection) => Object.keys(collection).length,
        );
      expect(counts(stable)).toEqual(counts(graph));
      expect(JSON.stringify(stable)).not.toMatch(/"unknown (?!agent)|item:\d/);
    }
  });

  it("leaves what others made as it is, but for the id of a call", () => {
    const recorded = (ids: string, own: JsonObject) => {
      const rollout = new RolloutBuilder({ rolloutId: ids });
      const turn = rollout.root.turn();
      const tool = turn.tool(`${ids}-call`, { label: "look", callId: null, host: true });
      const ofCall = { "rollout_trace.tool_call_id": `${ids}-call` };
      const span = (id: string, parent: string | null, attributes: JsonObject) => {
        const place = { otel_trace_id: ids.padStart(32, "0"), span_id: id.padStart(16, "0") };
        const parentId = parent?.padStart(16, "0") ?? null;
        const links = [{ trace_id: place.otel_trace_id, span_id: place.span_id, attributes: own }];
        const started = { kind: "client", parent_span_id: parentId, start_time_unix_us: 1 };
        turn.event({ type: "span_started", ...place, ...started, name: id, attributes, links });
        const status = { code: "error", message: "refused" };
        const ended = { name: id, attributes, links, status, end_time_unix_us: 2 };
        turn.event({ type: "span_ended", ...place, ...ended });
      };
      span("a1", null, { ...own, ...ofCall });
      span("b2", "a1", {});
      tool.end();
      turn.end();
      rollout.end().complete();
      return stableGraph(graphOf(rollout));
    };
    const own = {
      message: "m",
      usage: { input_tokens: 3 },
      thread_id: "zzz",
      seq: 1,
      at: { type: "x", id: "y" },
    };
    const { spans } = recorded("a", own);
    expect(spans).toMatchObject({
      "/root turn 1 call look 1 span a1 1": {
        attributes: { ...own, "rollout_trace.tool_call_id": "/root turn 1 call look 1" },
        links: [{ span_id: "/root turn 1 call look 1 span a1 1", attributes: own }],
        status: { code: "error", message: "refused" },
      },
      "/root turn 1 call look 1 span b2 1": { parent_span_id: "/root turn 1 call look 1 span a1 1" },
    });
    expect(recorded("b", own)["spans"]).toEqual(spans);
    expect(recorded("a", { ...own, message: "other" })["spans"]).not.toEqual(spans);
  });

  it("keeps every agent, also one that is called as another is numbered", () => {
    const rollout = new RolloutBuilder();
    for (const [id, path] of [
      ["a", "/k"],
      ["b", "/k"],
      ["c", "/k (2)"],
      ["d", "/k turn 1"],
    ] as const) {
      const origin = { type: "spawned", parent_thread_id: "root" } as const;
      rollout.event({ type: "thread_started", thread_id: id, agent_path: path, origin }, { thread: id });
      rollout.event({ type: "turn_started", turn_id: `turn of ${id}`, thread_id: id }, { thread: id });
    }
    const { threads, turns } = stableGraph(graphOf(rollout));
    expect(Object.keys(threads as object)).toHaveLength(5);
    expect(Object.keys(turns as object)).toHaveLength(4);
  });

  it("takes out of texts what it is told to", () => {
    const stable = (answer: string) =>
      stableGraph(graphOf(session({ answer })), { text: (text) => text.replaceAll(/\d+ ms/g, "<time>") });
    expect(stable("took 5 ms")).toEqual(stable("took 17 ms"));
    expect(stable("took 5 ms")).not.toEqual(stable("took 5 s"));
  });
});

describe("toReduceTo", () => {
  it("takes a graph, a stable graph or one that was kept as text", () => {
    const graph = graphOf(session());
    expect(session({ ids: "b" })).toReduceTo(graph);
    expect(graph).toReduceTo(stableGraph(graph));
    expect(session().source()).toReduceTo(JSON.parse(JSON.stringify(stableGraph(graph))) as JsonValue);
    expect(session({ answer: "bad" })).not.toReduceTo(graph);
    for (const odd of [null, "text", [], {}])
      expect(() => toReduceTo(odd as never, graph)).toThrow("toReduceTo is asked of a source");
    expect(() => toReduceTo(session(), 7)).toThrow(TypeError);
    expect(() => toReduceTo(session(), {})).toThrow(TypeError);
  });

  it("sees that other tokens were used, and counts one difference as one", () => {
    const used = (tokens: number) => {
      const rollout = new RolloutBuilder();
      const usage = { input_tokens: tokens, output_tokens: 1, total_tokens: tokens + 1 };
      rollout.root
        .turn()
        .request([userMessage("hi")])
        .respond([assistantMessage("yes")], { usage });
      return graphOf(rollout);
    };
    expect(used(3)).toReduceTo(used(3));
    const { pass, message } = toReduceTo(used(300), used(3));
    expect(pass).toBe(false);
    expect(message()).toContain("request 1 › usage › input_tokens: 300 instead of 3");
    expect(message()).toContain("usage › by_thread › /root › input_tokens: 300 instead of 3");
    const one = toReduceTo({ ...used(3), status: "failed" }, used(3)).message();
    expect(one).toMatch(/^the recording reduces to another graph, with 1 difference:\n/);
  });

  it("sees another image and what comes after a preview, and takes what is whole as its text", () => {
    const said = ({ image = "one", tail = "", took = "1 ms" }): RolloutGraph => {
      const rollout = new RolloutBuilder();
      const picture = { type: "input_image", image_url: image };
      const calls = [
        functionCall("c", "write", { text: `${"x".repeat(300)}${tail}` }),
        functionCall("d", "log", { took }),
      ];
      rollout.root
        .turn()
        .request([{ type: "message", role: "user", content: [picture] }])
        .respond(calls);
      return graphOf(rollout);
    };
    expect(said({})).toReduceTo(said({}));
    expect(said({ image: "two" })).not.toReduceTo(said({}));
    expect(said({ tail: "!" })).not.toReduceTo(said({}));
    expect(said({ took: "2 ms" })).not.toReduceTo(said({}));
    const text = (written: string) => written.replaceAll(/\d+ ms/g, "<time>");
    expect(toReduceTo(said({ took: "2 ms" }), said({}), { text }).pass).toBe(true);
    expect(toReduceTo(said({ tail: "!" }), said({}), { text }).pass).toBe(false);
    expect(toReduceTo(said({ tail: "!" }), said({}), { ignore: ["content_id"] }).pass).toBe(true);
  });

  it("says where the graph differs", () => {
    const { message } = toReduceTo(session({ answer: "bad" }), graphOf(session()));
    expect(message()).toMatchInlineSnapshot(`
      "the recording reduces to another graph, with 4 differences:
      ~ threads › /root › conversation_item_ids › 4: "/root assistant \\"bad\\"" instead of "/root assistant \\"fine\\""
      - conversation_items › /root assistant "fine": missing {"item_id":"/root assistant \\"fine\\"","provider_item_id":null,"thread_id":"/root","turn_id":"/root turn 1","accepted":null,"role":"assistant","channel":null,"k…
      + conversation_items › /root assistant "bad": unexpected {"item_id":"/root assistant \\"bad\\"","provider_item_id":null,"thread_id":"/root","turn_id":"/root turn 1","accepted":null,"role":"assistant","channel":null,"ki…
      ~ inference_calls › /root turn 1 request 2 › response_item_ids › 1: "/root assistant \\"bad\\"" instead of "/root assistant \\"fine\\"""
    `);
  });

  it("says of something put in that it was put in, and little else", () => {
    const { message } = toReduceTo(session({ retry: true }), graphOf(session()));
    expect(message()).toMatchInlineSnapshot(`
      "the recording reduces to another graph, with 8 differences:
      + turns › /root turn 1 › inference_call_ids › 3: unexpected "/root turn 1 request 3"
      ~ conversation_items › /root assistant "fine" › produced_by › 1 › inference_call_id: "/root turn 1 request 3" instead of "/root turn 1 request 2"
      ~ inference_calls › /root turn 1 request 2 › execution › status: "failed" instead of "completed"
      ~ inference_calls › /root turn 1 request 2 › error: "again" instead of null
      - inference_calls › /root turn 1 request 2 › response_item_ids › 1: missing "/root assistant \\"fine\\""
      ~ inference_calls › /root turn 1 request 2 › response_payload_id: null instead of "inference_response"
      - inference_calls › /root turn 1 request 2 › evidence › payloads › 2: missing "inference_response"
      + inference_calls › /root turn 1 request 3: unexpected {"inference_call_id":"/root turn 1 request 3","thread_id":"/root","turn_id":"/root turn 1","execution":{"status":"completed","end_cause":"observed"},"model":"m…"
    `);
  });
});

describe("differences", () => {
  it("are none between equal values, and name the place of each", () => {
    expect(compareGraphs({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toEqual([]);
    expect(compareGraphs({ a: 1, b: { c: [1, 2, 3, 4] } }, { b: { c: [1, 3, 4] }, d: null })).toEqual([
      { type: "missing", path: ["a"], expected: 1 },
      { type: "missing", path: ["b", "c", "2"], expected: 2 },
      { type: "unexpected", path: ["d"], actual: null },
    ]);
    expect(compareGraphs([], {})).toEqual([{ type: "changed", path: [], expected: [], actual: {} }]);
  });

  it("are cut to as many as a person reads", () => {
    const many = compareGraphs(Array(50).fill(1), Array(50).fill(2));
    expect(describeDifferences(many, 2).split("\n")).toEqual([
      "~ 1: 2 instead of 1",
      "~ 2: 2 instead of 1",
      "and 48 more",
    ]);
  });

  it("of keys that every object inherits are seen", () => {
    const odd = JSON.parse('{"__proto__": 1, "constructor": 2}') as JsonValue;
    expect(compareGraphs({}, odd).map(({ path }) => path)).toEqual([["__proto__"], ["constructor"]]);
  });
});
