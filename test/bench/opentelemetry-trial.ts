/**
 * `opentelemetry-trial.ts SUBJECT TURNS`: a session of turns with a request and four tool calls each, of which every one has a
 * span of the host's own.
 *
 * SUBJECT is `off` (handles with nothing behind them), `store` (recorded, no SDK registered), `sdk` (recorded, with an SDK that
 * gets the host's spans and drops them at once), `spans` (which gets the recorder's as well) or `host` (which stores the host's,
 * too).
 *
 * Prints microseconds of CPU for each turn: what waits for the disk says nothing of spans.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { NoopSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { disabledThreadTrace, openTraceStore, type ThreadTrace } from "@rollout-trace/trace";
import { RolloutSpanProcessor } from "@rollout-trace/trace/opentelemetry";
import { smallEvent } from "./recorder-session.ts";

const [subject = "off", turnCount] = process.argv.slice(2);
const turns = Number(turnCount);
const CALLS = 4;
const WARM_TURNS = 50;

if (subject !== "off" && subject !== "store") {
  const own = subject === "host" ? [new RolloutSpanProcessor({ maxSpansPerRollout: Infinity })] : [];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [...own, new NoopSpanProcessor()] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
const tracer = trace.getTracer("host");
const folder = mkdtempSync(join(tmpdir(), "bench-otel-"));
const store =
  subject === "off"
    ? null
    : openTraceStore({ path: join(folder, "bench.db"), openTelemetry: subject !== "sdk" });
await run(store?.startRollout() ?? disabledThreadTrace(), WARM_TURNS);
const thread = store?.startRollout() ?? disabledThreadTrace();
const started = process.cpuUsage();
await run(thread, turns);
const { user, system } = process.cpuUsage(started);
const usPerTurn = (user + system) / turns;
store?.close();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(JSON.stringify({ usPerTurn }));
process.exit();

async function run(agent: ThreadTrace, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const turn = agent.startTurn();
    await turn.run(async () => {
      const { payload } = smallEvent(number);
      turn
        .startInference({
          model: "model-1",
          provider: "openai",
          dialect: "openai_responses",
          request: () => ({ input: [{ role: "user", content: payload["stdout"] }] }),
        })
        .completed({
          responseId: `resp_${number}`,
          response: () => ({ output: [], usage: { input_tokens: 5, output_tokens: 1 } }),
        });
      for (let call = 0; call < CALLS; call += 1) {
        await turn.traceTool(
          { kind: { type: "other", name: "look_up" }, modelVisibleCallId: `call_${number}_${call}` },
          async () => {
            const span = tracer.startSpan("query", { attributes: { "db.system.name": "sqlite" } });
            const { payload: result } = smallEvent(number * CALLS + call);
            span.end();
            return result;
          },
        );
      }
    });
    turn.end();
  }
}
