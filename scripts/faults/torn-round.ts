/** A round: a store that is being written, or a bundle of it, is damaged in several ways, and each copy is read by a process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportCodexBundle, openSource } from "@rollout-trace/cli";
import { openTraceStore } from "@rollout-trace/trace";
import type { SeededRandom } from "../seeded-random.ts";
import type { RoundCheck } from "./check-round.ts";
import { damageBundle, damageStore } from "./damage.ts";
import { HostWork } from "./host-work.ts";
import type { ReadReport } from "./read-damaged.ts";
import { sceneIn } from "./scene.ts";

const READER = join(import.meta.dirname, "read-damaged.ts");
const COPIES = 4;
const MAX_STEPS = 200;
/** Of processor time, and over all: a reader that takes longer hangs. Reading what is undamaged takes a second or two. */
const MAX_READING_CPU_S = 60;
const MAX_READING_MS = 900_000;

export type Torn = "store" | "bundle";

export async function tornRound(torn: Torn, seed: number, random: SeededRandom): Promise<RoundCheck> {
  const parent = mkdtempSync(join(tmpdir(), "torn-"));
  const scene = sceneIn(parent, seed, random);
  try {
    // Here and not in a host that is killed, so that a round made again damages the same store.
    using store = openTraceStore({ path: scene.path });
    const work = new HostWork(store.startRollout({ rolloutId: "torn" }), { seed, scale: 1 });
    for (let steps = random.integer(5, MAX_STEPS); steps > 0; steps -= 1) work.step();
    const copies = makeCopies(torn, scene.path, random);
    const { reports, exit } = await readAll([...copies.keys()]);
    const problems = exit === 0 ? [] : [`the reader ended with ${exit}`];
    const results = new Map<string, number>();
    for (const { path, results: found, problems: seen } of reports.values()) {
      for (const problem of seen) problems.push(`${copies.get(path)}: ${problem}`);
      const outcome = found["verify"] ?? found["reduce"] ?? "nothing";
      results.set(outcome, (results.get(outcome) ?? 0) + 1);
    }
    if (reports.size < copies.size) problems.push(`${copies.size - reports.size} copies were not read`);
    const outcome = [...results.keys()]
      .toSorted((left, right) => (left < right ? -1 : 1))
      .map((result) => `${results.get(result)} ${result}`);
    return { outcome: outcome.join(", "), problems };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** By path, how each was damaged. */
function makeCopies(torn: Torn, path: string, random: SeededRandom): ReadonlyMap<string, string> {
  const copies = new Map<string, string>();
  const bundle = `${path}-bundle`;
  if (torn === "bundle") {
    using source = openSource(path, { rollout: "latest" });
    exportCodexBundle(source.rollout, bundle);
  }
  for (let number = 1; number <= COPIES; number += 1) {
    const copy = `${path}-copy-${number}`;
    const how = torn === "bundle" ? damageBundle(bundle, copy, random) : damageStore(path, copy, random);
    copies.set(copy, how);
  }
  return copies;
}

async function readAll(
  paths: readonly string[],
): Promise<{ readonly reports: ReadonlyMap<string, ReadReport>; readonly exit: number | string | null }> {
  const limited = `ulimit -t ${MAX_READING_CPU_S}; exec "$@"`;
  const command = [process.execPath, "--conditions=rollout-trace-source", READER, ...paths];
  const child = spawn("sh", ["-c", limited, "sh", ...command], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: MAX_READING_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.on("data", (data) => (output += String(data)));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const reports = new Map<string, ReadReport>();
  for (const line of output.split("\n").slice(0, -1)) {
    const report = JSON.parse(line) as ReadReport;
    reports.set(report.path, report);
  }
  return { reports, exit: signal ?? code };
}
