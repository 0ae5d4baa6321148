/** What only a real process shows of an export: pipes, signals, full disks, and what is left behind. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openTraceStore } from "@rollout-trace/trace";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND, Running, shell } from "../commands/cli-process.ts";
import { run } from "../commands/run.ts";
import { smallBundle } from "../commands/small-bundle.ts";
import { smallStore } from "../commands/small-store.ts";

let folder: string;
let small: string;
let long: string;
let bundle: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "export-process-"));
  small = smallStore(join(folder, "small.db"));
  long = longStore(join(folder, "long.db"));
  bundle = smallBundle(folder);
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** More events than are written before somebody can press Ctrl-C. */
function longStore(path: string): string {
  const trace = openTraceStore({ path });
  trace.startRollout({ rolloutId: "long" });
  trace.close();
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA synchronous = OFF;
    WITH RECURSIVE numbers (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM numbers WHERE n < 120000)
    INSERT INTO events SELECT rollout, n, time_unix_us, thread_id, NULL, 'turn_started',
      json_object('type', 'turn_started', 'turn_id', 'turn-' || n, 'thread_id', thread_id)
      FROM events, numbers WHERE seq = 2;`);
  database.close();
  return path;
}

const FORMATS = ["html", "perfetto", "mermaid", "ndjson"] as const;

describe("the output of an export", () => {
  it.each(FORMATS)("as %s on a full disk is a message and exit code 3", (format) => {
    expect(shell(`${COMMAND} export ${small} --rollout weather --${format} > /dev/full`)).toEqual({
      code: 3,
      signal: null,
      out: "",
      err: expect.stringMatching(/^rollout-trace: the output cannot be written: ENOSPC/),
    });
  });

  it.each(FORMATS)(
    "as %s in a file on a full disk, or where there is no folder, is a message and exit code 3",
    async (format) => {
      const full = await run(["export", small, "--rollout", "weather", `--${format}`, "-o", "/dev/full"]);
      expect(full).toMatchObject({
        code: 3,
        out: "",
        err: expect.stringMatching(/^rollout-trace: \/dev\/full: ENOSPC/),
      });
      const nowhere = join(folder, "none", "file");
      const missing = await run(["export", small, "--rollout", "weather", `--${format}`, "-o", nowhere]);
      expect(missing).toMatchObject({ code: 3, out: "", err: expect.stringContaining(`${nowhere}: ENOENT`) });
    },
  );

  it("may be closed early: `| head` is no failure, and ends the export", { timeout: 120_000 }, () => {
    const line = `${COMMAND} export ${long} --ndjson | head -n 1 | wc -l; echo "code \${PIPESTATUS[0]}"`;
    const { out, err } = shell(line);
    expect({ out: out.replaceAll(/ /g, ""), err }).toEqual({ out: "1\ncode0\n", err: "" });
  });

  it("takes the place of a file in one step, also through a link, and leaves nothing beside it", async () => {
    const target = join(folder, "target");
    mkdirSync(target);
    writeFileSync(join(target, "real"), "old");
    symlinkSync(join(target, "real"), join(target, "link"));
    expect(
      await run(["export", small, "--rollout", "weather", "--mermaid", "-o", join(target, "link")]),
    ).toMatchObject({ code: 0 });
    expect(readFileSync(join(target, "real"), "utf8")).toMatch(/^sequenceDiagram/);
    expect(readdirSync(target).toSorted()).toEqual(["link", "real"]);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "is left as it was by %s, with nothing beside it and exit code %i",
    { timeout: 120_000 },
    async (signal, code) => {
      const target = mkdtempSync(join(folder, "interrupted-"));
      const file = join(target, "events.ndjson");
      writeFileSync(file, "old");
      const exporting = Running.cli(["export", long, "--ndjson", "-o", file]);
      await exporting.opened(long);
      await appears(target, ".partial");
      exporting.signal(signal);
      expect(await exporting.exited).toEqual({ code, signal: null, out: "", err: "" });
      expect(readdirSync(target)).toEqual(["events.ndjson"]);
      expect(readFileSync(file, "utf8")).toBe("old");
    },
  );

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "as a bundle leaves no folder behind after %s, and none that it would have been in",
    { timeout: 120_000 },
    async (signal, code) => {
      const target = mkdtempSync(join(folder, "interrupted-"));
      const exporting = Running.cli(["export", long, "--bundle", join(target, "of", "mine", "bundle")]);
      await exporting.opened(long);
      await appears(target, "of");
      exporting.signal(signal);
      expect(await exporting.exited).toEqual({ code, signal: null, out: "", err: "" });
      expect(readdirSync(target)).toEqual([]);
    },
  );

  it("is not written through a link that somebody laid where it is made", () => {
    const target = mkdtempSync(join(folder, "laid-"));
    writeFileSync(join(target, "victim"), "mine");
    // The number of the process is that of the shell that becomes it.
    const line = `cd ${target} && ln -s victim out.$$.partial && exec ${COMMAND} reduce ${bundle} -o out`;
    expect(shell(line)).toMatchObject({ code: 3, out: "", err: expect.stringMatching(/out: EEXIST/) });
    expect(readFileSync(join(target, "victim"), "utf8")).toBe("mine");
    expect(readdirSync(target).filter((name) => name.endsWith(".partial"))).toHaveLength(1);
  });

  it.each([
    ["export --bundle", "export", "--bundle"],
    ["export -o", "export --html", "-o"],
    ["fixture -o", "fixture", "-o"],
  ])("of %s leaves nothing behind where there is no room for it", (_name, command, option) => {
    const target = mkdtempSync(join(folder, "full-"));
    const place = join(target, "new", "place");
    if (option === "-o" && command !== "fixture") mkdirSync(join(target, "new"));
    const before = readdirSync(target, { recursive: true });
    // No file may be larger than a block: what a full disk does, without filling one.
    const line = `ulimit -f 1; ${COMMAND} ${command} ${bundle} ${option} ${place}`;
    expect(shell(line, { NODE_COMPILE_CACHE: undefined })).toEqual({
      code: 3,
      signal: null,
      out: "",
      err: expect.stringMatching(/^rollout-trace: [^\n]*place: EFBIG[^\n]*\n$/),
    });
    expect(readdirSync(target, { recursive: true })).toEqual(before);
  });
});

async function appears(path: string, ending: string): Promise<void> {
  while (!readdirSync(path).some((name) => name.endsWith(ending)))
    await new Promise((resolve) => setImmediate(resolve));
}

describe("the choice of a format", () => {
  it("has to be one, with options of its own", async () => {
    const wrong = async (...args: readonly string[]): Promise<unknown> =>
      await run(["export", small, "--rollout", "weather", ...args]);
    expect(await wrong()).toMatchObject({
      code: 2,
      err: expect.stringContaining("choose one of --html, --perfetto, --mermaid"),
    });
    expect(await wrong("--html", "--ndjson")).toMatchObject({
      code: 2,
      err: expect.stringContaining("got --html and --ndjson"),
    });
    expect(await wrong("--html", "--payload-refs")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--payload-refs: not with --html"),
    });
    expect(await wrong("--bundle", "x", "-o", "y")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--output: not with --bundle"),
    });
  });

  it.each(["html", "perfetto"])("%s is not poured into a terminal", async (format) => {
    const ran = await run(["export", small, "--rollout", "weather", `--${format}`], 80);
    expect(ran).toMatchObject({ code: 2, out: "", err: expect.stringContaining("give it a file with -o") });
  });

  it("ndjson on a terminal steers nothing", async () => {
    const store = join(folder, "steering.db");
    const trace = openTraceStore({ path: store });
    trace.startRollout({ rolloutId: "r", rootThread: { agentPath: "/\u001b[2J\u202eroot" } }).endRollout();
    trace.close();
    const [onTerminal, inPipe] = [
      await run(["export", store, "--ndjson"], 80),
      await run(["export", store, "--ndjson"]),
    ];
    // oxlint-disable-next-line no-control-regex -- what must not reach a terminal
    expect(onTerminal.out).not.toMatch(/[\u001b\u202e]/);
    const parsed = (text: string): unknown =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
    expect(parsed(onTerminal.out)).toEqual(parsed(inPipe.out));
  });
});
