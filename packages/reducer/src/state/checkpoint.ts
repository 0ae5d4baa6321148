/** A reduction under way as JSON: everything that has been gathered, and nothing of the recording itself. */
import { DIALECT_READERS } from "../conversation/dialects.ts";
import { messageOf, ReduceError } from "../errors.ts";
import { type Codec, type ObjectGraph, readObjects, writeObjects } from "./object-graph.ts";
import { type Recorded, RecordedIds } from "./recorded-ids.ts";
import { emptyState, type ReducerState } from "./reducer-state.ts";
import { TextMap } from "./text-map.ts";

/** Of the checkpoint's shape and of what the state means: another version of this package may not go on with it. */
export const CHECKPOINT_VERSION = 10;

/** JSON; as large as the graph, about. */
export interface ReducerCheckpoint {
  readonly checkpoint_version: typeof CHECKPOINT_VERSION;
  /** The last event that was applied: go on with the one after it. */
  readonly last_seq: number;
  readonly state: ObjectGraph;
}

export function saveState(state: ReducerState): ReducerCheckpoint {
  return {
    checkpoint_version: CHECKPOINT_VERSION,
    last_seq: state.lastSeq,
    state: writeObjects(state, CODECS),
  };
}

/**
 * Throws `ReduceError` (`invalid_checkpoint`) for what is no checkpoint of this version. What `saveState` gave and somebody has
 * changed since need not be found out.
 */
export function restoreState(checkpoint: ReducerCheckpoint): ReducerState {
  let state: object;
  try {
    const version = (checkpoint as { readonly checkpoint_version?: unknown } | null)?.checkpoint_version;
    if (version !== CHECKPOINT_VERSION) {
      throw new TypeError(`it has version ${String(version)}, this package reads ${CHECKPOINT_VERSION}`);
    }
    state = readObjects(checkpoint.state, CODECS);
  } catch (error) {
    throw invalid(messageOf(error));
  }
  if (isLike(state, emptyState())) return state;
  throw invalid("its state has not the parts that a state has");
}

/** Whether a value has the keys of another and, where those have objects, objects of the same sort. */
function isLike<Whole extends object>(value: object, other: Whole): value is Whole {
  const keys = Object.keys(other);
  if (Object.keys(value).length !== keys.length) return false;
  return keys.every((key) => {
    const [part, like]: [unknown, unknown] = [Reflect.get(value, key), Reflect.get(other, key)];
    if (typeof like !== "object" || like === null) return Object.hasOwn(value, key);
    return typeof part === "object" && part !== null && part.constructor === like.constructor;
  });
}

function invalid(why: string): ReduceError {
  return new ReduceError("invalid_checkpoint", `the checkpoint cannot be resumed: ${why}`, {
    seq: null,
    object: null,
  });
}

/** How elements are read is code: a checkpoint names it. */
const NORMALISERS: ReadonlyMap<string, object> = new Map(
  Object.entries(DIALECT_READERS).flatMap(([dialect, reader]): [string, object][] => [
    [`${dialect}/history`, reader.history.normalise],
    [`${dialect}/response`, reader.response.normalise],
    ...(reader.head === null ? [] : ([[`${dialect}/head`, reader.head.normalise]] as [string, object][])),
  ]),
);

const CODECS: readonly Codec[] = [
  {
    matches: (value) => value instanceof TextMap,
    write: (value) => (value as TextMap<unknown>).parts(),
    read: (parts) => new TextMap(...(parts as ReturnType<TextMap<unknown>["parts"]>)),
  },
  {
    matches: (value) => value instanceof RecordedIds,
    write: (value) => (value as RecordedIds<Recorded>).parts(),
    read: (parts) => RecordedIds.of(parts as ReturnType<RecordedIds<Recorded>["parts"]>),
  },
  {
    matches: (value) => typeof value === "function",
    write(value) {
      const name = [...NORMALISERS].find(([, normalise]) => normalise === value)?.[0];
      if (name === undefined) throw new TypeError("a function of the state has no name");
      return [name];
    },
    read([name]) {
      const normalise = NORMALISERS.get(String(name));
      if (normalise === undefined) throw new TypeError(`nothing is called ${JSON.stringify(name)}`);
      return normalise;
    },
  },
];
