import { expect, it } from "vitest";
import { run } from "../commands/run.ts";
import { otlp, traceFile } from "../sources/otlp/trace-file.ts";

it("show has the host's own spans under the tool call that they ran in, and says how many more there are", async () => {
  const operation = (name: string) => ({ "gen_ai.operation.name": name });
  const file = traceFile(
    otlp(
      { id: "agent", name: "invoke_agent", until: 90, attributes: operation("invoke_agent") },
      {
        id: "call",
        parent: "agent",
        at: 1,
        until: 80,
        attributes: { ...operation("execute_tool"), "gen_ai.tool.name": "search" },
      },
      {
        id: "http",
        parent: "call",
        name: "GET \u001b[31m",
        at: 2,
        until: 7,
        status: { code: 2, message: "refused" },
      },
      { id: "dns", parent: "http", name: "lookup", at: 3, until: 4 },
      ...Array.from({ length: 25 }, (_, n) => ({
        id: `row${n}`,
        parent: "call",
        name: "row",
        at: 10 + n,
        until: 11 + n,
      })),
    ),
  );
  const { out } = await run(["show", file]);
  const lines = out.split("\n").filter((line) => /search|span|more/.test(line));
  expect(lines.slice(0, 4)).toEqual([
    "   └─ search  completed 79 ms",
    "      ├─ span  GET \\x1b[31m  failed 5 ms  refused",
    "      │  └─ span  lookup  completed 1 ms",
    "      ├─ span  row  completed 1 ms",
  ]);
  expect(lines.at(-1)).toBe("      └─ … 7 more spans");
  expect(lines).toHaveLength(1 + 20 + 1);
});
