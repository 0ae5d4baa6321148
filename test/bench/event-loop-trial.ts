/**
 * `event-loop-trial.ts SCRIPT MILLISECONDS`: how long the host's event loop is held up while a cell runs. SCRIPT is `idle` (no
 * cell at all), or what the cell does without end: `burn` CPU, `alloc` and drop memory, flood `text`, or `calls`.
 *
 * Prints percentiles of the delay in milliseconds, as a timer of one millisecond sees it.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { InProcessSessionProvider } from "@rollout-trace/runtime";

const SCRIPTS: Readonly<Record<string, string>> = {
  burn: "for (;;);",
  alloc: "for (;;) globalThis.garbage = new Array(1000).fill(0).map((_, n) => ({ n }));",
  text: "for (;;) text('x');",
  calls: "await Promise.all(Array.from({ length: 100 }, async () => { for (;;) await tools.echo({}); }));",
};

const [name = "", duration] = process.argv.slice(2);
const provider = new InProcessSessionProvider();
const session = await provider.createSession({
  invokeTool: async () => null,
  notify: async () => {},
  cellClosed: () => {},
});
const enabledTools = [
  { name: "echo", toolName: { name: "echo" }, description: "", kind: "function" as const },
];
// Whatever is made once is made before anything is measured.
await (
  await session.execute({ toolCallId: "warm", source: "text(1)", enabledTools })
).initialResponse;
await wait(200);

const source = SCRIPTS[name];
const limits = { outputBytes: 2 ** 40 };
if (source !== undefined) {
  const request = { toolCallId: "call", source: `yield_control(); ${source}`, enabledTools, limits };
  await (
    await session.execute(request)
  ).initialResponse;
}
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
await wait(Number(duration));
delay.disable();
const ms = (nanoseconds: number): number => nanoseconds / 1e6;
process.stdout.write(
  JSON.stringify({
    p50: ms(delay.percentile(50)),
    p99: ms(delay.percentile(99)),
    max: ms(delay.max),
  }),
);
await provider.close();

async function wait(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
