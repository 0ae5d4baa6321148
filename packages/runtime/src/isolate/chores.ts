/**
 * What nobody waits for: what a cell leaves behind, boxes for the next one, deadlines that a short cell never sees. Done a moment
 * later, with one timer for all: making one takes longer than most of what it is for.
 */

/** Making a box blocks the loop for about two milliseconds. A short script's response is out by then, and waits for none. */
const CHORE_DELAY_MS = 5;

export class Chores {
  #chores: (() => void)[] = [];
  #last: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Does `chore` in about 5 ms; the process stays for it. It must not throw. With `last` it comes after those without. */
  add(chore: () => void, last = false): void {
    (last ? this.#last : this.#chores).push(chore);
    if (this.#chores.length + this.#last.length > 1) return;
    if (this.#timer !== undefined) this.#timer.refresh();
    else {
      this.#timer = setTimeout(() => {
        const chores = [...this.#chores, ...this.#last];
        this.#chores = [];
        this.#last = [];
        for (const chore of chores) chore();
      }, CHORE_DELAY_MS);
    }
  }
}
