/** Reduces one made-up rollout of as many turns as the argument says; prints
 * `{events, usPerEvent, graphBytesPerEvent}`. Measured once warm: what a short rollout mostly costs is the compiler. */
import { graphJson, reduceRollout } from "@rollout-trace/reducer";
import { functionCall, functionOutput, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";

/** Enough for the compiler to be done with the reducer. */
const WARM_EVENTS = 40_000;

const turns = Number(process.argv[2]);
const rollout = new RolloutBuilder();
let previous: string | null = null;
for (let index = 0; index < turns; index += 1) {
  const turn = rollout.root.turn();
  const call = `call_${index}`;
  const first = turn.request([userMessage(`question ${index}`)], mode(previous));
  first.respond([functionCall(call, "look", { index })], { responseId: `response_${index}a` });
  turn.tool(call, { callId: call }).end();
  const second = turn.request([functionOutput(call, `result ${index}`)], mode(`response_${index}a`));
  second.respond([], { responseId: `response_${index}b` });
  previous = `response_${index}b`;
  turn.end();
}
rollout.root.end();
rollout.end().complete();
const source = rollout.source();

for (let warm = 0; warm < WARM_EVENTS; warm += source.eventCount ?? WARM_EVENTS) reduceRollout(source);
const started = performance.now();
const graph = reduceRollout(source, { mode: "strict" });
const reduceMs = performance.now() - started;
const { eventCount } = source;
if (eventCount === null) throw new Error("a rollout in memory knows how many events it has");
const text = graphJson(graph);

process.stdout.write(
  JSON.stringify({
    events: eventCount,
    usPerEvent: (reduceMs * 1000) / eventCount,
    graphBytesPerEvent: text.length / eventCount,
  }),
);

function mode(responseId: string | null) {
  return responseId === null ? {} : { mode: { type: "incremental", previous_response_id: responseId } };
}
