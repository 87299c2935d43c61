/** The search worker: holds the columns, answers one query after the other. */

import { Answerer } from "./answer.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

interface Scope {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as Scope;
const answerer = new Answerer();

scope.onmessage = ({ data }) => {
  const answer = answerer.hear(data);
  if (answer !== undefined) scope.postMessage(answer);
};
