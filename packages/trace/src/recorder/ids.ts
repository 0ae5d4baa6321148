/** Ids that the recorder mints, and ids that it takes over from the host. */
import type { Branded } from "@rollout-trace/protocol";
import { v7 } from "uuid";

/** The host's id, or a new one (UUIDv7, which sorts by time) where the host gave none. */
export function idOr<Id extends Branded<string, string>>(given: () => string | undefined): Id {
  try {
    return optionalId<Id>(given()) ?? (v7() as Id);
  } catch {
    // Options that cannot even be read: the event that they are for will fail and be counted.
    return v7() as Id;
  }
}

/** The host's id, or null for none. An empty string is none: no id may be empty. */
export function optionalId<Id extends Branded<string, string>>(given: string | null | undefined): Id | null {
  if (given === undefined || given === null) return null;
  const text = String(given).toWellFormed();
  return text === "" ? null : (text as Id);
}

/** The host's id where an event cannot do without. Throws `TypeError`, which costs that event. */
export function asIdOrThrow<Id extends Branded<string, string>>(
  given: string | null | undefined,
  what: string,
): Id {
  const id = optionalId<Id>(given);
  if (id === null) throw new TypeError(`the id of ${what} is missing`);
  return id;
}
