/** A round: a host records, a fault strikes at a random point, is relieved at another or not at all, and the host ends. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { SeededRandom } from "../seeded-random.ts";
import { checkRound, type RoundCheck } from "./check-round.ts";
import { defaultOptions, type Fault, type Relief } from "./faults.ts";
import { Host, sceneIn } from "./scene.ts";

const MAX_BEFORE_MS = 120;
/** Longer than a recorder waits for a lock, now and then. */
const MAX_DURING_MS = 1_200;
const MAX_AFTER_MS = 400;
/** Some faults strike a host that has not begun. */
const EARLY_SHARE = 0.1;
const RELIEVED_SHARE = 0.75;
/** So large that a recorder that cannot write does not keep everything in memory for long. */
const LARGE_SCALE = 60;
const KILLED_SHARE = 0.3;

export async function recordingRound(fault: Fault, seed: number, random: SeededRandom): Promise<RoundCheck> {
  const parent = mkdtempSync(join(tmpdir(), "faults-"));
  // The host may be another user.
  chmodSync(parent, 0o755);
  const scene = sceneIn(parent, seed, random);
  const prepared = fault.prepare?.(scene) ?? {};
  const host = new Host(
    {
      ...defaultOptions(scene),
      durability: random.pick(["process", "process", "process", "power", "batch"]),
      scale: random.pick([1, 1, LARGE_SCALE]),
      ...prepared.options,
    },
    prepared.env,
  );
  const killed = fault.ends === "kill" || random.chance(KILLED_SHARE);
  const isRelieved = random.chance(RELIEVED_SHARE) || fault.mustEnd === true;
  let relief: Relief = () => {};
  try {
    if (random.chance(EARLY_SHARE) && fault.ends === "kill") await pause(random.integer(0, 300));
    else await host.working();
    await pause(random.integer(0, MAX_BEFORE_MS));
    relief = once(await fault.strike(scene, host));
    if (fault.ends !== "kill") await pause(random.integer(0, MAX_DURING_MS));
    if (isRelieved) relief();
    if (isRelieved && fault.ends !== "kill") await pause(random.integer(0, MAX_AFTER_MS));
    if (killed) host.kill("SIGKILL");
    const outcome = await host.end(killed ? "wait" : "ask");
    relief();
    return checkRound(outcome, {
      killed,
      replaced: fault.ends === "replace",
      slowed: fault.slowsHost === true,
    });
  } finally {
    host.kill("SIGKILL");
    relief();
    prepared.undo?.();
    rmSync(parent, { recursive: true, force: true });
  }
}

function once(relief: Relief): Relief {
  let isDone = false;
  return () => {
    if (!isDone) relief();
    isDone = true;
  };
}
