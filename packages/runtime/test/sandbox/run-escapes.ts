/**
 * A program: `run-escapes.ts in-process|child|leaky [NAME]` tries every escape, or one, against a provider, or against a world that leaks on
 * purpose, and prints an `EscapeVerdict` as a line of JSON for each. Its environment has the secret and the marker's path.
 */
import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { CodeModeSession, CodeModeSessionProvider } from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { RecordingHost, TOOLS } from "../session/recording-host.ts";
import { ESCAPES } from "./escapes/escapes.ts";
import { MARKER_VARIABLE, SECRET_VARIABLE, withKit } from "./kit.ts";
import { type Leavings, Oracle } from "./oracle.ts";
import type { Escape } from "./technique.ts";

export interface EscapeVerdict {
  readonly name: string;
  /** What the oracles noticed. */
  readonly breaches: readonly string[];
  /** What cells printed that came afterwards, one in the same session, one in another. */
  readonly next: readonly string[];
}

const LEAKY_MS = 20_000;
const NEXT = "text([1, 2].map((n) => n + 1)); text(typeof sandboxNote)";

const [target = "", only] = process.argv.slice(2);
const escapes = ESCAPES.filter(({ name }) => only === undefined || name === only);
if (target === "leaky") {
  for (const escape of escapes) {
    report({ name: escape.name, breaches: await againstLeakyWorld(escape), next: [] });
    rmSync(process.env[MARKER_VARIABLE] ?? "", { force: true });
  }
} else {
  const provider = target === "child" ? new ProcessSessionProvider() : new InProcessSessionProvider();
  await keepSecretIn(provider);
  for (const escape of escapes) report(await against(provider, escape));
  await provider.close();
}
process.kill(process.pid, "SIGKILL");

function report(verdict: EscapeVerdict): void {
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
}

async function against(provider: CodeModeSessionProvider, escape: Escape): Promise<EscapeVerdict> {
  const host = new RecordingHost();
  const oracle = new Oracle({ host, RecordingHost: RecordingHost.prototype, TOOLS });
  const session = await provider.createSession(host, { observer: host });
  const left: string[] = [];
  for (const script of escape.scripts) left.push(...(await run(session, withKit(script))));
  for (const { input } of host.calls) left.push(JSON.stringify(input) ?? "");
  for (const { text } of host.notifications) left.push(text);
  const breaches = oracle.breaches(left);
  const next = [...(await run(session, NEXT))];
  await session.shutdown();
  const other = await provider.createSession(new RecordingHost());
  next.push(...(await run(other, NEXT)));
  await other.shutdown();
  return { name: escape.name, breaches, next };
}

async function run(session: CodeModeSession, source: string): Promise<Leavings> {
  const cell = await session.execute({
    toolCallId: "call",
    source,
    enabledTools: TOOLS,
    yieldTimeMs: 60_000,
  });
  const texts: string[] = [];
  let response = await cell.initialResponse;
  for (let observations = 0; ; observations += 1) {
    texts.push(
      ...response.contentItems.map((item) => (item.type === "input_text" ? item.text : item.image_url)),
    );
    if (response.type !== "yielded") break;
    if (observations > 100) throw new Error(`the cell does not end: ${source}`);
    ({ response } = await session.wait({ cellId: cell.cellId, yieldTimeMs: 60_000 }));
  }
  return response.errorText === undefined ? texts : [...texts, response.errorText];
}

/** Another session of the provider, with something to find. It stays open. */
async function keepSecretIn(provider: CodeModeSessionProvider): Promise<void> {
  const session = await provider.createSession(new RecordingHost());
  await run(session, `store("secret", ${JSON.stringify(process.env[SECRET_VARIABLE])})`);
}

async function againstLeakyWorld({ name }: Escape): Promise<readonly string[]> {
  const worker = new Worker(new URL("leaky-world.ts", import.meta.url), {
    workerData: name,
    execArgv: ["--conditions=rollout-trace-source", "--experimental-vm-modules", "--no-warnings"],
  });
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  worker.on("message", resolve);
  worker.on("error", (error: Error) => {
    resolve([`the host's thread died: ${error.message}`]);
  });
  const timer = setTimeout(() => {
    resolve(["the host's thread did not come back"]);
  }, LEAKY_MS);
  const breaches = await promise;
  clearTimeout(timer);
  await worker.terminate();
  return breaches;
}
