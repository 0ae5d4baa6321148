/**
 * A rollout as a Mermaid sequence diagram: the user, the agents and the tools, and what went between them.
 *
 * A picture holds only so much, and the programs that draw one refuse what is larger, so the diagram is bounded. What does not
 * fit is left out by kind, least telling first, and said in the diagram.
 */
import type { RolloutGraph } from "@rollout-trace/reducer";
import { escapeText, fitText } from "../../render/escape.ts";
import { grouped } from "../../render/format.ts";
import { timelineOf } from "../timeline/timeline.ts";
import { type Party, type Step, STEP_KINDS, stepsOf } from "./steps.ts";

export const MERMAID_LIMITS: {
  readonly steps: number;
  /** Mermaid draws no more than 50 000 by default; a step takes about a hundred of them. */
  readonly characters: number;
  /** Beside each other: more make the picture too wide to be read. */
  readonly agents: number;
  /** Columns of a step's words. */
  readonly textColumns: number;
} = Object.freeze({ steps: 300, characters: 48_000, agents: 24, textColumns: 72 });

export interface MermaidDiagram {
  /** Ends with a line break. */
  readonly text: string;
  /** What the diagram does not show, such as `1 200 tool calls`. */
  readonly leftOut: readonly string[];
}

export function mermaidDiagram(graph: RolloutGraph): MermaidDiagram {
  const { agents } = timelineOf(graph);
  const shownAgents = agents.slice(0, MERMAID_LIMITS.agents);
  const names = new Map(shownAgents.map(({ thread }, index) => [thread.thread_id, `a${index + 1}`]));
  const nameOf = (party: Party): string | undefined =>
    party.type === "agent" ? names.get(party.id) : party.type;
  const drawable = stepsOf(graph).filter(
    ({ from, to }) => nameOf(from) !== undefined && nameOf(to) !== undefined,
  );
  const { steps, leftOut: leftOutSteps } = chosen(drawable);
  const leftOut = [
    ...(agents.length > shownAgents.length ? [`${grouped(agents.length - shownAgents.length)} agents`] : []),
    ...leftOutSteps,
  ];
  const parties = new Set(steps.flatMap(({ from, to }) => [from.type, to.type]));
  const head = [
    "sequenceDiagram",
    ...(parties.has("user") ? ["    actor user"] : []),
    ...shownAgents.map(
      ({ thread }) => `    participant ${names.get(thread.thread_id)} as ${label(thread.agent_path)}`,
    ),
    ...(parties.has("tools") || shownAgents.length === 0 ? ["    participant tools"] : []),
  ];
  const lines = steps.map(
    ({ from, to, arrow, text }) => `    ${nameOf(from)}${ARROWS[arrow]}${nameOf(to)}: ${label(text)}`,
  );
  const fitting = fittingLines(lines, MERMAID_LIMITS.characters - head.join("\n").length);
  if (fitting < lines.length) leftOut.push(`the last ${grouped(lines.length - fitting)} steps`);
  const place = shownAgents.length === 0 ? "tools" : "a1";
  const note =
    leftOut.length === 0 ? [] : [`    note over ${place}: ${label(`left out: ${leftOut.join(", ")}`)}`];
  return { text: `${[...head, ...lines.slice(0, fitting), ...note].join("\n")}\n`, leftOut };
}

/** How many lines have no more than so many characters together. */
function fittingLines(lines: readonly string[], characters: number): number {
  let room = characters;
  const first = lines.findIndex((line) => {
    room -= line.length + 1;
    return room < 0;
  });
  return first === -1 ? lines.length : first;
}

const ARROWS = { call: "->>", answer: "-->>", failure: "--x" } as const;

/** The kinds of steps that fit, most telling first; where not even the first kind fits, its first steps. */
function chosen(all: readonly Step[]): {
  readonly steps: readonly Step[];
  readonly leftOut: readonly string[];
} {
  const sizes = new Map(STEP_KINDS.map((kind) => [kind, all.filter((step) => step.kind === kind).length]));
  let room = MERMAID_LIMITS.steps;
  const whole = new Set<Step["kind"]>();
  const leftOut: string[] = [];
  for (const kind of STEP_KINDS) {
    const size = sizes.get(kind) ?? 0;
    if (size <= room) {
      whole.add(kind);
      room -= size;
    } else if (whole.size === 0 || [...whole].every((earlier) => sizes.get(earlier) === 0)) {
      leftOut.push(`${grouped(size - room)} of ${grouped(size)} steps of ${kind}`);
      const kept = new Set(all.filter((step) => step.kind === kind).slice(0, room));
      return { steps: all.filter((step) => kept.has(step)), leftOut: [...leftOut, ...restOf(kind, sizes)] };
    } else leftOut.push(`${grouped(size)} steps of ${kind}`);
  }
  return { steps: all.filter((step) => whole.has(step.kind)), leftOut };
}

function restOf(last: Step["kind"], sizes: ReadonlyMap<Step["kind"], number>): readonly string[] {
  return STEP_KINDS.slice(STEP_KINDS.indexOf(last) + 1)
    .filter((kind) => (sizes.get(kind) ?? 0) > 0)
    .map((kind) => `${grouped(sizes.get(kind) ?? 0)} steps of ${kind}`);
}

/**
 * Recorded text where Mermaid expects words: one line, nothing invisible, and every character that could mean something to
 * Mermaid, to Markdown or to HTML (`#`, `;`, `<`, `%`, `$` and the like) written as an entity.
 */
function label(text: string): string {
  const line = fitText(
    escapeText(text.slice(0, LOOKED_AT).replaceAll(/\s+/g, " ").trim()),
    MERMAID_LIMITS.textColumns,
  );
  const words = line.replaceAll(
    /[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}\u200d .,:"/_()[\]{}=+*'!?|~^→…·⏎-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
  return words === "" ? "…" : words;
}

/** Code units of a text that can be among its first columns. */
const LOOKED_AT = 2_000;
