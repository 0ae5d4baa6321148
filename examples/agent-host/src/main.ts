/**
 * `npm run demo [-- [--otel] [STORE]]`: runs a small agent session, records it, reduces the recording and shows it. With `--otel`
 * the session's spans go to an OTLP collector, and those of its HTTP requests into the recording.
 *
 * Without OPENAI_API_KEY the model is a script on loopback; nothing leaves the machine.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openSource, processIo, renderRollout } from "@rollout-trace/cli";
import { reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore } from "@rollout-trace/trace";
import { AgentHost } from "./host.ts";
import { startOpenTelemetry } from "./opentelemetry.ts";

const REQUESTS = [
  "How much fruit is there in all? Also try what a cell does that takes long, never ends, or is broken.",
  "Of which fruit is there most? Let another agent count the files.",
];

const { values: flags, positionals } = parseArgs({
  options: { otel: { type: "boolean", default: false } },
  allowPositionals: true,
});
const storePath = positionals[0] ?? join(".rollout-trace", "demo.db");
const stopOpenTelemetry = flags.otel ? startOpenTelemetry() : null;
const rolloutId = await recordSession(storePath);
await stopOpenTelemetry?.();
showSession(storePath, rolloutId);

async function recordSession(path: string): Promise<string> {
  mkdirSync(dirname(path), { recursive: true });
  const folder = fruitFolder();
  using store = openTraceStore({ path, onError: (error) => console.error(`recorder: ${error.message}`) });
  const host = await AgentHost.start(folder, process.env);
  console.error(
    host.model.scripted ? "The model is a script (no OPENAI_API_KEY)." : `The model is ${host.model.name}.`,
  );
  const root = store.startRollout({
    host: { name: "agent-host-example", version: "0.0.0" },
    rootThread: { agentPath: "/root", model: host.model.name },
  });
  try {
    const agent = await host.createAgent(root);
    for (const request of REQUESTS) {
      console.error(`\n> ${request}`);
      console.error(await agent.runTurn(request));
    }
    await agent.close();
    root.endRollout("completed");
  } finally {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return root.rolloutId;
}

function showSession(path: string, rolloutId: string): void {
  using source = openSource(path, { rollout: rolloutId });
  const graph = reduceRollout(source.rollout, { mode: "strict" });
  const io = processIo();
  io.out(`\n${renderRollout(graph, {}, io)}`);
  const fromHere = relative(process.cwd(), path);
  const shown = fromHere.startsWith("..") ? resolve(path) : fromHere;
  io.out(`
The recording is in ${shown}. Try next:
  npm run -s rollout-trace -- show ${shown} --rollout ${rolloutId} --thread /root/count_files
  npm run -s rollout-trace -- reduce ${shown} --rollout ${rolloutId} -o graph.json
`);
}

function fruitFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fruit-"));
  writeFileSync(join(folder, "apples.txt"), "apples: 12\n");
  writeFileSync(join(folder, "pears.txt"), "pears: 10\n");
  writeFileSync(join(folder, "plums.txt"), "plums: 20\n");
  return folder;
}
