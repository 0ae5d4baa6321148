/**
 * The counterpart of an event in a bundle: what the bundle says of it, what is carried beside that, and what stands in for an
 * event that has none.
 */
import type {
  JsonObject,
  PayloadRef,
  RawEvent,
  RawEventPayload,
  RawEventType,
  RolloutSource,
  ToolKind,
} from "@rollout-trace/protocol";
import { STAND_IN } from "../../sources/codex-bundle/carried.ts";
import { isRef, ownRef, type RefWriter, refTo } from "./bundle-ref.ts";

export type BundleVersion = 1 | 2;

export interface TranslatorOptions {
  readonly version: BundleVersion;
  readonly rollout: RolloutSource;
  /** Of the last event, behind which a bundle has nothing. */
  readonly lastSeq: number;
  readonly refs: RefWriter;
}

/** What a pass over a rollout has come by so far. */
export interface Context extends TranslatorOptions {
  /** Of every call, as dispatched: a runtime start of version 2 must say it again. */
  readonly kinds: Map<string, ToolKind>;
  /** Begins of commands that have not ended: an end repeats what its begin said. */
  readonly terminals: Map<string, JsonObject>;
  /** Agent paths by thread. */
  readonly paths: Map<string, string>;
}

/** What a bundle says of an event, and what it cannot. */
export interface Said {
  readonly payload: JsonObject;
  readonly carried?: JsonObject;
  /** Payloads that only `carried` names. */
  readonly only?: readonly PayloadRef[];
}

export type Say<Type extends RawEventType> = (
  payload: Extract<RawEventPayload, { readonly type: Type }>,
  context: Context,
  event: RawEvent,
) => Said;

/** How each of some types of events is said. */
export type SayEach<Types extends RawEventType> = { readonly [Type in Types]: Say<Type> };

/** An event without a counterpart: other readers are told that there was one and of which type. */
export function standIn(payload: RawEventPayload, context: Context): Said {
  const only: PayloadRef[] = [];
  const own = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(own);
    if (!isRef(value)) return value;
    only.push(value);
    return ownRef(value, context.refs);
  };
  const fields = Object.entries(payload as object).map(([key, value]) => [key, own(value)] as const);
  return {
    payload: {
      type: "protocol_event_observed",
      event_type: `${STAND_IN}${payload.type}`,
      event_payload: refTo(context.refs.placeholder(), "protocol_event"),
    },
    carried: Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as JsonObject,
    only,
  };
}

/** The fields that have a value. */
export function present(fields: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as JsonObject;
}
