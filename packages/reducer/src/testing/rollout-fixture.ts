/** A recording as one JSON document, as `rollout-trace fixture` writes it: small, and readable where it changes. */
import {
  isJsonObject,
  type JsonValue,
  type PayloadKind,
  type RawEvent,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { type MemoryPayload, memorySource } from "./memory-source.ts";

/** Of the shape of a fixture. */
export const ROLLOUT_FIXTURE_VERSION = 1;

/** What requests repeat is kept once: an array under a key of `items` consists of those places of the fixture's `items`. */
export interface FixturePayload {
  readonly kind: PayloadKind;
  /** The document, with the arrays empty whose elements `items` names. */
  readonly value: JsonValue;
  /** By key, the places of the elements: `0-57,60`. */
  readonly items?: { readonly [key: string]: string } | undefined;
}

export interface RolloutFixture {
  readonly rollout_fixture_version: typeof ROLLOUT_FIXTURE_VERSION;
  readonly rollout_id: string;
  readonly provenance: "recorded" | "imported";
  /** Raw events, in order. */
  readonly events: readonly JsonValue[];
  readonly items: readonly JsonValue[];
  readonly payloads: { readonly [payloadId: string]: FixturePayload };
}

/** The source that a parsed fixture is, for `toReduceTo` or a reducer. Throws `TypeError` for what is no fixture. */
export function fixtureSource(parsed: unknown): RolloutSource {
  if (!isFixture(parsed)) throw new TypeError("this is no rollout fixture of version 1");
  const { rollout_id: id, provenance, events, items, payloads } = parsed;
  const whole = Object.entries(payloads).map(
    ([payloadId, payload]) => [payloadId, wholePayload(payload, items)] as const,
  );
  // The reducer decodes what it is given; what is no event is a diagnostic.
  const recording = { events: events as unknown as readonly RawEvent[], payloads: new Map(whole) };
  return { ...memorySource(id, recording), provenance };
}

function isFixture(parsed: unknown): parsed is RolloutFixture {
  const value = parsed as JsonValue | undefined;
  return (
    isJsonObject(value) &&
    value["rollout_fixture_version"] === ROLLOUT_FIXTURE_VERSION &&
    typeof value["rollout_id"] === "string" &&
    Array.isArray(value["events"]) &&
    Array.isArray(value["items"]) &&
    isJsonObject(value["payloads"])
  );
}

function wholePayload({ kind, value, items }: FixturePayload, all: readonly JsonValue[]): MemoryPayload {
  if (items === undefined || !isJsonObject(value)) return { kind, value };
  const whole = Object.entries(value).map(([key, field]): [string, JsonValue] => [
    key,
    Object.hasOwn(items, key) ? elementsAt(items[key] ?? "", all) : field,
  ]);
  return { kind, value: Object.fromEntries(whole) };
}

function elementsAt(places: string, all: readonly JsonValue[]): readonly JsonValue[] {
  return places.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return range === "" ? [] : all.slice(first, (last ?? 0) + 1);
  });
}

/** The reverse of what `items` says: `0-57,60` for the places of an array's elements. */
export function placesText(places: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const place of places) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === place - 1) last[1] = place;
    else ranges.push([place, place]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}
