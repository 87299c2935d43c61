/** Answers what the search is asked: in a worker, or in the page where workers are not allowed. */

import { Attributes, readColumns } from "../columns.ts";
import { AttributesNeeded, Engine } from "./engine.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { QueryError } from "./query.ts";

export class Answerer {
  #engine: Engine | undefined;

  /** What to answer to a message; undefined where it only brings data. */
  hear(message: ToWorker): FromWorker | undefined {
    if (message.kind === "columns") {
      this.#engine = new Engine(readColumns(message.buffer));
      return undefined;
    }
    const engine = this.#engine;
    if (engine === undefined) throw new Error("the columns come before anything else");
    if (message.kind === "attributes") {
      engine.attributes = new Attributes(message.buffer);
      return undefined;
    }
    return search(engine, message.query);
  }
}

function search(engine: Engine, query: string): FromWorker {
  const from = performance.now();
  try {
    const found = engine.search(query);
    return { kind: "found", query, found, milliseconds: performance.now() - from };
  } catch (error) {
    if (error instanceof AttributesNeeded) return { kind: "attributes needed", query };
    if (error instanceof QueryError) return { kind: "problem", query, message: error.message, at: error.at };
    throw error;
  }
}
