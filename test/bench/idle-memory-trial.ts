/**
 * `idle-memory-trial.ts SUBJECT CELLS`: resident memory of as many cells of the product, or bare isolates for the SUBJECT
 * `floor`, that wait for something that never comes. Prints KiB per cell.
 */
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { BareIsolate } from "./bare-isolate.ts";
import { settle } from "./figures.ts";

const SOURCE = "text('ready'); yield_control(); await new Promise(() => {});";
/** So that no collector takes them. */
const isolates: BareIsolate[] = [];

const [subject, cellCount] = process.argv.slice(2);
const cells = Number(cellCount);
const start = subject === "floor" ? bare : await product();

// The first few pay for what all share.
for (let cell = 0; cell < 10; cell += 1) await start();
await settle();
globalThis.gc?.();
const before = process.memoryUsage.rss();
for (let cell = 0; cell < cells; cell += 1) await start();
await settle();
globalThis.gc?.();
const grown = process.memoryUsage.rss() - before;
process.stdout.write(JSON.stringify({ kibPerCell: grown / 1024 / cells }));
process.exit();

async function product(): Promise<() => Promise<void>> {
  const provider = new InProcessSessionProvider({ poolSize: 0 });
  const session = await provider.createSession({
    invokeTool: async () => null,
    notify: async () => {},
    cellClosed: () => {},
  });
  return async () => {
    const cell = await session.execute({ toolCallId: "call", source: SOURCE, enabledTools: [] });
    await cell.initialResponse;
  };
}

async function bare(): Promise<void> {
  const isolate = new BareIsolate([], async () => null);
  isolates.push(isolate);
  await isolate.run(SOURCE);
}
