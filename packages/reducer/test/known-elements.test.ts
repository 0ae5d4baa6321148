import { describe, expect, it } from "vitest";
import type { JsonObject, PayloadReader } from "@rollout-trace/protocol";
import {
  createReducer,
  expandRequest,
  graphJson,
  type ReducerCheckpoint,
  reduceRollout,
  resumeReducer,
} from "@rollout-trace/reducer";
import { assistantMessage, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { textsOf } from "./support.ts";

/** Payloads that count, by what it is, how often an element is asked for its value. */
function counted(payloads: PayloadReader) {
  const reads = new Map<string, number>();
  const reader: PayloadReader = {
    json: (payloadId) => payloads.json(payloadId),
    stat: (payloadId) => payloads.stat(payloadId),
    items(payloadId, key) {
      const read = payloads.items(payloadId, key);
      if (!read.ok) return read;
      const items = read.value.map((item) => ({
        contentId: item.contentId,
        value() {
          const value = item.value();
          const text = JSON.stringify(value.ok ? value.value : value);
          reads.set(text, (reads.get(text) ?? 0) + 1);
          return value;
        },
      }));
      return { ok: true, value: items };
    },
  };
  return { reader, reads };
}

function reduceCounting(rollout: RolloutBuilder) {
  const { reader, reads } = counted(rollout.source().payloads);
  const graph = reduceRollout({ ...rollout.source(), payloads: reader }, { mode: "strict" });
  return { graph, reads, readsOf: (element: JsonObject) => reads.get(JSON.stringify(element)) ?? 0 };
}

/** The texts of the elements that were not read exactly once. */
function notReadOnce(reads: ReadonlyMap<string, number>): readonly string[] {
  return [...reads].filter(([, count]) => count !== 1).map(([text]) => text);
}

function messages(count: number, name: string): readonly JsonObject[] {
  return Array.from({ length: count }, (_, index) => userMessage(`${name} ${index}`));
}

/** The same elements, all elsewhere: a shuffle that needs no chance. */
function shuffled<Element>(elements: readonly Element[], round: number): readonly Element[] {
  const from = (round * 1009) % elements.length;
  const turned = [...elements.slice(from), ...elements.slice(0, from)];
  return round % 2 === 0 ? turned : turned.toReversed();
}

/** A child whose requests have nothing in common, so that whatever the others have said is long ago afterwards. */
function sayMuch(rollout: RolloutBuilder): void {
  const turn = rollout.child("talker").turn();
  for (let round = 0; round < 12; round += 1) turn.request(messages(1000, `much ${round}`));
}

describe("an element", () => {
  it("that a host repeats in every request, in another order each time, is read once however long the conversation", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    let context = messages(6000, "message");
    turn.request(context);
    for (let round = 1; round <= 4; round += 1) {
      context = [userMessage(`new ${round}`), ...shuffled(context, round)];
      turn.request(context);
    }
    const { graph, reads } = reduceCounting(rollout);
    expect(notReadOnce(reads)).toEqual([]);
    expect(reads.size).toBe(6004);
    expect(Object.keys(graph.conversation_items)).toHaveLength(6004);
    expect(new Set(expandRequest(graph, "inference-5")).size).toBe(6004);
  });

  it("that wanders from the front of a request to the end of the next is read once, though all between is new", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const kept = messages(500, "kept");
    for (let round = 0; round < 6; round += 1) {
      const fresh = messages(5500, `fresh ${round}`);
      turn.request(round % 2 === 0 ? [...kept, ...fresh] : [...fresh, ...kept.toReversed()]);
    }
    const { graph, reads } = reduceCounting(rollout);
    expect(notReadOnce(reads)).toEqual([]);
    expect(reads.size).toBe(6 * 5500 + 500);
    expect(expandRequest(graph, "inference-6").slice(-500)).toEqual(
      expandRequest(graph, "inference-1").slice(0, 500).toReversed(),
    );
  });

  it("of one of several threads that repeat theirs in turn is read once", () => {
    const rollout = new RolloutBuilder();
    const names = ["a", "b", "c", "d"];
    const threads = names.map((name) => ({ name, turn: rollout.child(name).turn() }));
    for (let round = 0; round < 4; round += 1) {
      for (const { name, turn } of threads) {
        turn.request([userMessage(`${name} begins ${round}`), ...shuffled(messages(2500, name), round)]);
      }
    }
    const { reads } = reduceCounting(rollout);
    expect(notReadOnce(reads)).toEqual([]);
    expect(reads.size).toBe(4 * (2500 + 4));
  });

  it("that comes back after many thousands of others is read again, and is the same item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [question, answer] = [userMessage("question"), assistantMessage("answer")];
    turn.request([question, answer]);
    sayMuch(rollout);
    turn.request([userMessage("inserted"), question, answer]);
    const { graph, readsOf, reads } = reduceCounting(rollout);
    expect([question, answer].map(readsOf)).toEqual([2, 2]);
    expect(notReadOnce(reads)).toHaveLength(2);
    expect(expandRequest(graph, "inference-14").slice(1)).toEqual(["item:1", "item:2"]);
    expect(graph.diagnostics).toEqual([]);
  });

  it("that responses repeat is read once", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = assistantMessage("as before");
    for (let round = 0; round < 3; round += 1) turn.request([userMessage(`${round}`)]).respond([said]);
    expect(reduceCounting(rollout).readsOf(said)).toBe(1);
  });

  it("that is long is read once, however late it comes back", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const long = userMessage("a long text ".repeat(1000));
    turn.request([long]);
    sayMuch(rollout);
    turn.request([userMessage("new"), long]);
    expect(reduceCounting(rollout).readsOf(long)).toBe(1);
  });

  it("that left the context and comes back as late is the same item where it has an id, and a new one where not", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [named, nameless] = [userMessage("named", { id: "msg_1" }), userMessage("nameless")];
    turn.request([named, nameless, ...messages(8, "and more")]);
    turn.request([userMessage("something else")]);
    sayMuch(rollout);
    turn.request([...messages(3, "back again"), nameless, named]);
    const { graph, readsOf } = reduceCounting(rollout);
    expect([named, nameless].map(readsOf)).toEqual([2, 2]);
    const back = expandRequest(graph, "inference-15");
    expect(textsOf(graph, back.slice(3))).toEqual(["nameless", "named"]);
    expect(back[4]).toBe("item:1");
    expect(expandRequest(graph, "inference-1")).not.toContain(back[3]);
  });
});

describe("a reduction that has forgotten elements", () => {
  it("gives the graph that it would have given, and reads as little, when it is saved and resumed again and again", () => {
    // Its items say which payload they were read from: where they are still known, that of the first sighting.
    const image = (name: string) => ({
      type: "message",
      role: "user",
      content: [{ type: "input_image", image_url: `data:${name}` }],
    });
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const images = Array.from({ length: 14 }, (_, round) => image(`of ${round}`));
    for (const [round, first] of images.entries())
      turn.request([first, ...messages(599, `message ${round}`)]);
    turn.request([userMessage("do you remember"), ...images]);
    const whole = reduceCounting(rollout);
    expect(new Set(images.map(whole.readsOf))).toEqual(new Set([1, 2]));

    const { reader, reads } = counted(rollout.source().payloads);
    const options = { payloads: reader, mode: "strict" } as const;
    let reducer = createReducer(options);
    for (const event of rollout.events) {
      reducer.apply(event);
      if (event.seq % 3 !== 0) continue;
      // Through text, as a checkpoint is kept.
      const checkpoint = JSON.parse(JSON.stringify(reducer.save())) as ReducerCheckpoint;
      reducer = resumeReducer(checkpoint, options);
    }
    expect(graphJson(reducer.finish())).toBe(graphJson(whole.graph));
    expect([...reads]).toEqual([...whole.reads]);
  });
});
