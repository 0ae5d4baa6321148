/** Tokens are counts, and are counted where they belong: what is said of all of them is the sum of what is said of each part. */
import { addTo, NO_USAGE, type UsageSum } from "../../conversation/token-usage.ts";
import type { Anchor, TokenUsage } from "../base.ts";
import type { Check } from "./violations.ts";

const FIELDS = Object.keys(NO_USAGE) as readonly (keyof TokenUsage)[];

type Sums = Map<string, UsageSum>;

export function checkUsage(check: Check): void {
  const { graph } = check;
  const { total, ...parts } = graph.usage;
  const rollout = { type: "rollout", id: graph.rollout_id ?? "" } as const;
  const said = checkSaid(check);
  checkCounts(check, rollout, total);
  for (const [name, of] of Object.entries(parts)) {
    const sum = { ...NO_USAGE };
    for (const usage of Object.values(of)) {
      checkCounts(check, rollout, usage);
      addTo(sum, usage);
    }
    check.holds(rollout, isSameUsage(sum, total), `its total usage is not the sum of ${name}`);
  }
  for (const [model, usage] of Object.entries(parts.by_model))
    checkPart(check, rollout, {
      name: `of model ${JSON.stringify(model)}`,
      usage,
      said: said.models.get(model),
    });
  for (const [thread, usage] of Object.entries(parts.by_thread))
    checkPart(check, rollout, {
      name: `in thread ${JSON.stringify(thread)}`,
      usage,
      said: said.threads.get(thread),
    });
  for (const [id, { usage }] of check.each("turn")) {
    const turn = { type: "turn", id } as const;
    const counted = Object.hasOwn(parts.by_turn, id) ? parts.by_turn[id] : undefined;
    check.holds(turn, isSameUsage(usage, counted ?? null), "its usage is not that of by_turn");
    if (usage !== null) checkPart(check, turn, { name: "in it", usage, said: said.turns.get(id) });
  }
}

/** What the responses say of their models, threads and turns; a response that is recorded twice says it twice. */
function checkSaid(check: Check): { readonly models: Sums; readonly threads: Sums; readonly turns: Sums } {
  const said = { models: new Map(), threads: new Map(), turns: new Map() };
  for (const type of ["inference_call", "compaction_request"] as const) {
    for (const [id, { usage, model, thread_id, turn_id }] of check.each(type)) {
      if (usage === null) continue;
      checkCounts(check, { type, id }, usage);
      addTo(sumOf(said.models, model), usage);
      addTo(sumOf(said.threads, thread_id), usage);
      if (turn_id !== null) addTo(sumOf(said.turns, turn_id), usage);
    }
  }
  return said;
}

function sumOf(sums: Sums, key: string): UsageSum {
  let sum = sums.get(key);
  if (sum === undefined) sums.set(key, (sum = { ...NO_USAGE }));
  return sum;
}

function checkCounts(check: Check, object: Anchor, usage: TokenUsage): void {
  const isCounted = FIELDS.every((field) => Number.isInteger(usage[field]) && usage[field] >= 0);
  check.holds(object, isCounted, "its usage is not made of counts");
}

interface Part {
  readonly name: string;
  readonly usage: TokenUsage;
  readonly said: TokenUsage | undefined;
}

/** A response that is recorded twice is counted once, so that less may be counted than is said, but never more. */
function checkPart(check: Check, object: Anchor, { name, usage, said }: Part): void {
  check.holds(object, said !== undefined, `no response ${name} has a usage`);
  if (said === undefined) return;
  const isSaid = FIELDS.every((field) => usage[field] <= said[field] || !isExact(said[field]));
  check.holds(object, isSaid, `more tokens are counted ${name} than its responses say`);
}

function isSameUsage(left: TokenUsage | null, right: TokenUsage | null): boolean {
  if (left === null || right === null) return left === right;
  return FIELDS.every((field) => {
    const [one, other] = [left[field], right[field]];
    return one === other || (!isExact(one) && !isExact(other));
  });
}

/** Beyond that a sum depends on the order in which it is made. */
function isExact(count: number): boolean {
  return Math.abs(count) <= Number.MAX_SAFE_INTEGER;
}
