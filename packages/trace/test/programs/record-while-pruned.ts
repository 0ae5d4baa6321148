/**
 * Records rollouts that share their content, as if long ago, until its stdin ends. One of them goes on all the time, and has
 * sooner or later what all of them begin with; the others' last texts are never in it. Says `N` when N short rollouts are recorded.
 */
import { openTraceStore, type TurnTrace } from "@rollout-trace/trace";

const path = process.argv[2] ?? "";
const shared = Array.from({ length: 60 }, (_, index) => ({ role: "user", text: `${index} `.repeat(40) }));
let now = 1_000_000;
let isOver = false;
process.stdin.on("end", () => (isOver = true)).resume();

const store = openTraceStore({ path, clock: () => (now += 10) });
const ongoing = store.startRollout({ rolloutId: "ongoing" }).startTurn();
for (let number = 1; !isOver; number += 1) {
  const root = store.startRollout({ rolloutId: `short-${number}` });
  const turn = root.startTurn();
  for (let length = 8; length < 14; length += 1) request(turn, (number * 7) % 46, length);
  root.endRollout();
  request(ongoing, 0, 8 + (number % 30));
  console.log(number);
  await new Promise(setImmediate);
}
store.close();

function request(turn: TurnTrace, from: number, length: number): void {
  turn.startInference({
    model: "m",
    provider: "p",
    dialect: "openai_responses",
    request: () => ({ input: shared.slice(from, from + length) }),
  });
}
