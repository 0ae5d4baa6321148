/** The toolsets that one child was told about, so that an exec does not carry the tools again each time. */
import type { ToolDefinition } from "@rollout-trace/protocol";
import type { ClientMessage, WireTool } from "../wire/client-messages.ts";

/** A host has a few; the ones used longest ago are forgotten on both sides. */
const MAX_TOOLSETS = 16;

interface Known {
  readonly id: number;
  readonly tools: readonly ToolDefinition[];
  /** Copies, by which a change in place is noticed. */
  readonly seen: readonly ToolDefinition[];
}

export class ToolsetIds {
  readonly #send: (message: ClientMessage) => void;
  /** The least recently used first. */
  readonly #known: Known[] = [];
  #next = 1;

  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
  }

  /** Defines the toolset first when the child does not know it. */
  idOf(tools: readonly ToolDefinition[]): number {
    const latest = this.#known.at(-1);
    if (latest?.tools === tools && isCurrent(latest.seen, tools)) return latest.id;
    const at = this.#known.findIndex((known) => known.tools === tools && isCurrent(known.seen, tools));
    const [found] = at < 0 ? [] : this.#known.splice(at, 1);
    const known = found ?? this.#define(tools);
    this.#known.push(known);
    return known.id;
  }

  #define(tools: readonly ToolDefinition[]): Known {
    const oldest = this.#known.length < MAX_TOOLSETS ? undefined : this.#known.shift();
    if (oldest !== undefined) this.#send({ type: "forget_tools", toolset: oldest.id });
    const id = this.#next;
    this.#next += 1;
    this.#send({ type: "define_tools", toolset: id, tools: tools.map(wireTool) });
    return { id, tools, seen: tools.map((tool) => ({ ...tool })) };
  }
}

function wireTool({ name, toolName, description, kind, recordAs }: ToolDefinition): WireTool {
  return { name, toolName, description, kind, recordAs };
}

function isCurrent(seen: readonly ToolDefinition[], tools: readonly ToolDefinition[]): boolean {
  if (seen.length !== tools.length) return false;
  for (const [index, before] of seen.entries()) {
    const tool = tools[index];
    const same =
      tool !== undefined &&
      before.name === tool.name &&
      before.description === tool.description &&
      before.kind === tool.kind &&
      before.toolName === tool.toolName &&
      before.recordAs === tool.recordAs;
    if (!same) return false;
  }
  return true;
}
