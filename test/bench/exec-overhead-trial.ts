/**
 * `exec-overhead-trial.ts SUBJECTS TEMPERATURE SAMPLES WARM_ITERATIONS`: runs a trivial cell again and again.
 *
 * SUBJECTS is a list of `product`, `observed` (the product with an observer) and `floor`, each with a number of tools as in
 * `product:32`. They are run in turns, each round in another order, so that whatever disturbs the machine disturbs them alike. With TEMPERATURE `cold` each run makes what it needs; with
 * `warm` isolates were made ahead of time.
 *
 * Prints for each subject, by its position, its mean and 95th percentile in microseconds and the median over the rounds of the first one's time
 * divided by its own, and by how many KiB per run the process grew.
 */
import type { CodeModeSession, CodeModeSessionDelegate, ToolDefinition } from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { BareIsolate } from "./bare-isolate.ts";
import { median } from "./bench.ts";
import { inTurns, mean, percentile, settle, timed } from "./figures.ts";

const SOURCE = 'text("ok");';
/** What the product keeps ready. */
const READY = 2;

type Run = () => Promise<void>;

const [subjectList = "", temperature, sampleCount, warmCount] = process.argv.slice(2);
const subjects = subjectList.split(",");
const warm = temperature === "warm";
const rounds = Number(sampleCount);
const delegate: CodeModeSessionDelegate = {
  invokeTool: async () => null,
  notify: async () => {},
  cellClosed: () => {},
};

const runs = await Promise.all(
  subjects.map(async (subject) => ({ run: await runOf(subject), ms: [] as number[] })),
);
for (let round = 0; round < Number(warmCount); round += 1) await playRound(round, () => {});
globalThis.gc?.();
const before = process.memoryUsage.rss();
for (let round = 0; round < rounds; round += 1) {
  await playRound(round, (times, ms) => times.push(ms));
}
globalThis.gc?.();
const grown = process.memoryUsage.rss() - before;

const figures: Record<string, number> = { rssKibPerRun: grown / 1024 / rounds / subjects.length };
const first = runs[0]?.ms ?? [];
for (const [position, { ms }] of runs.entries()) {
  figures[`mean${position}`] = mean(ms) * 1000;
  figures[`p95${position}`] = percentile(ms, 0.95) * 1000;
  figures[`ratio${position}`] = median(first.map((own, index) => own / (ms[index] ?? Number.NaN)));
}
process.stdout.write(JSON.stringify(figures));
process.exit();

async function playRound(round: number, note: (times: number[], ms: number) => void): Promise<void> {
  for (const { run, ms } of inTurns(runs, round)) {
    await settle();
    note(ms, await timed(run));
  }
}

async function runOf(subjectAndTools: string): Promise<Run> {
  const [subject, count] = subjectAndTools.split(":");
  const tools = Array.from({ length: Number(count) }, (_, index): ToolDefinition => {
    const name = `tool_${index}`;
    return { name, toolName: { name }, description: `The tool number ${index}.`, kind: "function" };
  });
  if (subject === "floor") return warm ? pooledFloor(tools) : coldFloor(tools);
  const options = subject === "observed" ? { observer: { observe: () => {} } } : {};
  if (!warm) {
    return async () => {
      const provider = new InProcessSessionProvider({ poolSize: 0 });
      await execute(await provider.createSession(delegate, options), tools);
    };
  }
  const session = await new InProcessSessionProvider({ poolSize: READY }).createSession(delegate, options);
  return async () => {
    await execute(session, tools);
  };
}

async function execute(session: CodeModeSession, tools: readonly ToolDefinition[]): Promise<void> {
  const cell = await session.execute({ toolCallId: "call", source: SOURCE, enabledTools: tools });
  const { contentItems } = await cell.initialResponse;
  if (contentItems.length !== 1) throw new Error("the product did not run the script");
}

function pooledFloor(tools: readonly ToolDefinition[]): Run {
  const ready: BareIsolate[] = [];
  const fill = (): void => {
    ready.push(bare(tools));
    if (ready.length < READY) setTimeout(fill, 1);
  };
  fill();
  return async () => {
    await runBare(ready.pop() ?? bare(tools));
    setTimeout(fill, 1);
  };
}

function coldFloor(tools: readonly ToolDefinition[]): Run {
  return async () => {
    await runBare(bare(tools));
  };
}

function bare(tools: readonly ToolDefinition[]): BareIsolate {
  const names = tools.map(({ name }) => name);
  return new BareIsolate(names, async () => null);
}

async function runBare(isolate: BareIsolate): Promise<void> {
  const texts = await isolate.run(SOURCE);
  setTimeout(() => {
    isolate.dispose();
  }, 1);
  if (texts.length !== 1) throw new Error("the floor did not run the script");
}
