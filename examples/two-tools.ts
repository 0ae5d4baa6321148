/** A script that calls two tools at once. Run with `npm run -s node -- examples/two-tools.ts`. */
import type { ToolDefinition } from "@rollout-trace/protocol";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";

const tools: readonly ToolDefinition[] = [
  { name: "weather", toolName: { name: "weather" }, description: "Weather of {city}.", kind: "function" },
  { name: "shout", toolName: { name: "shout" }, description: "Upper case.", kind: "freeform" },
];

await using provider = new ProcessSessionProvider();
await using session = await provider.createSession({
  invokeTool: async ({ input }) =>
    typeof input === "string" ? input.toUpperCase() : { ...(input as { city: string }), degrees: 21 },
  notify: async () => {},
  cellClosed: () => {},
});

// What a model would write:
const source = `
  const [oslo, hello] = await Promise.all([tools.weather({ city: "Oslo" }), tools.shout("hello")]);
  text(hello + ", " + oslo.city + " has " + oslo.degrees + " degrees");
`;

const cell = await session.execute({ toolCallId: "call_1", source, enabledTools: tools });
const { contentItems, errorText } = await cell.initialResponse;
for (const item of contentItems) console.log(item.type === "input_text" ? item.text : item.image_url);
if (errorText !== undefined) console.error(errorText);
