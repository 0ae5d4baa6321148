/** The blocks of data in the page: unpacked when asked for, and not kept longer than they are of use. */
import type { BlockName, PageDetail, PageEvent, PageIndex, PageSeqs } from "./data.ts";

/** Unpacked blocks kept: what one screen shows comes from a few. */
const KEPT_BLOCKS = 48;

/** The element of a block, whole. The page is of use before its end is read, so the block may still be to come. */
async function elementOf(name: BlockName): Promise<HTMLElement> {
  const isRead = document.readyState !== "loading";
  if (!isRead && (document.getElementById(name)?.nextElementSibling ?? null) === null) {
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  }
  const element = document.getElementById(name);
  if (element === null) throw new Error(`the page has no block ${name}: is it whole?`);
  return element;
}

async function unpack(name: BlockName): Promise<unknown> {
  const packed = (await elementOf(name)).textContent;
  const binary = atob(packed);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

export async function readIndex(): Promise<PageIndex> {
  return (await unpack("index")) as PageIndex;
}

export class Blocks {
  readonly #index: PageIndex;
  /** In order of last use. */
  readonly #unpacked = new Map<BlockName, Promise<unknown>>();

  constructor(index: PageIndex) {
    this.#index = index;
  }

  /** The details of a node; undefined for a node that there is not. */
  async detail(node: number): Promise<PageDetail | undefined> {
    const size = this.#index.detailsPerBlock;
    const details = await this.details(Math.floor(node / size));
    return details[node % size];
  }

  async details(block: number): Promise<readonly PageDetail[]> {
    if (block < 0 || block >= this.#index.detailBlocks) return [];
    return (await this.#block(`details-${block}`)) as readonly PageDetail[];
  }

  async seqs(): Promise<PageSeqs> {
    return (await this.#block("seqs")) as PageSeqs;
  }

  async events(block: number): Promise<readonly PageEvent[]> {
    if (block < 0 || block >= (await this.seqs()).length) return [];
    return (await this.#block(`events-${block}`)) as readonly PageEvent[];
  }

  async event(seq: number): Promise<PageEvent | undefined> {
    const starts = await this.seqs();
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= seq) low = middle;
      else high = middle;
    }
    return (await this.events(low)).find((event) => event.seq === seq);
  }

  async #block(name: BlockName): Promise<unknown> {
    const known = this.#unpacked.get(name) ?? unpack(name);
    this.#unpacked.delete(name);
    this.#unpacked.set(name, known);
    const [oldest] = this.#unpacked.keys();
    if (this.#unpacked.size > KEPT_BLOCKS && oldest !== undefined) this.#unpacked.delete(oldest);
    return known;
  }
}
