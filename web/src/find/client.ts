/**
 * The page's end of the search. Only one query is under way at a time, and only the newest waits: fast typing
 * never queues up. A query that takes too long, such as a regular expression that tries everything, is ended.
 */

import { Answerer } from "./answer.ts";
import type { Found } from "./engine.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** What a search came to. */
export interface Answer {
  readonly query: string;
  readonly found: Found | null;
  /** What is wrong with the query, and where; empty where nothing is. */
  readonly problem: string;
  readonly at: number;
  readonly milliseconds: number;
}

/** What the client needs of a `Worker`. */
export interface SearchWorker {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToWorker): void;
  terminate(): void;
}

export interface SearchSetup {
  /** Starts a worker; where that fails or is forbidden, the page searches by itself. */
  start(): SearchWorker;
  readonly columns: ArrayBufferLike;
  /** Attributes of all nodes, or null where this page has none. */
  attributes(): Promise<ArrayBufferLike | null>;
  answered(answer: Answer): void;
}

const PATIENCE = 4000; // ms; the slowest sound query over 1,000,000 nodes takes about 1 s

/** Stands for a worker where there is none. */
class InPage implements SearchWorker {
  onmessage: SearchWorker["onmessage"] = null;
  onerror: SearchWorker["onerror"] = null;
  readonly #answerer = new Answerer();
  #ended = false;

  postMessage(message: ToWorker): void {
    setTimeout(() => {
      const answer = this.#ended ? undefined : this.#answerer.hear(message);
      if (answer !== undefined) this.onmessage?.({ data: answer } as MessageEvent<FromWorker>);
    });
  }

  terminate(): void {
    this.#ended = true;
  }
}

/** Asks a worker, which starts with the first question. */
export class SearchClient {
  #worker: SearchWorker | null = null;
  #underWay: string | null = null;
  #waiting: string | null = null;
  #attributes: Promise<ArrayBufferLike | null> | null = null;
  #attributesSent = false;
  #clock: ReturnType<typeof setTimeout> | undefined;
  /** Whether workers have failed here before one ever answered. */
  #inPage = false;
  #everAnswered = false;

  constructor(readonly setup: SearchSetup) {}

  /** Asks; the answer comes to `answered`, unless a newer question overtakes it. */
  ask(query: string): void {
    if (this.#underWay !== null) this.#waiting = query;
    else this.#send(query);
  }

  /** Fetches the attributes, so that words are found in them too. */
  async loadAttributes(): Promise<boolean> {
    this.#attributes ??= this.setup.attributes();
    const buffer = await this.#attributes;
    if (buffer === null) return false;
    if (!this.#attributesSent) {
      this.#attributesSent = true;
      this.#ready().postMessage({ kind: "attributes", buffer });
    }
    return true;
  }

  close(): void {
    clearTimeout(this.#clock);
    this.#worker?.terminate();
    this.#worker = null;
    this.#attributesSent = false;
  }

  #ready(): SearchWorker {
    if (this.#worker !== null) return this.#worker;
    const worker = this.#start();
    worker.onmessage = ({ data }) => this.#received(data);
    worker.onerror = (event) => this.#failed(event.message);
    worker.postMessage({ kind: "columns", buffer: this.setup.columns });
    this.#worker = worker;
    return worker;
  }

  #start(): SearchWorker {
    if (!this.#inPage) {
      try {
        return this.setup.start();
      } catch {
        this.#inPage = true; // workers are forbidden here
      }
    }
    return new InPage();
  }

  #failed(why: string): void {
    const query = this.#underWay;
    this.close();
    if (this.#everAnswered || this.#inPage) {
      this.#answer(query ?? "", `The search failed: ${why}`);
      return;
    }
    this.#inPage = true;
    void this.#loadAttributesAgain();
    if (query !== null) this.#send(query);
  }

  #send(query: string): void {
    this.#underWay = query;
    clearTimeout(this.#clock);
    this.#clock = setTimeout(() => this.#end(query), PATIENCE);
    this.#ready().postMessage({ kind: "search", query });
  }

  #end(query: string): void {
    this.close();
    void this.#loadAttributesAgain();
    this.#answer(query, "This search takes too long and was ended; a simpler expression may do.");
  }

  /** A worker that was started anew gets the attributes that the old one had. */
  async #loadAttributesAgain(): Promise<void> {
    if (this.#attributes !== null) await this.loadAttributes();
  }

  #received(message: FromWorker): void {
    this.#everAnswered = true;
    if (message.kind === "attributes needed") void this.#withAttributes(message.query);
    else if (message.kind === "problem") this.#answer(message.query, message.message, message.at);
    else this.#finish({ ...message, problem: "", at: 0 });
  }

  async #withAttributes(query: string): Promise<void> {
    clearTimeout(this.#clock); // loading them may take longer than a search may
    let problem = "This page holds no attributes; open the model with cutaway to search them.";
    try {
      if (await this.loadAttributes()) return this.#send(this.#waiting ?? query);
    } catch (error) {
      this.#attributes = null;
      problem = `The attributes could not be loaded: ${(error as Error).message}`;
    }
    this.#answer(query, problem);
  }

  #answer(query: string, problem: string, at = 0): void {
    this.#finish({ query, found: null, problem, at, milliseconds: 0 });
  }

  #finish({ query, found, problem, at, milliseconds }: Answer): void {
    clearTimeout(this.#clock);
    this.#underWay = null;
    const next = this.#waiting;
    this.#waiting = null;
    if (next !== null && next !== query) this.#send(next);
    else this.setup.answered({ query, found, problem, at, milliseconds });
  }
}
