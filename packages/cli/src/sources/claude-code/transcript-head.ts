/** What the first lines of a transcript say about whose it is. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { headLinesOf, type HeadOptions } from "../detect.ts";
import { idOf } from "../log/fields.ts";
import { SYNTHETIC } from "./provider-errors.ts";
import { type Entry, knownIdOf, readEntry, textOf } from "./record.ts";

export interface TranscriptHead {
  readonly path: string;
  /** Of the file, as it lies on disk. */
  readonly bytes: number;
  /** The session that it is of; an agent has that of the root. */
  readonly sessionId: string;
  /** The agent, for a file of a sub-agent. */
  readonly agentId: string | null;
  /** What the agent was asked. */
  readonly prompt: string | null;
  readonly description: string | null;
  readonly role: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly startedTimeUs: number;
  /** The first entry, which a copy of the transcript has too. */
  readonly firstUuid: string | null;
  /** Whether the first entries are said to be of another session. */
  readonly isCopy: boolean;
}

/** A session may begin with long records of hooks. */
const HEAD: HeadOptions = { bytes: 1 << 18, lines: 60 };

const AGENT_NAME = /^agent-(.+?)\.jsonl(?:\.gz|\.zst)?$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads the head of a transcript. Throws what reading or unpacking the file throws. */
export function readTranscriptHead(path: string): TranscriptHead {
  const entries = headLinesOf(path, HEAD).flatMap(({ value }) => {
    const entry = readEntry(value);
    return typeof entry === "string" ? [] : [entry];
  });
  const spoken = entries.filter(({ type }) => type === "user" || type === "assistant");
  const agentId = agentOf(path, spoken);
  const named = nameOf(path);
  const sessionOf = ({ value }: Entry): string | null => knownIdOf(value["sessionId"]);
  const answers = spoken.filter(({ type }) => type === "assistant");
  const told = firstOf(answers, sessionOf) ?? firstOf(entries, sessionOf);
  const meta = agentId === null ? {} : agentMetadata(path);
  return {
    path,
    bytes: statSync(path).size,
    sessionId:
      agentId === null
        ? (named ?? told ?? fileName(path))
        : (sessionFolderOf(path) ?? told ?? fileName(path)),
    agentId,
    prompt:
      agentId === null
        ? null
        : firstOf(spoken, ({ type, message }) => (type === "user" ? textOf(message["content"]) : null)),
    description: idOf(meta["description"]),
    role: idOf(meta["agentType"]),
    model: firstOf(spoken, modelOf),
    version: firstOf(entries, ({ value }) => idOf(value["version"])),
    startedTimeUs: firstOf(entries, ({ timeUs }) => timeUs) ?? 0,
    firstUuid: firstOf(spoken, ({ value }) => knownIdOf(value["uuid"])),
    isCopy: named !== null && told !== null && told !== named,
  };
}

function firstOf<Value>(entries: readonly Entry[], pick: (entry: Entry) => Value | null): Value | null {
  for (const entry of entries) {
    const value = pick(entry);
    if (value !== null) return value;
  }
  return null;
}

/** The agent whose file this is: by its name, or because all of it is that agent's. */
function agentOf(path: string, spoken: readonly Entry[]): string | null {
  const named = AGENT_NAME.exec(basename(path))?.[1];
  const [first] = spoken;
  const told = knownIdOf(first?.agentId ?? undefined);
  const isOfOne = told !== null && spoken.every(({ agentId }) => agentId === told);
  if (isOfOne && (named !== undefined || spoken.every(({ isSidechain }) => isSidechain))) return told;
  return named ?? null;
}

function modelOf({ type, message }: Entry): string | null {
  const model = type === "assistant" ? idOf(message["model"]) : null;
  return model === SYNTHETIC ? null : model;
}

function fileName(path: string): string {
  return basename(path).replace(/\.jsonl(?:\.gz|\.zst)?$/, "");
}

/** The session that a file is named after. */
function nameOf(path: string): string | null {
  const name = fileName(path);
  return UUID.test(name) ? name : null;
}

/** The session in whose folder a file of an agent lies: `<session>/subagents/…`. */
function sessionFolderOf(path: string): string | null {
  const parts = dirname(path).split(/[/\\]/);
  const at = parts.lastIndexOf("subagents");
  const name = at > 0 ? parts[at - 1] : undefined;
  return name !== undefined && UUID.test(name) ? name : null;
}

/** What lies beside a file of an agent about it. It is small and may be missing. */
function agentMetadata(path: string): JsonObject {
  const base = path.replace(/\.(?:gz|zst)$/, "");
  try {
    const file = join(dirname(base), `${basename(base, extname(base))}.meta.json`);
    if (statSync(file).size > MAX_META_BYTES) return {};
    const value = JSON.parse(readFileSync(file, "utf8")) as JsonValue;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

const MAX_META_BYTES = 1 << 16;
