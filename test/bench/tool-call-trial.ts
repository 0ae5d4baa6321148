/**
 * `tool-call-trial.ts SUBJECTS SHAPE CALLS SAMPLES`: nested calls that the host answers at once. SUBJECTS is a list of
 * `product`, `observed` (the product with an observer), `floor` (one delivery per turn, as the product) and `eager` (deliveries
 * wait for nothing), run in turns. SHAPE is `sequential` (each call awaited
 * before the next) or `parallel` (all in one `Promise.all`).
 *
 * Prints for each subject the median of its microseconds per call, and for each the median over the samples of the first one's
 * time divided by its own.
 */
import type { CodeModeSessionDelegate, ToolDefinition } from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { BareIsolate } from "./bare-isolate.ts";
import { median } from "./bench.ts";
import { inTurns, settle, timed } from "./figures.ts";

const [subjectList = "", shape, callCount, sampleCount] = process.argv.slice(2);
const subjects = subjectList.split(",");
const calls = Number(callCount);
const source =
  shape === "sequential"
    ? `let sum = 0; for (let n = 0; n < ${calls}; n += 1) sum += (await tools.echo({ n })).n; text(sum);`
    : `const answers = await Promise.all(Array.from({ length: ${calls} }, (_, n) => tools.echo({ n })));
       text(answers.reduce((sum, { n }) => sum + n, 0));`;
const expected = String((calls * (calls - 1)) / 2);
const echo: ToolDefinition = { name: "echo", toolName: { name: "echo" }, description: "", kind: "function" };
const delegate: CodeModeSessionDelegate = {
  invokeTool: async ({ input }) => input ?? null,
  notify: async () => {},
  cellClosed: () => {},
};

const runs = await Promise.all(subjects.map(async (subject) => ({ subject, run: await runOf(subject) })));
const times = new Map<string, number[]>(subjects.map((subject) => [subject, []]));
/** The first rounds are for the compiler. */
const warmRounds = Math.max(2, Math.ceil(2000 / calls));
for (let round = 0; round < warmRounds + Number(sampleCount); round += 1) {
  for (const { subject, run } of inTurns(runs, round)) {
    await settle();
    const ms = await timed(run);
    if (round >= warmRounds) times.get(subject)?.push(ms);
  }
}
const figures: Record<string, number> = {};
const [first = []] = times.values();
for (const [subject, ms] of times) {
  figures[subject] = (median(ms) * 1000) / calls;
  figures[`${subject}Ratio`] = median(first.map((own, index) => own / (ms[index] ?? Number.NaN)));
}
process.stdout.write(JSON.stringify(figures));
process.exit();

async function runOf(subject: string): Promise<() => Promise<void>> {
  if (subject === "floor" || subject === "eager") {
    const make = (): BareIsolate => new BareIsolate(["echo"], async (input) => input, subject === "floor");
    let ready = make();
    return async () => {
      const isolate = ready;
      check(await isolate.run(source));
      setTimeout(() => {
        isolate.dispose();
        ready = make();
      }, 1);
    };
  }
  const options = subject === "observed" ? { observer: { observe: () => {} } } : {};
  const session = await new InProcessSessionProvider().createSession(delegate, options);
  return async () => {
    const request = { toolCallId: "call", source, enabledTools: [echo], yieldTimeMs: 60_000 };
    const { contentItems } = await (await session.execute(request)).initialResponse;
    check(contentItems.map((item) => (item.type === "input_text" ? item.text : "")));
  };
}

function check(texts: readonly string[]): void {
  if (texts.join() !== expected) throw new Error(`expected ${expected}, got ${texts.join()}`);
}
