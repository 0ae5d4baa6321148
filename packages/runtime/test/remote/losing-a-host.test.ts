/** What is left when the child is lost, and what its loss looks like to host and observer. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CodeModeSession } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import {
  type HostEndReport,
  ProcessSessionProvider,
  type ProcessProviderOptions,
} from "../../src/remote/index.ts";
import { RecordingHost, TOOLS } from "../session/recording-host.ts";

/** For a busy machine, on which the child has the lowest priority. */
const TIMEOUT_MS = 90_000;

const exec = (source: string) => ({
  toolCallId: "call-exec",
  source,
  enabledTools: TOOLS,
  yieldTimeMs: 60_000,
});

class Subject implements AsyncDisposable {
  readonly ends: HostEndReport[] = [];
  readonly host: RecordingHost = new RecordingHost();
  readonly provider: ProcessSessionProvider;
  readonly #ended = new Set<() => void>();

  constructor(options: ProcessProviderOptions = {}) {
    this.provider = new ProcessSessionProvider({
      ...options,
      onHostEnd: (report) => {
        this.ends.push(report);
        for (const resolve of this.#ended) resolve();
      },
    });
  }

  async session(host: RecordingHost = this.host): Promise<CodeModeSession> {
    return await this.provider.createSession(host, { observer: host });
  }

  signal(signal: NodeJS.Signals): void {
    const pid = this.provider.hostPid;
    if (pid === undefined) throw new Error("there is no child");
    process.kill(pid, signal);
  }

  async ended(): Promise<HostEndReport> {
    const [first] = this.ends;
    if (first !== undefined) return first;
    await new Promise<void>((resolve) => this.#ended.add(resolve));
    return await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.provider.close();
  }
}

async function run(session: CodeModeSession, source: string): Promise<unknown> {
  return await (
    await session.execute(exec(source))
  ).initialResponse;
}

function text(cellId: string, value: string): unknown {
  return { type: "result", cellId, contentItems: [{ type: "input_text", text: value }] };
}

const HELLO = {
  type: "hello",
  name: "other-host",
  version: "7.0.0",
  protocol: 1,
  capabilities: ["sessions", "pending", "toolsets", "stored_values", "ping"],
};

/** A program that says these frames and waits. */
function saying(...frames: readonly unknown[]): [string, ...string[]] {
  return [process.execPath, "--eval", `${sayingScript(frames)} process.stdin.resume();`];
}

function sayingScript(frames: readonly unknown[]): string {
  return `
    for (const json of ${JSON.stringify(frames.map((frame) => JSON.stringify(frame)))}) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(json));
      process.stdout.write(length);
      process.stdout.write(json);
    }
  `;
}

/** Looks at more places than there are years, without a thought for whoever wants to stop it. */
const ENDLESS_BUILT_IN = "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)";

describe("a child that dies", { timeout: TIMEOUT_MS }, () => {
  it("fails what was in flight, ends its calls and cells for the observer, and aborts the delegate", async () => {
    await using subject = new Subject();
    const { host } = subject;
    const session = await subject.session();
    expect(await run(session, "store('kept', 1); text('first')")).toEqual(text("1", "first"));
    const cell = await session.execute(exec("yield_control(); await tools.hold({})"));
    await cell.initialResponse;
    const waiting = session.wait({ cellId: "2", toolCallId: "call-wait" });
    await host.until(() => host.events.some(({ type }) => type === "wait_started"));
    await host.holding("2/tool-1");
    const before = host.events.length;
    subject.signal("SIGKILL");
    await expect(waiting).rejects.toMatchObject({
      code: "host_lost",
      message: "code-mode-host is gone: it was ended by SIGKILL",
    });
    expect(host.aborted).toEqual(["2/tool-1"]);
    expect(host.closed).toEqual(["1", "2"]);
    expect(host.events.slice(before)).toEqual([
      { type: "wait_ended", waitId: "wait-1", cellId: "2", outcome: "abandoned", response: null },
      {
        type: "nested_call_ended",
        cellId: "2",
        runtimeToolCallId: "tool-1",
        status: "aborted",
        endCause: "cell_cancelled",
        result: null,
      },
      {
        type: "cell_ended",
        cellId: "2",
        status: "terminated",
        response: {
          type: "terminated",
          cellId: "2",
          contentItems: [],
          errorText: "exec cell 2 was lost with the process that ran it: it was ended by SIGKILL",
        },
        journal: null,
      },
    ]);
    expect(subject.ends).toMatchObject([{ reason: "exited", lostCells: 1, crashLoop: null }]);

    const missing = await session.wait({ cellId: "2" });
    expect(missing.type).toBe("missing");
    expect(await run(session, "text(load('kept'))")).toEqual(text("3", "1"));
    expect(host.events).toContainEqual(expect.objectContaining({ type: "wait_started", waitId: "wait-2" }));
  });

  it("may say what it likes on stderr: a person is told, and nothing of it is recorded of its cells", async () => {
    const started = { type: "cell_started", cellId: "1", toolCallId: "call-exec", source: "text(1)" };
    const script = `
      ${sayingScript([HELLO, { type: "event", session: 1, event: started }])}
      console.error("password at /home/somebody/.netrc");
      process.exitCode = 3;
    `;
    await using subject = new Subject({ command: [process.execPath, "--eval", script] });
    await expect(run(await subject.session(), "text(1)")).rejects.toMatchObject({
      message: "code-mode-host is gone: it exited with code 3: password at /home/somebody/.netrc",
    });
    expect(subject.host.events).toEqual([
      started,
      {
        type: "cell_ended",
        cellId: "1",
        status: "terminated",
        response: {
          type: "terminated",
          cellId: "1",
          contentItems: [],
          errorText: "exec cell 1 was lost with the process that ran it: it exited with code 3",
        },
        journal: null,
      },
    ]);
  });

  it("is heard on stderr line by line, however it writes them, and whatever whoever hears it does", async () => {
    const script = `
      process.stderr.write("half a");
      setImmediate(() => process.stderr.write(" line\\n\\nanother\\nthe last"));
    `;
    const heard: string[] = [];
    await using subject = new Subject({
      command: [process.execPath, "--eval", script],
      onHostLog: (line) => {
        heard.push(line);
        throw new Error("no");
      },
    });
    await expect(run(await subject.session(), "text(1)")).rejects.toMatchObject({
      message: "code-mode-host is gone: it exited with code 0: half a line\nanother\nthe last",
    });
    expect(heard).toEqual(["half a line", "another", "the last"]);
  });

  it("costs the sessions of other providers nothing", async () => {
    await using subject = new Subject();
    await using other = new Subject();
    const unharmed = await other.session();
    const cell = await unharmed.execute(exec("await tools.hold({}); text('unharmed')"));
    await other.host.holding("1/tool-1");
    await run(await subject.session(), "text(1)");
    subject.signal("SIGKILL");
    await subject.ended();
    other.host.answer("1/tool-1", null);
    expect(await cell.initialResponse).toEqual(text("1", "unharmed"));
  });

  it("before it was of use, again and again, is not started again for a while", async () => {
    let now = 0;
    const command: [string, ...string[]] = [
      process.execPath,
      "--eval",
      "console.error('broken'); process.exit(3)",
    ];
    await using subject = new Subject({ command, clock: () => now });
    const session = await subject.session();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(run(session, "text(1)")).rejects.toMatchObject({
        code: "host_lost",
        message: "code-mode-host is gone: it exited with code 3: broken",
      });
    }
    await expect(run(session, "text(1)")).rejects.toMatchObject({
      code: "host_lost",
      message:
        "code-mode-host ended 3 times in a row before it was of use, last because it exited with code 3: broken; the next attempt is in 250 ms",
    });
    expect(subject.ends.map(({ crashLoop }) => crashLoop)).toEqual([
      null,
      null,
      { consecutive: 3, retryInMs: 250 },
    ]);
    now = 250;
    await expect(run(session, "text(1)")).rejects.toMatchObject({
      message: expect.stringContaining("is gone"),
    });
  });

  it("because this process has no descriptors to spare is reported, and is started once there are", async () => {
    const program = fileURLToPath(new URL("out-of-descriptors.ts", import.meta.url));
    const command = `ulimit -n 512; exec '${process.execPath}' --conditions=rollout-trace-source '${program}'`;
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command]);
    expect(stdout).toMatch(/^host_lost .* could not be started: .*too many open files.*\nworks\n$/);
  });

  it("because it never was there is reported like one", async () => {
    await using subject = new Subject({ command: ["/no/such/program"] });
    const session = await subject.session();
    await expect(run(session, "text(1)")).rejects.toMatchObject({
      code: "host_lost",
      message: expect.stringContaining("/no/such/program could not be started"),
    });
  });
});

describe("a child that is not understood", { timeout: TIMEOUT_MS }, () => {
  it.each([
    ["of another protocol", { ...HELLO, protocol: 2 }, "the protocols differ"],
    ["that cannot do enough", { ...HELLO, capabilities: ["sessions"] }, "it lacks pending"],
  ])("%s is refused with an error that names both sides", async (_, said, words) => {
    await using subject = new Subject({ command: saying(said) });
    const failed = run(await subject.session(), "text(1)");
    await expect(failed).rejects.toMatchObject({ code: "protocol", message: expect.stringContaining(words) });
    await expect(failed).rejects.toMatchObject({
      message: expect.stringMatching(/@rollout-trace\/runtime .*\(protocol 1\).* other-host 7\.0\.0/),
    });
  });

  it.each([
    ["an unknown message", { type: "teleport" }, "does not understand"],
    ["an end without a beginning", { type: "cell_closed", session: 1, cellId: "9" }, "makes no sense"],
  ])("because it says %s is killed", async (_, said, words) => {
    await using subject = new Subject({ command: saying(HELLO, said) });
    await expect(run(await subject.session(), "text(1)")).rejects.toMatchObject({
      code: "host_lost",
      message: expect.stringContaining(words),
    });
    expect(subject.ends).toMatchObject([{ reason: "garbled" }]);
  });

  it("is killed, and its request fails, when it answers for a cell that it never started", async () => {
    const value = { type: "result", cellId: "1", contentItems: [] };
    const answer = { type: "response", id: 1, result: { ok: true, value } };
    await using subject = new Subject({ command: saying(HELLO, answer) });
    await expect(run(await subject.session(), "text(1)")).rejects.toMatchObject({
      code: "protocol",
      message: expect.stringContaining("a cell's response before the cell"),
    });
    expect(await subject.ended()).toMatchObject({ reason: "garbled" });
  });
});

describe("a child that goes wrong while it lives", { timeout: TIMEOUT_MS }, () => {
  it("is killed when it falls silent with something to do", async () => {
    await using subject = new Subject({ silenceMs: 1_000 });
    const session = await subject.session();
    await run(session, "text(1)");
    subject.signal("SIGSTOP");
    await expect(run(session, "text(2)")).rejects.toMatchObject({ code: "host_lost" });
    expect(subject.ends).toMatchObject([{ reason: "silent" }]);
    expect(await run(session, "text(3)")).toMatchObject({ contentItems: [{ text: "3" }] });
  });

  it("is killed when its memory passes the limit while a cell runs", async () => {
    await using subject = new Subject({ residentBytes: 200 * 2 ** 20 });
    const session = await subject.session();
    await expect(run(session, "globalThis.a = new Array(4e8).fill(1)")).rejects.toMatchObject({
      code: "host_lost",
      message: expect.stringMatching(/resident memory of \d+ bytes passed the limit of 209715200 bytes/),
    });
    expect(subject.ends).toMatchObject([{ reason: "memory", lostCells: 1 }]);
  });

  it("is replaced when an isolate in it is stuck, and its other cells finish", async () => {
    await using subject = new Subject({ replacementGraceMs: 60_000 });
    const { host } = subject;
    const session = await subject.session();
    const other = await session.execute(exec("await tools.hold({}); store('late', 1); text('unharmed')"));
    await host.holding("1/tool-1");
    const stuck = await session.execute(exec(`yield_control(); ${ENDLESS_BUILT_IN}`));
    await stuck.initialResponse;
    const replaced = subject.provider.hostPid;
    expect((await session.terminate({ cellId: "2" })).response.type).toBe("terminated");
    // That it is stuck is found out a moment after it was to stop; cells run on meanwhile.
    let last = 2;
    while (subject.provider.hostPid === replaced) {
      last += 1;
      expect(await run(session, "text('next')")).toEqual(text(String(last), "next"));
    }
    expect(subject.ends).toEqual([]);
    host.answer("1/tool-1", null);
    expect(await other.initialResponse).toEqual(text("1", "unharmed"));
    expect(await subject.ended()).toMatchObject({ reason: "replaced", lostCells: 0, pid: replaced });
    expect(await run(session, "text(load('late'))")).toEqual(text(String(last + 1), "1"));
  });

  it("is replaced after a grace when its other cells do not finish, and those are lost", async () => {
    await using subject = new Subject({ replacementGraceMs: 300 });
    const { host } = subject;
    const session = await subject.session();
    const other = await session.execute(exec("await tools.hold({})"));
    await host.holding("1/tool-1");
    const stuck = await session.execute(exec(`yield_control(); ${ENDLESS_BUILT_IN}`));
    await stuck.initialResponse;
    await session.terminate({ cellId: "2" });
    await expect(other.initialResponse).rejects.toMatchObject({
      code: "host_lost",
      message: "code-mode-host is gone: the isolate of exec cell 2 was stuck",
    });
    expect(subject.ends).toMatchObject([{ reason: "replaced", lostCells: 1, crashLoop: null }]);
    expect(host.events.filter(({ type }) => type === "cell_ended")).toHaveLength(2);
  });

  it("is replaced when an isolate in it is poisoned", async () => {
    await using subject = new Subject();
    const session = await subject.session();
    // V8 may also notice in time that the heap is full.
    for (let tries = 0; tries < 20 && subject.ends.length === 0; tries += 1) {
      const doomed = await session.execute({
        ...exec("const m = new Map(); for (let n = 0; ; n += 1) m.set(n, n);"),
        limits: { heapBytes: 32 * 2 ** 20 },
      });
      expect((await doomed.initialResponse).errorText).toContain("heapBytes");
      await run(session, "text('next')");
    }
    expect(subject.ends).toMatchObject([{ reason: "replaced", lostCells: 0 }]);
  });

  it("does not keep its provider from closing", async () => {
    const subject = new Subject({ silenceMs: 1_000 });
    const session = await subject.session();
    await (
      await session.execute(exec("yield_control(); while (true) {}"))
    ).initialResponse;
    subject.signal("SIGSTOP");
    await subject.provider.close();
    expect(subject.host.events.filter(({ type }) => type === "cell_ended")).toHaveLength(1);
    await expect(subject.session()).rejects.toMatchObject({ code: "shutting_down" });
  });
});

describe("what is larger than a frame", { timeout: TIMEOUT_MS }, () => {
  it("costs one operation, and the child lives on", async () => {
    await using subject = new Subject();
    const session = await subject.session();
    await expect(run(session, `text(1) //${"x".repeat(2 ** 24)}`)).rejects.toMatchObject({ code: "limit" });
    await expect(run(session, "text('x'.repeat(2 ** 24 + 2 ** 16))")).rejects.toMatchObject({
      code: "limit",
    });
    expect(
      await run(
        session,
        "try { await tools.echo({ a: 'x'.repeat(2 ** 24 + 2 ** 16) }) } catch { text('refused') }",
      ),
    ).toEqual(text("2", "refused"));
    expect(subject.ends).toEqual([]);
  });
});
