import { describe, expect, it } from "vitest";
import type { JsonObject, PayloadReader } from "@rollout-trace/protocol";
import { reduceRollout } from "@rollout-trace/reducer";
import { functionCall, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";

/** Reduces a recording, and counts how often one of its elements is asked for its value. */
function readsOf(rollout: RolloutBuilder, element: JsonObject): number {
  const source = rollout.source();
  const { payloads } = source;
  const text = JSON.stringify(element);
  let reads = 0;
  const counting: PayloadReader = {
    json: (payloadId) => payloads.json(payloadId),
    stat: (payloadId) => payloads.stat(payloadId),
    items(payloadId, key) {
      const read = payloads.items(payloadId, key);
      if (!read.ok) return read;
      const value = read.value.map((item) => ({
        contentId: item.contentId,
        value() {
          const found = item.value();
          if (found.ok && JSON.stringify(found.value) === text) reads += 1;
          return found;
        },
      }));
      return { ok: true, value };
    },
  };
  reduceRollout({ ...source, payloads: counting }, { mode: "strict" });
  return reads;
}

describe("an element that is long by what the graph does not keep of it", () => {
  const image = { type: "input_image", image_url: `data:image/png;base64,${"A".repeat(20_000)}` };

  it.each<[string, JsonObject, number]>([
    ["an image", { type: "message", role: "user", content: [image] }, 1],
    ["the arguments of a call", functionCall("c1", "write", { text: "long ".repeat(4000) }), 1],
    ["but not one of a few words", userMessage("a few words"), 2],
  ])("is read once, however late it comes back: %s", (_what, element, reads) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([element]);
    const talker = rollout.child("talker").turn();
    for (let round = 0; round < 12; round += 1) {
      talker.request(Array.from({ length: 1000 }, (_, index) => userMessage(`much ${round} ${index}`)));
    }
    turn.request([userMessage("new"), element]);
    expect(readsOf(rollout, element)).toBe(reads);
  });
});
