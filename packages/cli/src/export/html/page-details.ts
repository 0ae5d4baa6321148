/** Everything about one object that the page shows when it is chosen. */
import type { RolloutSource } from "@rollout-trace/protocol";
import type { BodyPart, ConversationItem, RolloutGraph } from "@rollout-trace/reducer";
import { evidenceOf, type ObjectAnchor, objectOf } from "../../objects/graph-objects.ts";
import { outgoingLinks } from "../../objects/links.ts";
import { BOUNDS, pageText } from "./bounds.ts";
import type { NodeList } from "./node-list.ts";
import type { PageDetail, PageLink, PageText } from "./page/data.ts";
import { readPayload } from "./page-events.ts";

export interface DetailParts {
  readonly graph: RolloutGraph;
  readonly rollout: RolloutSource;
  readonly list: NodeList;
}

/** The details of all nodes, in order. Payloads are read one at a time. */
export function* pageDetails(parts: DetailParts): Generator<PageDetail, void, undefined> {
  const { graph, list } = parts;
  const backlinks = backlinksOf(graph, list);
  for (const [index, node] of list.nodes.entries()) {
    const seqs = evidenceOf(graph, node).seqs;
    const shown = shownSeqs(seqs);
    yield {
      facts: factsOf(graph, node),
      links: linksOf(graph, list, node),
      backlinks: backlinks[index] ?? [],
      texts: textsOf(parts, node),
      seqs: shown,
      moreSeqs: seqs.length - shown.length,
    };
  }
}

function shownSeqs(seqs: readonly number[]): readonly number[] {
  return seqs.length <= BOUNDS.seqs
    ? seqs
    : [...seqs.slice(0, BOUNDS.seqs / 2), ...seqs.slice(-BOUNDS.seqs / 2)];
}

/** Fields that are shown in another way. */
const NOT_FACTS: ReadonlySet<string> = new Set([
  "source",
  "input_preview",
  "output_preview",
  "error",
  "preview",
]);
/** Characters of a fact. */
const FACT = 400;

/** The fields of an object that are single values, those of its small parts included. */
function factsOf(graph: RolloutGraph, node: ObjectAnchor): PageDetail["facts"] {
  const facts: [string, string][] = [];
  const add = (value: object, prefix: string): void => {
    for (const [name, field] of Object.entries(value) as [string, unknown][]) {
      if (NOT_FACTS.has(name) && prefix === "") continue;
      const title = `${prefix}${name.replaceAll("_", " ")}`;
      if (typeof field === "string" || typeof field === "number" || typeof field === "boolean") {
        facts.push([title, pageText("", "text", String(field), FACT).text]);
      } else if (PARTS.has(name) && typeof field === "object" && field !== null && prefix === "") {
        add(field, `${title}: `);
      }
    }
  };
  add(objectOf(graph, node) ?? {}, "");
  return facts;
}

const PARTS: ReadonlySet<string> = new Set([
  "execution",
  "origin",
  "usage",
  "kind",
  "requester",
  "visibility",
  "cancellation",
  "initial_response",
  "status",
  "caused_by",
  "agent_message",
  "accepted",
]);

function linksOf(graph: RolloutGraph, list: NodeList, node: ObjectAnchor): readonly PageLink[] {
  const groups = Map.groupBy(outgoingLinks(graph, node), (link) => link.name);
  return [...groups].flatMap(([name, links]) => {
    const nodes = links.map((link) => list.numberOf(link.to)).filter((number) => number !== -1);
    return nodes.length === 0 ? [] : [cutLink(name, nodes, nodes.length)];
  });
}

function cutLink(name: string, nodes: readonly number[], all: number): PageLink {
  const shown = nodes.slice(0, BOUNDS.links);
  return { name, nodes: shown, more: all - shown.length };
}

/** Links by which everything belongs to an agent or a turn: the outline shows those. */
const MEMBERSHIP: ReadonlySet<string> = new Set(["agent", "turn"]);

/** Who points at each node: one pass over all links, so that the whole stays linear. */
function backlinksOf(graph: RolloutGraph, list: NodeList): readonly (readonly PageLink[] | undefined)[] {
  const found: GrowingLink[][] = [];
  for (const [index, node] of list.nodes.entries()) {
    for (const { name, to } of outgoingLinks(graph, node)) {
      const number = list.numberOf(to);
      if (number === -1 || MEMBERSHIP.has(name)) continue;
      const links = (found[number] ??= []);
      // A node is pointed at by a few names, however often.
      const known = links.find((link) => link.name === name);
      if (known === undefined) links.push({ name, nodes: [index], more: 0 });
      else if (known.nodes.length < BOUNDS.links) known.nodes.push(index);
      else known.more += 1;
    }
  }
  return found;
}

interface GrowingLink extends PageLink {
  readonly nodes: number[];
  more: number;
}

function textsOf({ graph, rollout }: DetailParts, { type, id }: ObjectAnchor): readonly PageText[] {
  switch (type) {
    case "conversation_item": {
      const item = graph.conversation_items[id];
      return item === undefined ? [] : item.body.parts.map(partText);
    }
    case "code_cell": {
      const cell = graph.code_cells[id];
      if (cell === undefined) return [];
      const outputs = cell.output_item_ids.flatMap((item) => graph.conversation_items[item] ?? []);
      return [
        pageText("script", "code", cell.source),
        ...cell.notifications.map(({ text }) => pageText("notification", "text", text)),
        ...outputs.flatMap((item) => itemTexts("output, as the model saw it", item)),
        ...payloadText(rollout, "result", cell.result_payload_id),
      ];
    }
    case "tool_call": {
      const call = graph.tool_calls[id];
      if (call === undefined) return [];
      const input = payloadText(rollout, "input", call.invocation_payload_id);
      const output = payloadText(rollout, "output", call.result_payload_id);
      return [
        ...(input.length > 0 ? input : previewText("input, as far as it was recorded", call.input_preview)),
        ...(output.length > 0
          ? output
          : previewText("output, as far as it was recorded", call.output_preview)),
      ];
    }
    case "terminal_operation": {
      const operation = graph.terminal_operations[id];
      const result = operation?.result;
      return [
        ...(operation?.request.type === "exec_command"
          ? [pageText("command", "code", operation.request.command.join(" "))]
          : previewText("stdin", operation?.request.stdin ?? null)),
        ...previewText("stdout", result?.stdout ?? null),
        ...previewText("stderr", result?.stderr ?? null),
      ];
    }
    case "inference_call":
      return previewText("error", graph.inference_calls[id]?.error ?? null);
    case "compaction_request":
      return previewText("error", graph.compaction_requests[id]?.error ?? null);
    case "span": {
      const span = graph.spans[id];
      return span === undefined ? [] : [pageText("attributes", "json", JSON.stringify(span.attributes))];
    }
    default:
      return [];
  }
}

function itemTexts(title: string, item: ConversationItem): readonly PageText[] {
  return item.body.parts.map((part) => ({ ...partText(part), title }));
}

function previewText(title: string, text: string | null): readonly PageText[] {
  return text === null || text === "" ? [] : [pageText(title, "text", text)];
}

function partText(part: BodyPart): PageText {
  switch (part.type) {
    case "text":
    case "summary":
      return pageText(part.type, "text", part.text);
    case "code":
      return pageText(part.language, "code", part.source);
    case "json":
      return pageText("json", "json", part.preview);
    case "encoded":
      return pageText(part.label, "text", part.value, BOUNDS.preview);
    case "payload_ref":
      return pageText(part.label, "text", `payload ${part.payload_id}`);
  }
}

function payloadText(rollout: RolloutSource, title: string, payloadId: string | null): readonly PageText[] {
  if (payloadId === null) return [];
  const { bytes, read } = readPayload(rollout, payloadId, "other");
  if (read === null)
    return [pageText(title, "text", `payload ${payloadId}: too large to be quoted here (${bytes} bytes)`)];
  return read.ok
    ? [pageText(title, "json", JSON.stringify(read.value))]
    : [pageText(`${title} cannot be read`, "text", read.message)];
}
