/** Other legal orders of a recording. */
import type { RawEvent } from "@rollout-trace/protocol";
import { Causality, type Fact, type Recorded } from "./causality.ts";
import { renumbered } from "./damage.ts";

export { withoutOrder } from "./without-order.ts";

/** `across`: only threads move against each other, each of which stays as it is. */
export function reorder(recorded: Recorded, seed: number, { across = false } = {}): RawEvent[] {
  const causality = new Causality(recorded);
  const { facts } = causality;
  const random = generator(seed);
  // From neighbours that change places to everything as late as it may be.
  const reach = [2, 20, facts.length * 2][seed % 3] ?? 2;
  const priorities = facts.map((_, index) => index + random() * reach);
  const isOrdered = (one: Fact, other: Fact): boolean =>
    (across && one.thread === other.thread) || causality.areOrdered(one, other);
  const followers = facts.map((): number[] => []);
  const waitsFor = facts.map((fact, index) => {
    let count = 0;
    for (let before = 0; before < index; before += 1) {
      if (!isOrdered(facts[before] as Fact, fact)) continue;
      followers[before]?.push(index);
      count += 1;
    }
    return count;
  });
  const ready = waitsFor.flatMap((count, index) => (count === 0 ? [index] : []));
  const out: RawEvent[] = [];
  while (ready.length > 0) {
    const next = ready.reduce((best, each) =>
      (priorities[each] ?? 0) < (priorities[best] ?? 0) ? each : best,
    );
    ready.splice(ready.indexOf(next), 1);
    out.push((facts[next] as Fact).event);
    for (const follower of followers[next] ?? []) {
      const left = (waitsFor[follower] ?? 0) - 1;
      waitsFor[follower] = left;
      if (left === 0) ready.push(follower);
    }
  }
  return out.map((event, index) => atPlace(event, recorded.events[index]));
}

/** A span has its times in what it says. */
function atPlace(event: RawEvent, place: RawEvent | undefined): RawEvent {
  const moved = renumbered(event, place) as RawEvent;
  const { payload, time_unix_us: time } = moved;
  if (payload.type === "span_started") return { ...moved, payload: { ...payload, start_time_unix_us: time } };
  if (payload.type === "span_ended") return { ...moved, payload: { ...payload, end_time_unix_us: time } };
  return moved;
}

/** Numbers from 0 to 1. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** All orders of a few things. */
export function ordersOf<Entry>(entries: readonly Entry[]): Entry[][] {
  if (entries.length === 0) return [[]];
  return entries.flatMap((first) =>
    ordersOf(entries.filter((each) => each !== first)).map((rest) => [first, ...rest]),
  );
}
