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
