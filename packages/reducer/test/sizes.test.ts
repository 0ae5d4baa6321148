import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { functionCall, functionOutput, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

const TEXTS: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["ASCII", "plain"],
  ["two, three and four bytes a character", "é € 😀"],
  ["lone surrogates", "\ud800 and \udc00"],
  ["more than is encoded at once", "a".repeat(100_000)],
  ["pairs of surrogates where it is cut", `a${"😀".repeat(20_000)}`],
  ["three bytes a character where it is cut", `ab${"€".repeat(20_000)}`],
];

describe.each(TEXTS)("a text of %s", (_name, text) => {
  it("is as large for the model as it is in UTF-8", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([functionCall("c1", "run", {})]);
    turn.tool("c1", { label: "run" }).end();
    turn.request([userMessage("hi"), functionCall("c1", "run", {}), functionOutput("c1", text)]);
    const [call] = Object.values(reduce(rollout).tool_calls);
    expect(call?.visibility.to_model_bytes).toBe(Buffer.byteLength(text));
  });

  it("gives arguments that consist of it the SHA-256 of their canonical text", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([userMessage("hi"), functionCall("c1", "run", { text })]);
    const parts = Object.values(reduce(rollout).conversation_items).flatMap(({ body }) => body.parts);
    const digest = createHash("sha256").update(JSON.stringify({ text })).digest("hex");
    expect(parts.find(({ type }) => type === "json")).toMatchObject({ content_id: digest });
  });
});
