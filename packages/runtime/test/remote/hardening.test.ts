/** What is taken from the child, looked at from inside and from outside; `docs/code-mode-host.md` says what each is good for. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { getPriority } from "node:os";
import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hostArguments } from "../../src/remote/host-command.ts";
import { ProcessSessionProvider } from "../../src/remote/index.ts";
import { RecordingHost, TOOLS } from "../session/recording-host.ts";
import type { Probed } from "./probe.ts";

const PROBE = fileURLToPath(new URL("probe.ts", import.meta.url));
const DESCRIPTORS = fileURLToPath(new URL("descriptors.ts", import.meta.url));

/** Runs the probe with everything taken from it that is taken from the host. */
async function probe(): Promise<Probed> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const logged: string[] = [];
  await using provider = new ProcessSessionProvider({
    command: [process.execPath, ...hostArguments().slice(0, -1), PROBE, String(port)],
    onHostLog: (line) => logged.push(line),
  });
  const session = await provider.createSession(new RecordingHost());
  const request = { toolCallId: "call", source: "text(1)", enabledTools: [] };
  await expect(session.execute(request)).rejects.toMatchObject({ code: "host_lost" });
  server.close();
  const line = logged.find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`the probe said nothing: ${logged.join("\n")}`);
  return JSON.parse(line) as Probed;
}

describe("the child", { timeout: 90_000 }, () => {
  it("has no environment, no files, no processes, no threads and no inspector, but sockets and signals", async () => {
    process.env["PROBED_SECRET"] = "hidden";
    const probed = await probe();
    const denied = "ERR_ACCESS_DENIED";
    expect(probed).toEqual({
      env: [],
      tried: {
        "read a system file": denied,
        "read the host's working directory": denied,
        "read what the host's process is": denied,
        "write a file": denied,
        "write into its own package": denied,
        "read its own package": "done",
        "start a process": denied,
        "start a thread": denied,
        "open an inspector": denied,
        "signal the host": "done",
        "connect to a server": "done",
      },
    });
  });

  it.runIf(process.platform === "linux")(
    "inherits no descriptor but its three pipes, not even one that its parent was given to pass on",
    async () => {
      const { parent, child } = await descriptorsOf("/etc/hostname");
      expect(parent).toContain("/etc/hostname");
      const own = parent.filter((link) => !link.startsWith("anon_inode:") && link !== "/dev/null");
      expect(child.filter((link) => own.includes(link))).toEqual([]);
    },
  );

  it("runs its scripts, and everything else, at a lower priority", async () => {
    await using provider = new ProcessSessionProvider();
    const host = new RecordingHost();
    const session = await provider.createSession(host, { observer: host });
    const source = "await tools.hold({})";
    const cell = await session.execute({ toolCallId: "call", source, enabledTools: TOOLS });
    await host.holding("1/tool-1");
    const pid = provider.hostPid ?? 0;
    expect(new Set(nicenessOfThreads(pid))).toEqual(new Set([getPriority() + 5]));
    await session.terminate({ cellId: cell.cellId });
  });
});

/** Of a process that was started with `file` open, for whomever it starts, and of its child. */
async function descriptorsOf(file: string): Promise<{ readonly parent: string[]; readonly child: string[] }> {
  const passedOn = openSync(file, "r");
  // Node keeps its first few to itself.
  const unused = Array.from({ length: 40 }, () => "ignore" as const);
  const program = spawn(process.execPath, ["--conditions=rollout-trace-source", DESCRIPTORS], {
    stdio: ["ignore", "pipe", "inherit", ...unused, passedOn],
  });
  closeSync(passedOn);
  return (await json(program.stdout as Readable)) as { parent: string[]; child: string[] };
}

/** Of the process as a whole where nothing more is to be had. */
function nicenessOfThreads(pid: number): number[] {
  if (process.platform !== "linux") return [getPriority(pid)];
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
    return Number(stat.split(") ")[1]?.split(" ")[16]);
  });
}
