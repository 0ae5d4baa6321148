/** What a check found: the first few in full, and how many in all. A damaged recording may have any number. */
export class Problems {
  readonly #first: string[] = [];
  #count = 0;

  add(text: string): void {
    this.#count += 1;
    if (this.#first.length < KEPT) this.#first.push(text);
  }

  get count(): number {
    return this.#count;
  }

  get first(): readonly string[] {
    return this.#first;
  }
}

const KEPT = 10;
