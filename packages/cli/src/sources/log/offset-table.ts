/** Where each line of a file is: sixteen bytes for a line, whatever its length. */
const FIRST_CAPACITY = 1024;

export class OffsetTable {
  /** Offset and length of line n at 2n - 2 and 2n - 1. */
  #places = new Float64Array(FIRST_CAPACITY * 2);
  #count = 0;

  set(line: number, offset: number, bytes: number): void {
    if (line * 2 > this.#places.length) {
      const larger = new Float64Array(this.#places.length * 2);
      larger.set(this.#places);
      this.#places = larger;
    }
    this.#places[line * 2 - 2] = offset;
    this.#places[line * 2 - 1] = bytes;
    this.#count = Math.max(this.#count, line);
  }

  get(line: number): { readonly offset: number; readonly bytes: number } | null {
    if (line < 1 || line > this.#count) return null;
    return { offset: this.#places[line * 2 - 2] ?? 0, bytes: this.#places[line * 2 - 1] ?? 0 };
  }
}
