/** The search worker: holds the columns, answers one query after the other. */

import { Attributes, readColumns } from "../columns.ts";
import { AttributesNeeded, Engine } from "./engine.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { QueryError } from "./query.ts";

interface Scope {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, options?: { transfer: ArrayBuffer[] }): void;
}

const scope = globalThis as unknown as Scope;
let engine: Engine | null = null;

scope.onmessage = ({ data }) => {
  if (data.kind === "columns") engine = new Engine(readColumns(data.buffer));
  else if (data.kind === "attributes") (engine as Engine).attributes = new Attributes(data.buffer);
  else search(engine as Engine, data.query);
};

function search(searcher: Engine, query: string): void {
  const from = performance.now();
  try {
    const found = searcher.search(query);
    const answer: FromWorker = { kind: "found", query, found, milliseconds: performance.now() - from };
    scope.postMessage(answer);
  } catch (error) {
    if (error instanceof AttributesNeeded) scope.postMessage({ kind: "attributes needed", query });
    else if (error instanceof QueryError) {
      scope.postMessage({ kind: "problem", query, message: error.message, at: error.at });
    } else throw error;
  }
}
