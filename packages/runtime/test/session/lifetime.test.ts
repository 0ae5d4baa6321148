/** What is left when sessions and providers are no longer used. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { InProcessSessionProvider } from "../../src/index.ts";
import { RecordingHost, settleLoop } from "./recording-host.ts";

const ENTRY = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

async function runProcess(script: string): Promise<string> {
  const args = ["--conditions=rollout-trace-source", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  return stdout;
}

const OPEN = `
  import { InProcessSessionProvider } from ${JSON.stringify(ENTRY)};
  const provider = new InProcessSessionProvider();
  const delegate = { invokeTool: async () => 1, notify: async () => {}, cellClosed() {} };
  const session = await provider.createSession(delegate);
  const run = async (source) => {
    const cell = await session.execute({ toolCallId: "c", source, enabledTools: [] });
    return (await cell.initialResponse).contentItems.map((item) => item.text).join();
  };
`;

describe("a session that nobody holds any more", () => {
  it("leaves no isolate running", async () => {
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc") as () => void;
    const provider = new InProcessSessionProvider();
    const host = new RecordingHost();
    await (async () => {
      const session = await provider.createSession(host, { observer: host });
      const source = "yield_control(); while (true) {}";
      const cell = await session.execute({ toolCallId: "call", source, enabledTools: [] });
      await cell.initialResponse;
    })();
    for (let tries = 0; tries < 50 && host.closed.length === 0; tries += 1) {
      collect();
      await settleLoop();
    }
    expect(host.closed).toEqual(["1"]);
    await provider.close();
  });
});

describe("a cell of a session that is observed", () => {
  it("runs nothing when it is terminated by who hears of its start", async () => {
    await using provider = new InProcessSessionProvider();
    const session = await provider.createSession(new RecordingHost(), {
      observer: {
        observe(event) {
          if (event.type === "cell_started") void session.terminate({ cellId: event.cellId });
        },
      },
    });
    const cell = await session.execute({ toolCallId: "call", source: "text('ran')", enabledTools: [] });
    expect(await cell.initialResponse).toEqual({ type: "terminated", cellId: "1", contentItems: [] });
  });
});

describe("a provider", () => {
  it("shuts its sessions down when it is closed, and makes no more", async () => {
    const host = new RecordingHost();
    const provider = new InProcessSessionProvider();
    const session = await provider.createSession(host);
    const cell = await session.execute({ toolCallId: "call", source: "while (true) {}", enabledTools: [] });
    await provider.close();
    expect(await cell.initialResponse).toEqual({ type: "terminated", cellId: "1", contentItems: [] });
    await expect(provider.createSession(host)).rejects.toMatchObject({ code: "shutting_down" });
    await provider.close();
  });

  it("disposes sessions and itself with await using", async () => {
    const host = new RecordingHost();
    {
      await using provider = new InProcessSessionProvider();
      await using session = await provider.createSession(host);
      await session.execute({ toolCallId: "call", source: "while (true) {}", enabledTools: [] });
    }
    expect(host.closed).toEqual(["1"]);
  });

  it("does not keep a process alive that forgot to close it", async () => {
    expect(await runProcess(`${OPEN} console.log(await run("text('done')"));`)).toBe("done\n");
  });
});
