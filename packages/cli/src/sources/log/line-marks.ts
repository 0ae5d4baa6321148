/** Which of a few marks each line of a file has: four bytes for a line. */
const FIRST_CAPACITY = 1024;

export class LineMarks {
  #marks = new Uint32Array(FIRST_CAPACITY);

  /** Puts mark number `mark` (0 to 31) on a line. */
  set(line: number, mark: number): void {
    if (line >= this.#marks.length) {
      const larger = new Uint32Array(Math.max(line + 1, this.#marks.length * 2));
      larger.set(this.#marks);
      this.#marks = larger;
    }
    this.#marks[line] = (this.#marks[line] ?? 0) | (1 << mark);
  }

  has(line: number, mark: number): boolean {
    return ((this.#marks[line] ?? 0) & (1 << mark)) !== 0;
  }
}
