/** Requests that begin as the one before them did, where the source can tell so, and where what it tells is of no use. */
import { describe, expect, it } from "vitest";
import type { ItemsSince, JsonObject, JsonValue, PayloadItem, PayloadRead } from "@rollout-trace/protocol";
import { createReducer, expandRequest, graphJson, type RolloutGraph } from "@rollout-trace/reducer";
import {
  assistantMessage,
  MemoryPayloads,
  RolloutBuilder,
  type TurnBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, untold } from "./support.ts";

/** Counts the elements that it gives, and cannot read those that say `unreadable`. */
class Counted extends MemoryPayloads {
  given = 0;

  override items(payloadId: string, key: string): PayloadRead<readonly PayloadItem[]> {
    const read = super.items(payloadId, key);
    if (!read.ok) return read;
    this.given += read.value.length;
    return { ok: true, value: read.value.map(orUnreadable) };
  }

  override itemsSince(payloadId: string, key: string, other: string): ItemsSince | null {
    const { given } = this;
    const since = super.itemsSince(payloadId, key, other);
    this.given = given + (since?.items.length ?? 0);
    return since;
  }
}

function orUnreadable(item: PayloadItem): PayloadItem {
  if (!item.contentId.includes("unreadable")) return item;
  return { ...item, value: () => ({ ok: false, code: "invalid_payload", message: "it cannot be read" }) };
}

interface Told {
  readonly graph: RolloutGraph;
  /** Elements that the source gave. */
  readonly given: number;
}

/** Reduces what the source can tell of; the graph must be that of the same source if it cannot. */
function expectSame({ events, payloads }: RolloutBuilder): Told {
  const counted = new Counted(payloads);
  const reducer = createReducer({ payloads: counted });
  const plain = createReducer({ payloads: untold(new Counted(payloads)) });
  for (const event of events) {
    reducer.apply(event);
    plain.apply(event);
  }
  const graph = reducer.finish();
  expect(graphJson(graph)).toBe(graphJson(plain.finish()));
  return { graph, given: counted.given };
}

const TURNS = 100;

/** A conversation of which each request repeats everything. `ask` makes one and answers it. */
function conversation(
  ask: (turn: TurnBuilder, said: readonly string[], answer: string) => void,
  turns: number = TURNS,
): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const said: string[] = [];
  for (let number = 0; number < turns; number += 1) {
    said.push(`question ${number}`);
    ask(turn, said, `answer ${number}`);
    said.push(`answer ${number}`);
  }
  return rollout;
}

function inResponses(turn: TurnBuilder, said: readonly string[], answer: string): void {
  const input = said.map((text, index) => (index % 2 === 0 ? userMessage(text) : assistantMessage(text)));
  turn.request(input).respond([assistantMessage(answer)]);
}

function inChat(turn: TurnBuilder, said: readonly string[], answer: string): void {
  const dialect = "openai_chat";
  const messages = said.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content }));
  turn.request(messages, { dialect }).respond([{ message: { role: "assistant", content: answer } }]);
}

const marked = { cache_control: { type: "ephemeral" } };

/** The mark of the cache is on the last two messages, which the next request has without. */
function inBlocks(turn: TurnBuilder, said: readonly string[], answer: string): void {
  const dialect = "anthropic_messages";
  const messages = said.map((text, index) => {
    const mark = index + 3 > said.length ? marked : {};
    return { role: index % 2 === 0 ? "user" : "assistant", content: [{ type: "text", text, ...mark }] };
  });
  turn
    .request(messages, { dialect, fields: { system: "be good" } })
    .respond([{ type: "text", text: answer }]);
}

/** Says in each request, last and anew, what time it is. */
function withReminder(turn: TurnBuilder, said: readonly string[], answer: string): void {
  const input: JsonValue[] = said.map((text) => userMessage(text));
  turn.request([...input, userMessage(`it is ${said.length}`)]).respond([userMessage(answer)]);
}

describe("a conversation of which each request repeats everything", () => {
  it.each([
    ["openai_responses", inResponses],
    ["openai_chat", inChat],
    ["anthropic_messages, with marks of the cache that move", inBlocks],
    ["openai_responses, with a last message that changes", withReminder],
  ])("is read for what its requests add, in %s", (_dialect, ask) => {
    const { given, graph } = expectSame(conversation(ask));
    expect(codesOf(graph)).toEqual([]);
    // For each request what is new, what changes at its end, and its answer.
    expect(given).toBeLessThan(10 * TURNS);
    expect(given).toBeLessThan(2.2 * expectSame(conversation(ask, TURNS / 2)).given);
  });

  it("is read once where each request is the same document", () => {
    const rollout = conversation(inResponses, 20);
    const { payloads, events } = rollout;
    const before = expectSame(rollout).given;
    const last = events.findLast(({ payload }) => payload.type === "inference_started");
    if (last?.payload.type !== "inference_started") throw new Error("there are requests");
    for (let number = 0; number < 50; number += 1) {
      rollout.event(
        { ...last.payload, inference_call_id: `again-${number}` },
        { thread: "root", turn: last.turn_id },
      );
    }
    expect(payloads.size).toBe(40);
    expect(expectSame(rollout).given - before).toBeLessThan(50);
  });
});

describe("what a source tells of a request", () => {
  const [one, two, three] = ["one", "two", "three"].map((text) => userMessage(text)) as [
    JsonObject,
    JsonObject,
    JsonObject,
  ];

  /** Two requests that begin alike, and what comes between them. */
  function requests(
    between: (turn: TurnBuilder) => unknown,
    first: readonly JsonValue[] = [one, two],
  ): RolloutBuilder {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request(first).respond([assistantMessage("yes")]);
    between(turn);
    turn.request([...first, assistantMessage("yes"), three]).respond([assistantMessage("no")]);
    return rollout;
  }

  it.each<[string, (turn: TurnBuilder) => unknown]>([
    ["a side request", (turn) => turn.request([userMessage("aside")]).respond([assistantMessage("well")])],
    ["a shorter request", (turn) => turn.request([one])],
    ["an empty request", (turn) => turn.request([])],
    [
      "one that continues an earlier response",
      (turn) => turn.request([three], { mode: { type: "incremental", previous_response_id: "response-1" } }),
    ],
    [
      "a compaction",
      (turn) => turn.compact("k", { input: [one, two], replacement: [userMessage("sum"), two] }),
    ],
    ["a compaction of nothing", (turn) => turn.compact("k", { input: [], replacement: [] })],
    ["an item that was accepted", (turn) => turn.accept("msg_9", assistantMessage("yes", { id: "msg_9" }))],
    ["a request in other words", (turn) => turn.request([userMessage("one", { id: "msg_1" }), two])],
    [
      "a request in another dialect",
      (turn) => turn.request([{ role: "user", content: "one" }], { dialect: "openai_chat" }),
    ],
  ])("makes no difference after %s", (_what, between) => {
    const { graph } = expectSame(requests(between));
    expect(Object.keys(graph.inference_calls).length).toBeGreaterThan(1);
  });

  it("makes no difference where an element cannot be read, which each request says", () => {
    const { graph } = expectSame(requests(() => undefined, [one, userMessage("unreadable"), two]));
    expect(codesOf(graph)).toEqual(["invalid_payload", "invalid_payload"]);
  });

  it("makes no difference where elements are no part of the transcript, or several items", () => {
    const tools = { type: "additional_tools", id: "at_1", tools: [] };
    const { graph } = expectSame(requests((turn) => turn.accept("at_1"), [tools, one, tools, two]));
    expect(codesOf(graph)).toEqual([]);

    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = { id: "c", type: "function", function: { name: "look", arguments: "{}" } };
    const messages = [
      { role: "user", content: "look" },
      { role: "assistant", content: "I look", tool_calls: [call] },
      { role: "tool", tool_call_id: "c", content: "seen" },
    ];
    for (let count = 1; count <= messages.length; count += 1)
      turn.request(messages.slice(0, count), { dialect: "openai_chat" });
    expect(Object.keys(expectSame(rollout).graph.conversation_items)).toHaveLength(4);
  });

  it.each([0, 20])(
    "makes no difference where the same elements, and %i more, are of another dialect",
    (more) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const messages: readonly JsonObject[] = [
        {
          role: "user",
          content: [
            { type: "text", text: "one" },
            { type: "thinking", thinking: "hm" },
          ],
        },
        { role: "user", content: "two" },
        ...Array.from({ length: more }, (_each, index) => ({ role: "user", content: `more ${index}` })),
      ];
      turn.request(messages, { dialect: "openai_chat" });
      turn.request([...messages, { role: "user", content: "three" }], { dialect: "anthropic_messages" });
      turn.request(messages, { dialect: "openai_chat" });
      expect(Object.keys(expectSame(rollout).graph.conversation_items)).toHaveLength(5 + more);
    },
  );

  it("makes no difference where the first of many elements is several items", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const parts = ["one", "two"].map((text) => ({ type: "text", text }));
    const messages: readonly JsonObject[] = [
      { role: "user", content: parts },
      ...Array.from({ length: 20 }, (_each, index) => ({ role: "user", content: `more ${index}` })),
    ];
    for (let time = 0; time < 2; time += 1) turn.request(messages, { dialect: "anthropic_messages" });
    const { graph } = expectSame(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(Object.keys(graph.conversation_items));
    expect(expandRequest(graph, "inference-2")).toHaveLength(22);
  });

  it("makes no difference where instructions beside the history change", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const messages = ["one", "two"].map((content) => ({ role: "user", content }));
    const systems: readonly JsonObject[] = [
      { system: "a" },
      { system: "b" },
      {},
      { system: ["b"] },
      { system: "b" },
    ];
    for (const fields of systems) turn.request(messages, { dialect: "anthropic_messages", fields });
    expect(Object.keys(expectSame(rollout).graph.conversation_items)).toHaveLength(5);
  });

  it("is not believed where it cannot be", () => {
    const rollout = requests(() => undefined);
    const payloads = new MemoryPayloads(rollout.payloads);
    const expected = graphJson(expectSame(rollout).graph);
    for (const shared of [-1, 3, 1000, 0.5, Number.NaN]) {
      const reader = { ...untold(payloads), itemsSince: () => ({ shared, items: [] }) };
      const reducer = createReducer({ payloads: reader });
      for (const event of rollout.events) reducer.apply(event);
      expect(graphJson(reducer.finish())).toBe(expected);
    }
  });
});
