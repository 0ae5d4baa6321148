/** What a graph says as a whole: of what version it is, and what is wrong with its recording. */
import { severityOf } from "../../diagnostics.ts";
import { GRAPH_SCHEMA_VERSION } from "../rollout-graph.ts";
import type { Check } from "./violations.ts";

export function checkRollout(check: Check): void {
  const { rollout_id: id, schema_version: version, diagnostics } = check.graph;
  const rollout = { type: "rollout", id: id ?? "" } as const;
  check.holds(rollout, (version as number) === GRAPH_SCHEMA_VERSION, "its schema_version is another");
  let latest = 0;
  for (const { code, severity, seq, object } of diagnostics) {
    const about = object ?? rollout;
    check.holds(about, severity === severityOf(code), `its diagnostic ${code} is of another severity`);
    // Those without an event come last.
    const place = seq ?? Number.POSITIVE_INFINITY;
    check.holds(about, place >= latest, `its diagnostic ${code} is not in the order of events`);
    latest = place;
  }
}
