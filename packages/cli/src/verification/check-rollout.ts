/** All checks of one rollout, whatever it is kept in. */
import { hash } from "node:crypto";
import { asId, type RolloutId, type RolloutSource } from "@rollout-trace/protocol";
import {
  checkGraph,
  createReducer,
  graphJson,
  ReduceError,
  type RolloutGraph,
  reduceRollout,
} from "@rollout-trace/reducer";
import type { TraceStoreReader } from "@rollout-trace/trace/store";
import { messageOf } from "../errors.ts";
import type { OpenSource } from "../sources/open-source.ts";
import { checkEvents } from "./check-events.ts";
import { Problems } from "./problems.ts";

export interface CheckResult {
  readonly name: string;
  readonly count: number;
  /** The first few problems. Untrusted text. */
  readonly problems: readonly string[];
}

export interface CheckedRollout {
  readonly rollout_id: string;
  readonly events: number;
  readonly payloads: number;
  /** SHA-256 of the graph's canonical text. */
  readonly digest: string;
  readonly checks: readonly CheckResult[];
  readonly ok: boolean;
}

/** Snapshots taken while reducing in chunks: each costs the size of the graph so far. */
const SNAPSHOTS = 4;
/** Events read at a time when reducing in chunks; prime, so that chunks do not fall on a source's own pages. */
const CHUNK_EVENTS = 97;

/** `before` are checks of what the rollout is kept in, as far as they are about it. */
export function checkRollout(source: OpenSource, before: readonly CheckResult[] = []): CheckedRollout {
  const { rollout } = source;
  const { events, payloads, order, contents, payloadsPresent } = checkEvents(source);
  const graph = reduceRollout(rollout);
  const digest = digestOf(graph);
  const strictly = strict(rollout, digest);
  // A strict reduction that comes to its end is a second one.
  const again = strictly.count === 0 ? strictly : same(digest, digestOf(reduceRollout(rollout)));
  const checks = [
    ...before,
    result("events are contiguous and in order", order),
    result("events have the shape of their type", contents),
    result("payloads are there and readable", payloadsPresent),
    result("strict reduction", strictly),
    result("the graph is sound", sound(graph)),
    result("reduced again, the same digest", again),
    result("reduced in chunks, the same digest", same(digest, digestOf(inChunks(rollout, events)))),
  ];
  const ok = checks.every(({ count }) => count === 0);
  return { rollout_id: rollout.rolloutId, events, payloads, digest, checks, ok };
}

/** The same of a rollout of a store, by its trace id: one that was recorded twice is two recordings. */
export function checkStored(
  store: TraceStoreReader,
  traceId: string,
  before: readonly CheckResult[] = [],
): CheckedRollout {
  const rollout = store.openRollout(asId<RolloutId>(traceId));
  return checkRollout({ format: "store", rollout, [Symbol.dispose]: () => undefined }, before);
}

export function result(name: string, problems: Problems): CheckResult {
  return { name, count: problems.count, problems: problems.first };
}

function strict(rollout: RolloutSource, digest: string): Problems {
  try {
    return same(digest, digestOf(reduceRollout(rollout, { mode: "strict" })));
  } catch (error) {
    const problems = new Problems();
    const where =
      error instanceof ReduceError
        ? `${error.code} at ${error.seq === null ? "the end" : `seq ${error.seq}`}: `
        : "";
    problems.add(where + messageOf(error));
    return problems;
  }
}

/** `graphDigest`, by the hash function that comes with Node, which takes a fifth of the time that hashing takes there. */
function digestOf(graph: RolloutGraph): string {
  return hash("sha256", graphJson(graph), "hex");
}

function sound(graph: RolloutGraph): Problems {
  const problems = new Problems();
  for (const { object, message } of checkGraph(graph))
    problems.add(`${object.type} ${object.id}: ${message}`);
  return problems;
}

function same(expected: string, got: string): Problems {
  const problems = new Problems();
  if (expected !== got) problems.add(`${got} instead of ${expected}`);
  return problems;
}

/** Reads the source anew for every chunk and looks at the graph in between, which must change nothing. */
function inChunks(rollout: RolloutSource, events: number): RolloutGraph {
  const { payloads, provenance } = rollout;
  const reducer = createReducer({ payloads, provenance });
  const snapshotEvery = Math.max(1, Math.floor(events / (SNAPSHOTS + 1)));
  let applied = 0;
  let fromSeq = 1;
  for (let isMore = true; isMore;) {
    isMore = false;
    let read = 0;
    for (const record of rollout.events(fromSeq)) {
      if (read === CHUNK_EVENTS) {
        isMore = true;
        break;
      }
      read += 1;
      if (record.type === "problem") {
        reducer.report(record.problem);
        continue;
      }
      reducer.apply(record.value);
      applied += 1;
      fromSeq = seqOf(record.value, fromSeq) + 1;
      if (applied % snapshotEvery === 0) reducer.snapshot();
    }
  }
  return reducer.finish();
}

function seqOf(value: unknown, otherwise: number): number {
  const isEvent = typeof value === "object" && value !== null && "seq" in value;
  return isEvent && typeof value.seq === "number" ? value.seq : otherwise;
}
