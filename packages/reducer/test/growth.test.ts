import { expect, it } from "vitest";
import { graphJson, reduceRollout } from "@rollout-trace/reducer";
import {
  assistantMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { processorTimeRatio } from "../../../test/support/processor-time.ts";

/** Turns that each make a call; every request continues the response before it. */
function conversation(turns: number): RolloutBuilder {
  const rollout = new RolloutBuilder();
  for (let index = 0; index < turns; index += 1) {
    const turn = rollout.root.turn();
    const call = functionCall(`call-${index}`, "tool", { index });
    const mode = { type: "incremental", previous_response_id: `response-${index - 1}` };
    const input =
      index === 0 ? [userMessage("go")] : [functionOutput(`call-${index - 1}`, `result ${index}`)];
    turn
      .request(input, index === 0 ? {} : { mode })
      .respond([assistantMessage(`answer ${index}`), call], { responseId: `response-${index}` });
    turn.tool(`call-${index}`, { input: { index } }).end();
    turn.end();
  }
  rollout.end().complete();
  return rollout;
}

/** Whole requests of a conversation, and one for a title of a message between each two of them. */
function conversationWithTitles(turns: number): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const said = [];
  for (let index = 0; index < turns; index += 1) {
    const turn = rollout.root.turn();
    const [question, answer] = [userMessage(`question ${index}`), assistantMessage(`answer ${index}`)];
    said.push(question, userMessage("go on"));
    turn.request(said).respond([answer]);
    said.push(answer);
    turn.request([userMessage(`title of ${index}`), userMessage("go on")]).respond([assistantMessage("it")]);
    turn.end();
  }
  rollout.end().complete();
  return rollout;
}

/** Two branches that leave one response and are continued in turn. */
function branches(turns: number): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([userMessage("go")]).respond([assistantMessage("which way?")], { responseId: "both" });
  const ends = ["both", "both"];
  for (let index = 0; index < turns; index += 1) {
    const mode = { type: "incremental", previous_response_id: ends[index % 2] ?? "" };
    const responseId = `response-${index}`;
    turn
      .request([userMessage(`ask ${index}`)], { mode })
      .respond([assistantMessage(`answer ${index}`)], { responseId });
    ends[index % 2] = responseId;
  }
  rollout.end().complete();
  return rollout;
}

it("makes a conversation that side requests interrupt once, however long it gets", () => {
  const itemsPerEvent = (rollout: RolloutBuilder) => {
    const graph = reduceRollout(rollout.source(), { mode: "strict" });
    return Object.keys(graph.conversation_items).length / rollout.events.length;
  };
  const [short, long] = [conversationWithTitles(30), conversationWithTitles(300)];
  expect(itemsPerEvent(long) / itemsPerEvent(short)).toBeLessThan(1.1);
});

it("costs about as much for each request where branches ten times as long are continued in turn", () => {
  const [short, long] = [branches(400), branches(4000)];
  // Work for each request that grew with its branch would make this a hundred.
  const bound = 40;
  const ratio = processorTimeRatio({
    small: () => reduceRollout(short.source()),
    large: () => reduceRollout(long.source()),
    bound,
  });
  expect(ratio).toBeLessThan(bound);
});

it("costs about as much for each event, and writes about as much, in a conversation ten times as long", () => {
  const [short, long] = [conversation(200), conversation(2000)];
  // Work for each event that grew with the conversation would make this a hundred.
  const bound = 40;
  const ratio = processorTimeRatio({
    small: () => reduceRollout(short.source()),
    large: () => reduceRollout(long.source()),
    bound,
  });
  expect(ratio).toBeLessThan(bound);
  const bytesPerEvent = (rollout: RolloutBuilder) =>
    graphJson(reduceRollout(rollout.source())).length / rollout.events.length;
  expect(bytesPerEvent(long) / bytesPerEvent(short)).toBeLessThan(1.1);
});
