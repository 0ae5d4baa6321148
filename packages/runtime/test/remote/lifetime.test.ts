/** When children start, who shares them, and that nothing of theirs is left over or keeps anybody waiting. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { ProcessSessionProvider } from "../../src/remote/index.ts";
import { RecordingHost } from "../session/recording-host.ts";

const request = (source: string) => ({ toolCallId: "call", source, enabledTools: [], yieldTimeMs: 60_000 });

describe("a child", { timeout: 90_000 }, () => {
  it("starts with the first request, serves all sessions of its provider, and is gone when that is closed", async () => {
    const provider = new ProcessSessionProvider();
    const sessions = await Promise.all([
      provider.createSession(new RecordingHost()),
      provider.createSession(new RecordingHost()),
    ]);
    expect(provider.hostPid).toBeUndefined();
    const pids = new Set<number | undefined>();
    for (const session of sessions) {
      await (
        await session.execute(request("text(1)"))
      ).initialResponse;
      pids.add(provider.hostPid);
    }
    expect([...pids]).toEqual([expect.any(Number)]);
    await provider.close();
    const [pid = 0] = pids;
    expect(isRunning(pid)).toBe(false);
  });

  it("keeps no process alive that forgot to close it, not with a script that never ends nor with one that cannot be stopped", async () => {
    const entry = new URL("../../src/remote/index.ts", import.meta.url).href;
    const script = `
      import { ProcessSessionProvider } from ${JSON.stringify(entry)};
      const provider = new ProcessSessionProvider({ replacementGraceMs: 60_000 });
      const delegate = { invokeTool: async () => 1, notify: async () => {}, cellClosed() {} };
      const session = await provider.createSession(delegate);
      const start = async (source) => {
        const cell = await session.execute({ toolCallId: "c", source: "yield_control(); " + source, enabledTools: [] });
        await cell.initialResponse;
        return cell.cellId;
      };
      await start("while (true) {}");
      const stuck = await start("Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)");
      const { hostPid } = provider;
      await session.terminate({ cellId: stuck });
      console.log(hostPid);
    `;
    const args = ["--conditions=rollout-trace-source", "--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 80_000 });
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(0);
    // It notices that its stdin is closed in its own time.
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
