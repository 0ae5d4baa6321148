/** Prints as JSON what the descriptors of this process and of a child that runs a cell refer to. Linux only. */
import { readdirSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";

createServer().listen(0, "127.0.0.1").unref();
const provider = new ProcessSessionProvider();
const session = await provider.createSession({
  invokeTool: async () => null,
  notify: async () => {},
  cellClosed: () => {},
});
const cell = await session.execute({ toolCallId: "call", source: "text(1)", enabledTools: [] });
await cell.initialResponse;
process.stdout.write(JSON.stringify({ parent: links("self"), child: links(String(provider.hostPid)) }));
await provider.close();

function links(pid: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // The one that listed the others.
      return [];
    }
  });
}
