/** One search from outside the page's own panel, for `window.cutaway` and tests. */

import { Attributes } from "../columns.ts";
import type { Columns } from "../columns.ts";
import { AttributesNeeded, Engine, type Found } from "./engine.ts";
import { inOrder } from "./order.ts";
import { QueryError } from "./query.ts";

const MOST = 1000; // hits that are listed; all are counted

export interface Hit {
  readonly id: string;
  readonly kind: "node" | "group";
  readonly index: number;
}

export interface FindAnswer {
  readonly count: number;
  /** Whether nothing fits exactly and these are only similar. */
  readonly similar: boolean;
  /** What is wrong with the query; empty where nothing is. */
  readonly problem: string;
  /** The best first, at most 1,000. */
  readonly hits: readonly Hit[];
}

/** Finds what fits a query, best first; loads attributes where the query compares them. */
export async function ask(columns: Columns, query: string, attributes: () => Promise<ArrayBufferLike>): Promise<FindAnswer> {
  const engine = new Engine(columns);
  try {
    return answer(columns, engine.search(query));
  } catch (error) {
    if (error instanceof QueryError) return { count: 0, similar: false, problem: error.message, hits: [] };
    if (!(error instanceof AttributesNeeded)) throw error;
    engine.attributes = new Attributes(await attributes());
    return answer(columns, engine.search(query));
  }
}

function answer(columns: Columns, found: Found): FindAnswer {
  const items = inOrder(found);
  const hits = Array.from(items.subarray(0, MOST), (item): Hit =>
    item < 0
      ? { id: columns.groupId(~item), kind: "group", index: ~item }
      : { id: columns.id(item), kind: "node", index: item },
  );
  return { count: items.length, similar: found.similar, problem: "", hits };
}
