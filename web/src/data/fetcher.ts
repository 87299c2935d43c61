/** `Fetcher`: brings parts as the camera comes near them, a few at a time and each once. */
import type { Store } from "../scene/store.ts";
import type { DataSource } from "./source.ts";

const MOST_AT_ONCE = 48;

export class Fetcher {
  private readonly asked = new Set<number>();
  private waiting: number[] = [];
  private running: Promise<void> | undefined;

  /** `arrived` is called with the text of every slice, after the store has it. */
  constructor(
    private readonly source: DataSource,
    private readonly chart: number,
    private readonly store: Store,
    private readonly arrived: (text: string) => void,
  ) {}

  /** Whether nothing is under way. */
  get idle(): boolean {
    return this.running === undefined;
  }

  /** Fetch these soon, the first first; what was wanted before and is not any more is dropped. */
  want(groups: readonly number[]): void {
    this.waiting = groups.filter((group) => !this.asked.has(group));
    void this.run();
  }

  /** Fetch these, and wait for them. */
  async need(groups: readonly number[]): Promise<void> {
    const wanted = groups.filter((group) => !this.store.isOpen(group));
    if (wanted.length > 0) {
      await this.bring(wanted);
    }
  }

  private run(): Promise<void> {
    this.running ??= this.drain().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MOST_AT_ONCE);
      await this.bring(batch);
    }
  }

  private async bring(groups: readonly number[]): Promise<void> {
    for (const group of groups) {
      this.asked.add(group);
    }
    try {
      const { slice, text } = await this.source.parts(this.chart, groups);
      this.store.merge(slice);
      this.arrived(text);
    } catch {
      for (const group of groups) {
        this.asked.delete(group); // it is asked for again when it is next seen
      }
    }
  }
}
