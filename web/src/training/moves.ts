/** Moves of the pointer over an element, told once a frame, however often the pointer is said to have moved. */
export class Moves {
  private last: PointerEvent | undefined;

  constructor(target: HTMLElement, private readonly run: (event: PointerEvent) => void) {
    target.addEventListener("pointermove", (event) => {
      if (this.last === undefined) requestAnimationFrame(() => this.tell());
      this.last = event;
    });
  }

  /** Tell of a move that is not told yet, without waiting for the frame. */
  tell(): void {
    const event = this.last;
    this.last = undefined;
    if (event !== undefined) this.run(event);
  }

  /** Forget a move that is not told yet. */
  forget(): void {
    this.last = undefined;
  }
}
