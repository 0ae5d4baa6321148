/** When children start, who shares them, and that nothing of theirs is left over or keeps anybody waiting. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostCommand } from "../../src/remote/host-command.ts";
import { ProcessSessionProvider } from "../../src/remote/index.ts";
import { RecordingHost } from "../session/recording-host.ts";

const request = (source: string) => ({ toolCallId: "call", source, enabledTools: [], yieldTimeMs: 60_000 });

const HOST_COMMAND = new URL("../../src/remote/host-command.ts", import.meta.url).href;
const ENTRY = new URL("../../src/remote/index.ts", import.meta.url).href;
/** A child notices what it notices in its own time. */
const PATIENCE = { timeout: 30_000 };

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
    const script = `
      await start("while (true) {}");
      const stuck = await start("Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)");
      const { hostPid } = provider;
      await session.terminate({ cellId: stuck });
      console.log(hostPid);
    `;
    const pid = await childOf("{ replacementGraceMs: 60_000 }", script);
    await expect.poll(() => isRunning(pid), PATIENCE).toBe(false);
  });

  const stopped =
    "await start(''); process.kill(provider.hostPid, 'SIGSTOP'); console.log(provider.hostPid);";

  it("that is stopped ends with a process that ends in order", async () => {
    const options = "{ command: [process.execPath, ...hostArguments()] }";
    const pid = await childOf(options, `${stopped} process.exit();`);
    await expect.poll(() => isRunning(pid), PATIENCE).toBe(false);
  });

  it.runIf(hostCommand()[0] !== process.execPath)(
    "that is stopped ends with a process that is killed (where there is a program to see to it)",
    async () => {
      const pid = await childOf("{}", `${stopped} process.kill(process.pid, 'SIGKILL');`);
      await expect.poll(() => isRunning(pid), PATIENCE).toBe(false);
    },
  );
});

/** Runs a program that makes a provider with `options`, starts cells, says the child's process id, and ends. */
async function childOf(options: string, script: string): Promise<number> {
  const program = `
    import { hostArguments } from ${JSON.stringify(HOST_COMMAND)};
    import { ProcessSessionProvider } from ${JSON.stringify(ENTRY)};
    const provider = new ProcessSessionProvider(${options});
    const delegate = { invokeTool: async () => 1, notify: async () => {}, cellClosed() {} };
    const session = await provider.createSession(delegate);
    const start = async (source) => {
      const cell = await session.execute({ toolCallId: "c", source: "yield_control(); " + source, enabledTools: [] });
      await cell.initialResponse;
      return cell.cellId;
    };
    ${script}
  `;
  const args = ["--conditions=rollout-trace-source", "--input-type=module", "--eval", program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 80_000 }).catch(
    // It may have killed itself.
    (failed: { stdout: string; stderr: string }) => failed,
  );
  const pid = Number(stdout);
  if (!(pid > 0)) throw new Error(`it said ${stdout}${stderr}`);
  onTestFinished(() => {
    if (isRunning(pid)) process.kill(pid, "SIGKILL");
  });
  return pid;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
