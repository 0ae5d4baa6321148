/** This project's own two providers. */
import type {
  CodeModeSessionDelegate,
  CodeModeSessionProvider,
  ToolDefinition,
} from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { check, type Peer, sumOf } from "./peer.ts";

const ECHO: ToolDefinition = { name: "echo", toolName: { name: "echo" }, description: "", kind: "function" };
const delegate: CodeModeSessionDelegate = {
  invokeTool: async ({ input }) => input ?? null,
  notify: async () => {},
  cellClosed: () => {},
};

export async function inProcessPeer(): Promise<Peer> {
  return await ownPeer("in process", new InProcessSessionProvider());
}

export async function processPeer(): Promise<Peer> {
  return await ownPeer("process boundary", new ProcessSessionProvider());
}

async function ownPeer(name: string, provider: CodeModeSessionProvider): Promise<Peer> {
  const session = await provider.createSession(delegate);
  const run = async (source: string): Promise<string> => {
    const request = { toolCallId: "call", source, enabledTools: [ECHO], yieldTimeMs: 60_000 };
    const { contentItems, ...response } = await (await session.execute(request)).initialResponse;
    return (
      contentItems.map((item) => (item.type === "input_text" ? item.text : "")).join() ||
      JSON.stringify(response)
    );
  };
  return {
    name,
    trivial: async () => check(name, await run('text("ok");'), "ok"),
    calls: async (count) => {
      const source = `let sum = 0; for (let n = 0; n < ${count}; n += 1) sum += (await tools.echo({ n })).n; text(sum);`;
      check(name, await run(source), String(sumOf(count)));
    },
    close: async () => {
      await provider.close();
    },
  };
}
