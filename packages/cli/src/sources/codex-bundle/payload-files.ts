/**
 * The payload files of a bundle as a `PayloadReader`.
 *
 * Documents are given in this project's shapes: what the bundle says differently (`direct_response`, `aggregated_output`, …)
 * gets our names, and every field that was there stays there. Paths in a bundle are hostile: a file is read only when it
 * really lies inside the bundle.
 */
import { createHash } from "node:crypto";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type {
  JsonObject,
  JsonValue,
  PayloadId,
  PayloadItem,
  PayloadKind,
  PayloadRead,
  PayloadReader,
  PayloadStat,
} from "@rollout-trace/protocol";
import { isJsonObject } from "@rollout-trace/protocol";
import { messageOf } from "../../errors.ts";
import { withoutAdded } from "./carried.ts";

/** Where a payload is and what it is evidence of, as the events of the bundle say. */
export interface PayloadFile {
  readonly path: string;
  readonly kind: PayloadKind;
}

/** The real path of a file that really lies in the folder, or null when there is none. Never a pipe, device or folder. */
export function fileInside(folder: string, path: string): string | null {
  try {
    const real = realpathSync(join(folder, path));
    return real.startsWith(realpathSync(folder) + sep) && statSync(real).isFile() ? real : null;
  } catch {
    return null;
  }
}

/** Parsed documents kept: requests are read by the translation and then by the reducer, in that order. */
const KEPT_DOCUMENTS = 8;

export class PayloadFiles implements PayloadReader {
  readonly #folder: string;
  readonly #files: ReadonlyMap<string, PayloadFile>;
  readonly #kept = new Map<string, PayloadRead<JsonValue>>();

  constructor(folder: string, files: ReadonlyMap<string, PayloadFile>) {
    this.#folder = realpathSync(folder);
    this.#files = files;
  }

  json(payloadId: PayloadId): PayloadRead<JsonValue> {
    const kept = this.#kept.get(payloadId);
    if (kept !== undefined) return kept;
    const read = this.#read(payloadId);
    if (this.#kept.size >= KEPT_DOCUMENTS) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    this.#kept.set(payloadId, read);
    return read;
  }

  items(payloadId: PayloadId, key: string): PayloadRead<readonly PayloadItem[]> {
    const document = this.json(payloadId);
    if (!document.ok) return document;
    const array =
      isJsonObject(document.value) && Object.hasOwn(document.value, key) ? document.value[key] : undefined;
    if (!Array.isArray(array)) {
      return { ok: false, code: "no_such_array", message: `payload ${payloadId} has no array "${key}"` };
    }
    return { ok: true, value: (array as readonly JsonValue[]).map(itemOf) };
  }

  stat(payloadId: PayloadId): PayloadStat | null {
    const file = this.#files.get(payloadId);
    const path = file === undefined ? null : fileInside(this.#folder, file.path);
    if (file === undefined || path === null) return null;
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    return size === undefined ? null : { kind: file.kind, size_bytes: size };
  }

  #read(payloadId: PayloadId): PayloadRead<JsonValue> {
    const file = this.#files.get(payloadId);
    const path = file === undefined ? null : fileInside(this.#folder, file.path);
    if (file === undefined || path === null) {
      const where =
        file === undefined ? "no event names a file for it" : `no file ${file.path} in the bundle`;
      return { ok: false, code: "missing_payload", message: `payload ${payloadId}: ${where}` };
    }
    try {
      const value = JSON.parse(readFileSync(path, "utf8")) as JsonValue;
      return { ok: true, value: inOurShape(file.kind, value) };
    } catch (error) {
      return {
        ok: false,
        code: "invalid_payload",
        message: `payload ${payloadId} (${file.path}): ${messageOf(error)}`,
      };
    }
  }
}

function itemOf(value: JsonValue): PayloadItem {
  let contentId: string | null = null;
  return {
    get contentId() {
      contentId ??= createHash("sha256").update(JSON.stringify(value)).digest("hex");
      return contentId;
    },
    value: () => ({ ok: true, value }),
  };
}

function inOurShape(kind: PayloadKind, value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  if (kind === "tool_result") return resultInOurShape(value);
  if (kind === "tool_runtime_event") return runtimeEventInOurShape(value);
  return value;
}

function resultInOurShape(value: JsonObject): JsonValue {
  switch (value["type"]) {
    case "direct_response": {
      const { response_item: item = null, ...rest } = value;
      return { ...rest, type: "direct", item };
    }
    case "code_mode_response":
      return { ...value, type: "code_mode" };
    default:
      return value;
  }
}

/** Only terminals get a type: other runtime events keep the shape that the host gave them. */
function runtimeEventInOurShape(value: JsonObject): JsonValue {
  if (!Array.isArray(value["command"])) return value;
  const recorded = withoutAdded(value);
  if (!("exit_code" in value)) return { ...recorded, type: "exec_command_begin" };
  return {
    ...recorded,
    type: "exec_command_end",
    stdout: recorded["stdout"] ?? recorded["aggregated_output"] ?? "",
    stderr: recorded["stderr"] ?? "",
  };
}
