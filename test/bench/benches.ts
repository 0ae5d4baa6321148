/** The benchmarks there are. */
import type { Bench } from "./bench.ts";

export interface BenchEntry {
  /** What is measured against what, in a sentence or two. */
  readonly about: string;
  readonly load: () => Promise<Bench>;
  /** Arguments that make it short; its figures then mean nothing. */
  readonly quick: readonly string[];
}

export const BENCHES: ReadonlyMap<string, BenchEntry> = new Map([
  [
    "exec-overhead",
    {
      about:
        "A trivial cell from request to response, against the bare isolated-vm calls that it cannot do without.",
      load: async () => (await import("./exec-overhead.bench.ts")).execOverheadBench,
      quick: ["--samples", "2", "--warm-iterations", "2", "--tool-counts", "0", "--trials", "1"],
    },
  ],
  [
    "tool-call",
    {
      about:
        "A nested call that the host answers at once, against the bare bridge, which delivers one answer per turn or at once.",
      load: async () => (await import("./tool-call.bench.ts")).toolCallBench,
      quick: ["--samples", "1"],
    },
  ],
  [
    "event-loop",
    {
      about: "The host's event loop while cells do their worst.",
      load: async () => (await import("./event-loop.bench.ts")).eventLoopBench,
      quick: ["--milliseconds", "300"],
    },
  ],
  [
    "process-boundary",
    {
      about: "The same through the process boundary, against a bare child over pipes and against in process.",
      load: async () => (await import("./process-boundary.bench.ts")).processBoundaryBench,
      quick: ["--samples", "3", "--calls", "10", "--sessions", "5"],
    },
  ],
  [
    "opentelemetry",
    {
      about:
        "A session with tracing off, with the store alone, with the recorder's spans, and with the host's stored as well.",
      load: async () => (await import("./opentelemetry.bench.ts")).openTelemetryBench,
      quick: ["--trials", "1", "--turns", "20"],
    },
  ],
  [
    "recorder",
    {
      about: "What recording costs the host and the disk, against what one would do without a recorder.",
      load: async () => (await import("./recorder.bench.ts")).recorderBench,
      quick: ["--trials", "1", "--turns", "0", "--events", "200"],
    },
  ],
  [
    "reduce",
    {
      about:
        "An event's share of reducing, against parsing the unique bytes of the recording and against a short rollout. Times are processor time of the thread that reduces.",
      load: async () => (await import("./reduce.bench.ts")).reduceBench,
      quick: ["20"],
    },
  ],
  [
    "peers",
    {
      about:
        "Other ways to run what a model wrote and to reduce a bundle; a ratio below 1 is in our favour. `node:vm` and worker threads are no sandbox; what runs in process is compared with our cells in process, and other programs with our process boundary. `npm run bench -- install-peers --codex` installs them.",
      load: async () => (await import("./peers.bench.ts")).peersBench,
      quick: ["--rounds", "2", "--calls", "5", "--turns", "2"],
    },
  ],
  [
    "scaling",
    {
      about:
        "The same figures for rollouts of very different lengths, recorded into a store with the default durability and reduced from it, against the shortest.",
      load: async () => (await import("./scaling.bench.ts")).scalingBench,
      quick: ["--lengths", "1000", "--warm", "0"],
    },
  ],
  [
    "cli",
    {
      about:
        "What a person waits for who types a command: the built program as a process of its own, its start included. Times are processor time of all its threads, the least of several rounds.",
      load: async () => (await import("./cli.bench.ts")).cliBench,
      quick: ["--turns", "20", "--rollouts", "20", "--rounds", "1"],
    },
  ],
]);
