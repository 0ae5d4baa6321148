/** What the requests of a rollout cost, as far as tokens were counted and prices are known. */
import type { RolloutGraph, TokenUsage } from "@rollout-trace/reducer";
import type { Prices } from "./prices.ts";

/** A sum and how much is not in it. */
export interface Cost {
  readonly known: number;
  readonly requests: number;
  /** Requests without a token count, or of a model without a price. */
  readonly unknown: number;
}

export interface Costs {
  readonly currency: string;
  readonly total: Cost;
  thread(threadId: string): Cost;
  turn(turnId: string): Cost;
  /** Of a request to a model. */
  request(inferenceCallId: string): Cost;
}

const NONE: Cost = Object.freeze({ known: 0, requests: 0, unknown: 0 });

interface Counted {
  readonly model: string;
  readonly usage: TokenUsage | null;
  readonly thread_id: string;
  readonly turn_id: string;
  readonly response_id?: string | null;
}

/** A response that several calls show costs once; what has its id and took other tokens is another one. */
export function costsOf(graph: RolloutGraph, prices: Prices): Costs {
  const seen = new Set<string>();
  const [threads, turns, requests] = [
    new Map<string, Cost>(),
    new Map<string, Cost>(),
    new Map<string, Cost>(),
  ];
  let total = NONE;
  const add = (
    id: string,
    { model, usage, thread_id, turn_id, response_id: response = null }: Counted,
  ): void => {
    if (response !== null) {
      const tokens = usage === null ? "" : `${usage.input_tokens} ${usage.output_tokens}`;
      const key = `${tokens} ${response}`;
      if (seen.has(key)) return;
      seen.add(key);
    }
    const cost = usage === null ? null : prices.costOf(model, usage);
    const one: Cost = { known: cost ?? 0, requests: 1, unknown: cost === null ? 1 : 0 };
    total = sum(total, one);
    threads.set(thread_id, sum(threads.get(thread_id) ?? NONE, one));
    turns.set(turn_id, sum(turns.get(turn_id) ?? NONE, one));
    requests.set(id, one);
  };
  for (const [id, call] of Object.entries(graph.inference_calls)) add(id, call);
  for (const [id, request] of Object.entries(graph.compaction_requests)) add(id, request);
  return {
    currency: prices.currency,
    total,
    thread: (id) => threads.get(id) ?? NONE,
    turn: (id) => turns.get(id) ?? NONE,
    request: (id) => requests.get(id) ?? NONE,
  };
}

function sum(left: Cost, right: Cost): Cost {
  return {
    known: left.known + right.known,
    requests: left.requests + right.requests,
    unknown: left.unknown + right.unknown,
  };
}

/** `0.0123 USD`, `at least 0.0123 USD`, `cost unknown`; null where there was nothing to pay for. */
export function costText({ known, requests, unknown }: Cost, currency: string): string | null {
  if (requests === 0) return null;
  if (unknown === requests) return "cost unknown";
  const amount = `${amountText(known)}${currency === "" ? "" : ` ${currency}`}`;
  return unknown === 0 ? `cost ${amount}` : `cost at least ${amount}`;
}

/** As many digits as it takes to tell what was cheap from what was free. */
function amountText(amount: number): string {
  if (amount === 0 || amount >= 1) return amount.toFixed(2);
  const digits = Math.min(8, 1 - Math.floor(Math.log10(amount)));
  return amount.toFixed(Math.max(2, digits));
}
