/** `why` of every object of rollouts that were made up: a chain that the recording proves, or that evidence is missing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { MAX_STEP, memorySource, playRollout } from "@rollout-trace/reducer/testing";
import { type Chain, chainOf } from "../../src/causes/chain.ts";
import { eventsAt, type Quote } from "../../src/objects/evidence.ts";
import {
  evidenceOf,
  hasObject,
  idsOf,
  OBJECT_TYPES,
  type ObjectAnchor,
} from "../../src/objects/graph-objects.ts";
import { linksOf } from "../../src/objects/links.ts";

/** A few objects of each kind. */
function objectsOf(graph: RolloutGraph, pick: number): readonly ObjectAnchor[] {
  return OBJECT_TYPES.flatMap((type) => {
    const ids = idsOf(graph, type);
    const first = ids.length === 0 ? 0 : pick % ids.length;
    return ids.slice(first, first + 3).map((id) => ({ type, id }));
  });
}

function quotesOf({ hops, end }: Chain): readonly Quote[] {
  return [...hops.flatMap(({ evidence }) => evidence), ...(end.type === "missing" ? [] : end.evidence)];
}

/** What a chain must be, whatever it says. */
function check(graph: RolloutGraph, source: Parameters<typeof chainOf>[1], anchor: ObjectAnchor): Chain {
  const chain = chainOf(graph, source, anchor);
  const path = [anchor, ...chain.hops.map(({ cause }) => cause)];
  expect(chain.hops.map(({ object }) => object)).toEqual(path.slice(0, -1));
  expect(chain.last).toEqual(path.at(-1));
  expect(path.every((each) => hasObject(graph, each))).toBe(true);
  expect(new Set(path.map(({ type, id }) => `${type} ${id}`)).size).toBe(path.length);
  for (const hop of chain.hops) expect(hop.evidence.length).toBeGreaterThan(0);
  for (const quote of quotesOf(chain)) {
    const [event] = eventsAt(source, [quote.seq]);
    expect({ ...quote, matches: quote.matches, type: event?.type }).toEqual({ ...quote, matches: true });
  }
  return chain;
}

const steps = fc.array(fc.nat(MAX_STEP), { minLength: 4, maxLength: 40 });

describe("explain", () => {
  it("has an event of the recording for all evidence of each object, and only links to what is there", () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(steps, fc.nat(), (numbers, pick) => {
        const source = playRollout(numbers).source();
        const graph = reduceRollout(source);
        for (const anchor of objectsOf(graph, pick)) {
          const { seqs } = evidenceOf(graph, anchor);
          expect(eventsAt(source, seqs).map(({ seq }) => seq)).toEqual(seqs);
          const { incoming, outgoing } = linksOf(graph, anchor);
          expect([...incoming, ...outgoing].filter(({ to }) => !hasObject(graph, to))).toEqual([]);
          kinds.add(anchor.type);
        }
      }),
      { numRuns: 20 },
    );
    expect(kinds.size).toBeGreaterThan(8);
  });
});

describe("why", () => {
  it("gives each object a chain whose every hop quotes an event that shows it", () => {
    const kinds = new Set<string>();
    const ends = new Set<string>();
    fc.assert(
      fc.property(steps, fc.nat(), (numbers, pick) => {
        const source = playRollout(numbers).source();
        const graph = reduceRollout(source);
        for (const anchor of objectsOf(graph, pick)) {
          const chain = check(graph, source, anchor);
          kinds.add(anchor.type);
          ends.add(chain.end.type);
        }
      }),
      { numRuns: 30 },
    );
    expect(kinds.size).toBeGreaterThan(8);
    expect(ends.has("user")).toBe(true);
  });

  it("never goes over an event that is not there: it takes another way, or says what is missing", () => {
    let [cut, missing] = [0, 0];
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat(), (numbers, pick, which) => {
        const rollout = playRollout(numbers);
        const graph = reduceRollout(rollout.source());
        for (const anchor of objectsOf(graph, pick)) {
          const quotes = quotesOf(chainOf(graph, rollout.source(), anchor));
          const lost = quotes[which % Math.max(1, quotes.length)];
          if (lost === undefined) continue;
          cut += 1;
          const events = rollout.events.filter(({ seq }) => seq !== lost.seq);
          const chain = check(
            graph,
            memorySource("rollout-1", { events, payloads: rollout.payloads }),
            anchor,
          );
          expect(quotesOf(chain).map(({ seq }) => seq)).not.toContain(lost.seq);
          if (chain.end.type === "missing" && chain.end.what.includes(String(lost.seq))) missing += 1;
        }
      }),
      { numRuns: 20 },
    );
    expect(cut).toBeGreaterThan(50);
    expect(missing).toBeGreaterThan(cut / 4);
  });
});
