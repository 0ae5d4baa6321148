/** What one side does not read costs the other a bounded amount of memory, and is all there when it reads on. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as rest } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { hostArguments } from "../../src/remote/host-command.ts";
import { ProcessSessionProvider } from "../../src/remote/index.ts";
import { encodeFrames, encodeJson, FrameDecoder } from "../../src/wire/frame-codec.ts";
import { hello } from "../../src/wire/hello.ts";
import { TOOLS } from "../session/recording-host.ts";

const MIB = 2 ** 20;
/** For a busy machine, on which the child has the lowest priority. */
const TIMEOUT_MS = 90_000;

describe("a child that does not read", { timeout: TIMEOUT_MS }, () => {
  it("has the answers to its calls kept as they are, and gets them all later", async () => {
    const calls = 32;
    const running = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    let started = 0;
    await using provider = new ProcessSessionProvider({ silenceMs: 60_000 });
    const session = await provider.createSession({
      invokeTool: async () => {
        started += 1;
        if (started === calls) running.resolve();
        await gate.promise;
        // One text, however often it is answered; only what is made of it for the pipe is many.
        return LARGE;
      },
      notify: async () => {},
      cellClosed: () => {},
    });
    const source = `
      const answers = await Promise.all(Array.from({ length: ${calls} }, () => tools.echo({})));
      text(answers.filter(({ length }) => length === ${MIB}).length);
    `;
    const request = { toolCallId: "call", source, enabledTools: TOOLS, limits: { heapBytes: 512 * MIB } };
    const cell = await session.execute({ ...request, yieldTimeMs: 60_000 });
    await running.promise;
    const before = process.memoryUsage().arrayBuffers;
    signal(provider, "SIGSTOP");
    gate.resolve();
    // Whatever is going to be kept is kept after a moment.
    await rest(300);
    const kept = process.memoryUsage().arrayBuffers - before;
    signal(provider, "SIGCONT");
    expect(kept).toBeLessThan(12 * MIB);
    expect((await cell.initialResponse).contentItems).toEqual([{ type: "input_text", text: String(calls) }]);
  });
});

describe.runIf(process.platform === "linux")("a client that does not read", { timeout: TIMEOUT_MS }, () => {
  it("holds up the child, whose memory does not grow, and finds everything there when it reads on", async () => {
    const notifications = 10_000;
    const script = `for (let n = 0; n < ${notifications}; n += 1) notify('x'.repeat(10_000))`;
    const child = spawn(process.execPath, hostArguments(), { env: {} });
    const execute = {
      type: "execute",
      toolCallId: "call",
      source: script,
      toolset: 1,
      yieldTimeMs: 60_000,
      limits: { outputBytes: 1024 * MIB },
    };
    say(
      child,
      hello("a slow client"),
      { type: "open_session", session: 1, firstCell: 1, firstWait: 1, observed: false },
      { type: "define_tools", toolset: 1, tools: [] },
      { type: "request", id: 1, session: 1, operation: execute },
    );
    // Its hello: from here on nothing is read.
    await once(child.stdout, "readable");
    const before = residentBytes(child.pid ?? 0);
    const grown = (await settledResidentBytes(child.pid ?? 0)) - before;
    let seen = 0;
    await new Promise<void>((resolve) => {
      const decoder = new FrameDecoder((frame) => {
        if (frame.type === "oversized") return;
        const message = JSON.parse(frame.json) as { readonly type: string; readonly call: number };
        if (message.type === "response") resolve();
        if (message.type !== "notify") return;
        seen += 1;
        say(child, { type: "call_answered", call: message.call, answer: { ok: true, value: null } });
      });
      child.stdout.on("data", (bytes: Buffer) => {
        decoder.push(bytes);
      });
    });
    child.stdin.end();
    await once(child, "close");
    expect(seen).toBe(notifications);
    // An isolate or three, and not the hundred megabytes that the script has to say.
    expect(grown).toBeLessThan(50 * MIB);
  });
});

const LARGE = "x".repeat(MIB);

function say(child: ChildProcessWithoutNullStreams, ...messages: readonly unknown[]): void {
  child.stdin.write(encodeFrames(messages.map(encodeJson)));
}

function signal(provider: ProcessSessionProvider, name: NodeJS.Signals): void {
  if (provider.hostPid === undefined) throw new Error("there is no child");
  process.kill(provider.hostPid, name);
}

/** Once a process has grown as far as it is going to. */
async function settledResidentBytes(pid: number): Promise<number> {
  let last = residentBytes(pid);
  for (let quiet = 0; quiet < 4;) {
    await rest(200);
    const now = residentBytes(pid);
    quiet = now > last + MIB / 4 ? 0 : quiet + 1;
    last = now;
  }
  return last;
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4096;
}
