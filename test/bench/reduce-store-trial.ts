/**
 * `reduce-store-trial.ts TURNS [WINDOW]`: records a conversation in a store, every request whole and compacted after each 40 turns,
 * or as many as the window is said to have, reduces it from the file and prints `{events, reduceUs, storeBytes}`; µs of processor time per event, reading and decompressing
 * included.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonValue } from "@rollout-trace/protocol";
import { reduceRollout } from "@rollout-trace/reducer";
import { functionCall, functionOutput, userMessage } from "@rollout-trace/reducer/testing";
import { openTraceStore, readTraceStore } from "@rollout-trace/trace";

const WARM_ROUNDS = 3;

const turns = Number(process.argv[2]);
const windowTurns = Number(process.argv[3] ?? 40);
const folder = mkdtempSync(join(tmpdir(), "reduce-store-"));
const path = join(folder, "trace.db");
record();
using store = readTraceStore(path);
const traceId = store.rollouts()[0]?.traceId ?? "";
let events = 0;
for (let round = 0; round < WARM_ROUNDS; round += 1) reduceRollout(store.openRollout(traceId));
globalThis.gc?.();
const before = process.cpuUsage();
reduceRollout(store.openRollout(traceId), {
  mode: "strict",
  onProgress: (progress) => (events = progress.events),
});
const { user, system } = process.cpuUsage(before);
const storeBytes = statSync(path).size / events;
rmSync(folder, { recursive: true, force: true });
process.stdout.write(JSON.stringify({ events, reduceUs: (user + system) / events, storeBytes }));

function record(): void {
  using writer = openTraceStore({ path, durability: "batch" });
  const thread = writer.startRollout();
  let input: JsonValue[] = [];
  const model = { model: "m", provider: "p", dialect: "openai_responses" } as const;
  for (let index = 0; index < turns; index += 1) {
    const turn = thread.startTurn();
    const call = functionCall(`call-${index}`, "read", { path: `src/${index}.ts` });
    input.push(userMessage(`question ${index} `.repeat(10)));
    const first = turn.startInference({ ...model, request: () => ({ input: [...input] }) });
    first.completed({ responseId: `r-${index}a`, response: () => ({ output_items: [call] }) });
    const tool = turn.startToolCall({ kind: { type: "exec_command" }, modelVisibleCallId: `call-${index}` });
    tool.ended({ status: "completed" });
    input.push(call, functionOutput(`call-${index}`, `line ${index} of the output\n`.repeat(50)));
    const second = turn.startInference({ ...model, request: () => ({ input: [...input] }) });
    second.completed({ responseId: `r-${index}b`, response: () => ({ output_items: [] }) });
    if ((index + 1) % windowTurns === 0) {
      const replacement = [userMessage(`summary ${index}`)];
      const checkpoint = { input_history: input, replacement_history: replacement };
      turn.compaction().installed(() => checkpoint);
      input = [...replacement];
    }
    turn.end("completed");
    if (index % 40 === 0) writer.flush();
  }
}
