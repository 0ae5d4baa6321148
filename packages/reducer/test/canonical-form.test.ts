import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { graphDigest, graphJson, type RolloutGraph } from "@rollout-trace/reducer";
import { playRollout, randomSteps, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { reduceLeniently } from "./support.ts";

/** The orders of keys that objects of each kind have, as text. */
function keyOrders(graphs: readonly RolloutGraph[]): ReadonlyMap<string, ReadonlySet<string>> {
  const orders = new Map<string, Set<string>>();
  const note = (kind: string, value: object): void => {
    const order = Object.keys(value).join(" ");
    orders.set(kind, (orders.get(kind) ?? new Set()).add(order));
    for (const part of ["execution", "evidence"]) {
      const inner = (value as Readonly<Record<string, unknown>>)[part];
      if (typeof inner === "object" && inner !== null) note(part, inner);
    }
  };
  for (const graph of graphs) {
    note("rollout", graph);
    for (const [kind, collection] of Object.entries(graph) as [string, unknown][]) {
      if (typeof collection !== "object" || collection === null || kind === "usage" || kind === "host")
        continue;
      for (const value of Object.values(collection) as object[]) note(kind, value);
    }
  }
  return orders;
}

describe("the canonical form of a graph", () => {
  const graphs = [1, 2, 3, 4].map((seed) => {
    const rollout = playRollout(randomSteps(seed, 300));
    // What is missing, late or twice makes objects in other ways.
    const events = rollout.events.filter(({ seq }) => seed % 2 === 0 || seq % 11 !== 0);
    rollout.events.splice(0, rollout.events.length, ...events);
    return reduceLeniently(rollout);
  });

  it("has the keys of each kind of object in one order, however the object came to be", () => {
    const orders = keyOrders(graphs);
    expect(orders.size).toBeGreaterThan(14);
    expect([...orders].filter(([, each]) => each.size !== 1).map(([kind]) => kind)).toEqual([]);
  });

  it("is the text whose SHA-256 in UTF-8 is the graph's digest", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([userMessage("é € 😀 and \ud800")]);
    for (const graph of [...graphs, reduceLeniently(rollout)]) {
      const digest = createHash("sha256").update(graphJson(graph), "utf8").digest("hex");
      expect(graphDigest(graph)).toBe(digest);
    }
  });
});
