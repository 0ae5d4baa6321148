/**
 * What the page is given, and by which names. The one contract between the command, which writes it, and the page, which reads
 * it. Types only. Every string in it is untrusted.
 *
 * The index is all that a first look needs; what an object consists of and the events behind it come in blocks, which the page
 * unpacks when it shows something of them. A block is JSON, compressed and in base64.
 */

/** Ids of the elements that hold blocks: `index`, `details-0`, …, `events-0`, … */
export type BlockName = "index" | "seqs" | `details-${number}` | `events-${number}`;

export interface PageIndex {
  readonly rollout: {
    readonly id: string;
    readonly status: string;
    /** A few words more where the recording was cut off. */
    readonly note: string | null;
    /** Where it was read from. */
    readonly source: string;
    /** Microseconds since the epoch; offsets count from here. */
    readonly startUs: number;
    readonly durationUs: number;
    readonly facts: readonly string[];
  };
  readonly problems: readonly PageProblem[];
  readonly agents: readonly PageAgent[];
  /** Objects by number, in columns of one length. */
  readonly nodes: {
    /** Number in `types`. */
    readonly type: readonly number[];
    /** Empty for one that is too long to be of use. */
    readonly id: readonly string[];
    /** Number of the agent, or -1. */
    readonly agent: readonly number[];
    /** Microseconds from the start, or -1 where the object has no time. */
    readonly start: readonly number[];
    /** -1 while it is running. */
    readonly end: readonly number[];
    /** Number in `statuses`. */
    readonly status: readonly number[];
    readonly label: readonly string[];
    /** The beginning of what it says. */
    readonly preview: readonly string[];
  };
  readonly types: readonly string[];
  readonly statuses: readonly string[];
  /** The tree, line by line: node and depth. */
  readonly outline: readonly (readonly [node: number, depth: number])[];
  readonly lanes: readonly PageLane[];
  /** Node, kind (`yield`, `notify`, `cancel`), offset, words. */
  readonly marks: readonly (readonly [node: number, kind: string, at: number, label: string])[];
  readonly arrows: readonly PageArrow[];
  /** By the node of a model request: base or -1, kept items of the base, further items, items of the response. */
  readonly requests: readonly (readonly [
    node: number,
    base: number,
    keep: number,
    items: readonly number[],
    response: readonly number[],
  ])[];
  /** The object with number n is in block `floor(n / detailsPerBlock)`. */
  readonly detailsPerBlock: number;
  readonly detailBlocks: number;
}

/** The `seq` with which each block of events begins. */
export type PageSeqs = readonly number[];

export interface PageProblem {
  readonly severity: "error" | "warning" | "finding";
  readonly code: string;
  readonly message: string;
  readonly seq: number | null;
  /** What it is about, or -1. */
  readonly node: number;
}

export interface PageAgent {
  readonly node: number;
  readonly path: string;
  readonly depth: number;
  readonly model: string | null;
  /** Items in transcript order. */
  readonly transcript: readonly number[];
}

export interface PageLane {
  readonly agent: number;
  readonly group: string;
  /** In order of start; none overlap. */
  readonly bars: readonly number[];
}

export type PageArrow = readonly [
  kind: "cause" | "edge",
  from: number,
  to: number,
  label: string,
  edge: number,
];

/** Everything about one object that is not in the index. */
export interface PageDetail {
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly links: readonly PageLink[];
  /** Objects that point here. */
  readonly backlinks: readonly PageLink[];
  readonly texts: readonly PageText[];
  readonly seqs: readonly number[];
  /** Events of its evidence that are not in `seqs`. */
  readonly moreSeqs: number;
}

/** `more`: how many further nodes the name leads to. */
export interface PageLink {
  readonly name: string;
  readonly nodes: readonly number[];
  readonly more: number;
}

export interface PageText {
  readonly title: string;
  readonly kind: "text" | "code" | "json";
  readonly text: string;
  /** Characters that were left out at the end. */
  readonly cut: number;
}

export interface PageEvent {
  readonly seq: number;
  /** Microseconds from the start, or null. */
  readonly at: number | null;
  readonly type: string;
  readonly body: PageText;
  readonly payloads: readonly PagePayload[];
}

export interface PagePayload {
  readonly id: string;
  readonly kind: string;
  readonly bytes: number | null;
  /** Null when it cannot be read; `problem` says why. */
  readonly text: PageText | null;
  readonly problem: string | null;
}
