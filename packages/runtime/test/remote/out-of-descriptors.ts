/** Runs a cell while this process has no descriptors to spare, and again when it has; prints how each went. */
import { closeSync, openSync } from "node:fs";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";

await using provider = new ProcessSessionProvider();
const session = await provider.createSession({
  invokeTool: async () => null,
  notify: async () => {},
  cellClosed: () => {},
});
const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  // That was the last one.
}
console.log(await run());
for (const descriptor of taken) closeSync(descriptor);
console.log(await run());

async function run(): Promise<string> {
  try {
    const cell = await session.execute({ toolCallId: "call", source: "text('works')", enabledTools: [] });
    const [item] = (await cell.initialResponse).contentItems;
    return item?.type === "input_text" ? item.text : "";
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code} ${message}`;
  }
}
