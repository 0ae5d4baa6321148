/** When what is in SQLite's log gets into the file: beside the host's thread where there can be another. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readTraceStore, verifyStore } from "@rollout-trace/trace";
import { openStore, temporaryPath } from "../support.ts";

/** Enough for a checkpoint, and less than a commit makes one for by itself. */
const EVENTS = 600;
const PROGRAM = fileURLToPath(new URL("../programs/record-and-measure.ts", import.meta.url));

it("goes there while the host does something else", async () => {
  const path = temporaryPath();
  const root = openStore({ path }).startRollout();
  for (let number = 0; number < EVENTS; number += 1) root.protocolEvent("x", () => ({ number }));
  await expect.poll(() => statSync(path).size, { timeout: 20_000 }).toBeGreaterThan(EVENTS * 100);
});

it("is all there when the store is closed at the very moment that it goes there", () => {
  for (let round = 0; round < 10; round += 1) {
    const path = temporaryPath();
    const store = openStore({ path });
    const root = store.startRollout();
    for (let number = 0; number < EVENTS; number += 1) root.protocolEvent("x", () => ({ number }));
    store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(verifyStore(path).findings).toEqual([]);
  }
});

it.runIf(existsSync("/proc/self/fdinfo"))(
  "goes there without a change to the host's own output (told by Linux's /proc)",
  () => {
    const path = temporaryPath();
    const program = fileURLToPath(new URL("../programs/record-and-compare-output.ts", import.meta.url));
    const args = ["--conditions=rollout-trace-source", program, path, String(EVENTS)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect({ stdout, stderr }).toEqual({ stdout: "the same", stderr: "" });
    expect(statSync(path).size).toBeGreaterThan(EVENTS * 100);
  },
);

it("goes there on the host's own thread where Node allows no other", () => {
  const path = temporaryPath();
  const permissions = ["--permission", "--allow-addons", "--allow-fs-read=*", "--allow-fs-write=*"];
  const flags = ["--conditions=rollout-trace-source", "--disable-warning=SecurityWarning"];
  const child = spawnSync(process.execPath, [...flags, ...permissions, PROGRAM, path, String(EVENTS)], {
    encoding: "utf8",
  });
  expect(child.stderr).toBe("");
  expect(Number(child.stdout)).toBeGreaterThan(EVENTS * 100);
  using reader = readTraceStore(path);
  expect(reader.rolloutCounts()).toHaveLength(1);
});
