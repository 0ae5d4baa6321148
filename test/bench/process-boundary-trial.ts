/**
 * `process-boundary-trial.ts ROUNDS CALLS SESSIONS`: a trivial cell and CALLS awaited nested calls, in turns, through the process
 * boundary (`remote`), in process (`local`), and through a bare child (`floor`); the first cell of a provider, its child's
 * start included; and what SESSIONS idle sessions keep in both processes.
 *
 * Prints microseconds per cell and per call, the medians of `remote` against the others, milliseconds, and KiB.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { join } from "node:path";
import type { CodeModeSession, CodeModeSessionDelegate, ToolDefinition } from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { median } from "./bench.ts";
import { inTurns, settle, timed } from "./figures.ts";

const [rounds = 0, calls = 0, sessions = 0] = process.argv.slice(2).map(Number);
const WARM_ROUNDS = 20;
const ECHO: ToolDefinition = { name: "echo", toolName: { name: "echo" }, description: "", kind: "function" };
const TOOLS: readonly ToolDefinition[] = [ECHO];
const TRIVIAL = "text(1)";
const NESTED = `for (let n = 0; n < ${calls}; n += 1) await tools.echo({ n }); text(1)`;
const delegate: CodeModeSessionDelegate = {
  invokeTool: async ({ input }) => input ?? null,
  notify: async () => {},
  cellClosed: () => {},
};

type Run = (source: string) => Promise<void>;

const coldMs: number[] = [];
for (let start = 0; start < 5; start += 1) {
  await using provider = new ProcessSessionProvider();
  const session = await provider.createSession(delegate);
  coldMs.push(await timed(async () => await through(session)(TRIVIAL)));
}

const provider = new ProcessSessionProvider();
const child = spawnFloor();
const subjects: readonly (readonly [string, Run])[] = [
  ["remote", through(await provider.createSession(delegate))],
  ["local", through(await new InProcessSessionProvider().createSession(delegate))],
  ["floor", floorRun(child)],
];
const figures: Record<string, number> = { coldMs: median(coldMs) };
await measure("exec", TRIVIAL, 1, rounds);
await measure("call", NESTED, calls, Math.ceil(rounds / 5));
figures["idleSessionKib"] = await idleSessions();
child.kill("SIGKILL");
await provider.close();
process.stdout.write(JSON.stringify(figures), () => process.exit());

async function measure(name: string, source: string, per: number, times: number): Promise<void> {
  const taken = new Map<string, number[]>(subjects.map(([subject]) => [subject, []]));
  const warm = per === 1 ? WARM_ROUNDS : 3;
  for (let round = 0; round < warm + times; round += 1) {
    for (const [subject, run] of inTurns(subjects, round)) {
      await settle();
      const ms = await timed(async () => await run(source));
      if (round >= warm) taken.get(subject)?.push((ms * 1000) / per);
    }
  }
  const own = taken.get("remote") ?? [];
  for (const [subject, µs] of taken) {
    figures[`${name}.${subject}`] = median(µs);
    figures[`${name}.${subject}Ratio`] = median(own.map((figure, at) => figure / (µs[at] ?? Number.NaN)));
  }
}

function through(session: CodeModeSession): Run {
  return async (source) => {
    const request = { toolCallId: "call", source, enabledTools: TOOLS, yieldTimeMs: 60_000 };
    const { contentItems } = await (await session.execute(request)).initialResponse;
    if (contentItems.length !== 1) throw new Error("the product did not run the script");
  };
}

async function idleSessions(): Promise<number> {
  const open = async (): Promise<void> => {
    await through(await provider.createSession(delegate))(TRIVIAL);
  };
  for (let session = 0; session < 10; session += 1) await open();
  const before = await residentKib();
  for (let session = 0; session < sessions; session += 1) await open();
  return ((await residentKib()) - before) / sessions;
}

async function residentKib(): Promise<number> {
  await settle();
  globalThis.gc?.();
  const pages = Number(readFileSync(`/proc/${provider.hostPid}/statm`, "utf8").split(" ")[1]);
  return pages * 4 + process.memoryUsage.rss() / 1024;
}

/** With the flag and the priority of the product's child: on a busy machine the latter is most of what it costs. */
function spawnFloor(): ChildProcess {
  const args = [
    "--no-turboshaft-loop-unrolling",
    "--conditions=rollout-trace-source",
    join(import.meta.dirname, "process-boundary-child-trial.ts"),
  ];
  const floor = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  if (floor.pid !== undefined) setPriority(floor.pid, getPriority() + 5);
  return floor;
}

function floorRun({ stdin, stdout }: ChildProcess): Run {
  if (stdin === null || stdout === null) throw new Error("the floor has no pipes");
  const send = (message: object): void => {
    const json = JSON.stringify(message);
    const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(json));
    bytes.writeUInt32LE(bytes.length - 4, 0);
    bytes.write(json, 4);
    stdin.write(bytes);
  };
  let done: () => void = () => {};
  let received: Buffer = Buffer.alloc(0);
  stdout.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    for (;;) {
      const end = received.length < 4 ? Number.POSITIVE_INFINITY : 4 + received.readUInt32LE(0);
      if (received.length < end) return;
      const message = JSON.parse(received.toString("utf8", 4, end)) as {
        readonly type: "done" | "call";
        readonly id: number;
        readonly input: unknown;
      };
      received = received.subarray(end);
      if (message.type === "done") done();
      else void answer(message.id, message.input);
    }
  });
  const answer = async (id: number, input: unknown): Promise<void> => {
    send({ type: "answer", id, value: await input });
  };
  return async (source) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    done = resolve;
    send({ type: "run", id: 1, source });
    await promise;
  };
}
