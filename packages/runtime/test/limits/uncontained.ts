/**
 * A program: `uncontained.ts CASE` runs a script that an isolate cannot contain in process, terminates it, and prints as JSON what
 * the session said, what the provider said of it, and how a cell fared that came after it (`UncontainedReport`). With `exit` as
 * a second argument it then ends with `process.exit`, otherwise it kills itself.
 */
import v8 from "node:v8";
import { InProcessSessionProvider, type IsolateLoss } from "@rollout-trace/runtime";

export interface UncontainedReport {
  readonly ended: string;
  readonly lost: readonly IsolateLoss[];
  readonly next: string;
}

const MIB = 1024 * 1024;
const SCRIPTS: Readonly<Record<string, string>> = {
  "unrolled loop": "while (true) { globalThis.z = new Array(1000); }",
  "loop after the end": "try { exit(); } catch {} while (true) { globalThis.z = new Array(1000); }",
  "endless built-in": "new Array(4e8).fill(1);",
  "growing map": "const map = new Map(); for (let n = 0; ; n += 1) map.set(n, n);",
};

const [name = "", end] = process.argv.slice(2);
const source = SCRIPTS[name];
if (source === undefined) throw new Error(`no case ${name}`);

const lost: IsolateLoss[] = [];
const provider = new InProcessSessionProvider({ onIsolateLost: (loss) => lost.push(loss) });
// What the provider turned off is turned on again, as in a process whose flags somebody else decides.
if (name.includes("loop")) v8.setFlagsFromString("--turboshaft-loop-unrolling");
const session = await provider.createSession({
  invokeTool: async () => null,
  notify: async () => {},
  cellClosed: () => {},
});
const limits = { heapBytes: 32 * MIB };
const enabledTools = [] as const;

// The map passes its limit by itself, the others have to be terminated.
const yieldTimeMs = name === "growing map" ? 2 ** 31 - 1 : 1_000;
const doomed = await session.execute({
  toolCallId: "doomed",
  source,
  enabledTools,
  limits,
  yieldTimeMs,
});
const first = await doomed.initialResponse;
const ended = first.type === "yielded" ? await terminated() : (first.errorText ?? first.type);
const after = await session.execute({ toolCallId: "next", source: "text('served')", enabledTools });
const { contentItems } = await after.initialResponse;
const next = contentItems.map((item) => (item.type === "input_text" ? item.text : "")).join();
// What is lost is known when a script that does not stop has had half a second of a processor, or after half a minute; one whose
// thread does nothing for a second has stopped.
if (name !== "growing map") {
  for (let second = 0, used = 0; second < 40 && lost.length === 0; second += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1_000);
    });
    const before = used;
    used = otherThreadsMs();
    if (second > 0 && used - before < 5) break;
  }
}
const report: UncontainedReport = { ended, lost, next };
process.stdout.write(JSON.stringify(report), () => {
  if (end === "exit") process.exit();
  else process.kill(process.pid, "SIGKILL");
});

async function terminated(): Promise<string> {
  return (await session.terminate({ cellId: doomed.cellId })).response.type;
}

/** Of a processor, up to now. */
function otherThreadsMs(): number {
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
  return (all.user + all.system - own.user - own.system) / 1000;
}
