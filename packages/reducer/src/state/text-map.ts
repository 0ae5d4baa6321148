/**
 * Objects by text, in the order in which they came; none ever leaves.
 *
 * The engine's maps go and look at a text for each other one that is in the same place: in one of some hundred thousand entries that is
 * several walks through all of the memory, and it is more that the collector has to look after. This has in one flat array a number
 * that is worked out from each text, and where in the order the text is: only texts whose numbers are equal are compared.
 */

/** So few texts are compared sooner than looked up. */
const FEW = 8;

/** Of a longer text only its end is worked with, and its length. */
const LONG = 32;

/**
 * Entries that are looked at for a text, and those of them that are compared with it since they have its number, at most. There are never
 * nearly as many unless somebody has chosen the texts for that, or they are long and end alike: then the engine's map, whose numbers
 * nobody can know, takes over.
 */
const MOST_LOOKS = 128;
const MOST_ALIKE = 8;

const NO_TABLE = new Int32Array(0);

export class TextMap<Value> {
  readonly #texts: string[];
  readonly #values: Value[];
  /** For each entry its number and, counted from 1, its place in the order; 0 is no entry. A power of two of such pairs. */
  #table: Int32Array = NO_TABLE;
  /** How many of the texts are in the table, or in `#places`. */
  #indexed = 0;
  /** The place of each text, where the table has turned out to be no good. */
  #places: Map<string, number> | null = null;
  /** What was looked for last, and its number: what is not there is often put there. */
  #sought: string | null = null;
  #number = 0;

  /** It goes on with these lists, which belong to it from now on; something may be added to both before it is first used. */
  constructor(texts: string[] = [], values: Value[] = []) {
    this.#texts = texts;
    this.#values = values;
  }

  /** What it consists of, for `constructor` to make another of. */
  parts(): readonly [texts: string[], values: Value[]] {
    return [this.#texts, this.#values];
  }

  get size(): number {
    return this.#texts.length;
  }

  get(text: string): Value | undefined {
    const place = this.#placeOf(text);
    return place < 0 ? undefined : this.#values[place];
  }

  has(text: string): boolean {
    return this.#placeOf(text) >= 0;
  }

  set(text: string, value: Value): void {
    const place = this.#placeOf(text);
    if (place >= 0) {
      this.#values[place] = value;
      return;
    }
    this.#texts.push(text);
    this.#values.push(value);
  }

  values(): readonly Value[] {
    return this.#values;
  }

  forEach(visit: (value: Value, text: string) => void): void {
    for (let place = 0; place < this.#values.length; place += 1) {
      visit(this.#values[place] as Value, this.#texts[place] as string);
    }
  }

  /** -1 for a text that is not there. */
  #placeOf(text: string): number {
    const { length } = this.#texts;
    if (length <= FEW) return this.#texts.indexOf(text);
    while (this.#indexed < length) this.#index(this.#indexed);
    if (this.#places !== null) return this.#places.get(text) ?? -1;
    const table = this.#table;
    const last = table.length - 2;
    const number = this.#numberOf(text);
    let at = (number << 1) & last;
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      const place = (table[at + 1] as number) - 1;
      if (place < 0 || (table[at] === number && this.#texts[place] === text)) return place;
      at = (at + 2) & last;
    }
    return -1;
  }

  #index(place: number): void {
    const text = this.#texts[place] as string;
    this.#indexed += 1;
    if (this.#places !== null) {
      this.#places.set(text, place);
      return;
    }
    // Half of it stays empty.
    const hasRoom = 4 * this.#indexed <= this.#table.length || this.#grow();
    if (hasRoom && put(this.#table, this.#numberOf(text), place + 1)) return;
    this.#places = new Map();
    for (let each = 0; each <= place; each += 1) this.#places.set(this.#texts[each] as string, each);
    this.#table = NO_TABLE;
  }

  #grow(): boolean {
    const old = this.#table;
    this.#table = new Int32Array(Math.max(8 * FEW, 2 * old.length));
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0 && !put(this.#table, old[at] as number, old[at + 1] as number)) return false;
    }
    return true;
  }

  #numberOf(text: string): number {
    if (text === this.#sought) return this.#number;
    this.#sought = text;
    return (this.#number = numberOf(text));
  }
}

/** False where there are too many entries about its place, or with its number. */
function put(table: Int32Array, number: number, place: number): boolean {
  const last = table.length - 2;
  let at = (number << 1) & last;
  let alike = 0;
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    if (table[at + 1] === 0) {
      table[at] = number;
      table[at + 1] = place;
      return true;
    }
    if (table[at] === number) alike += 1;
    if (alike === MOST_ALIKE) return false;
    at = (at + 2) & last;
  }
  return false;
}

/** FNV-1a of its code units and length, and then mixed (the finaliser of MurmurHash3), since a table takes the lowest bits. */
function numberOf(text: string): number {
  let number = 0x811c9dc5 ^ text.length;
  for (let index = Math.max(0, text.length - LONG); index < text.length; index += 1) {
    number = Math.imul(number ^ text.charCodeAt(index), 0x01000193);
  }
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35);
  return number ^ (number >>> 16);
}
