import assert from "node:assert/strict";
import { test } from "node:test";
import { Attributes } from "../src/columns.ts";
import { type Answer, SearchClient, type SearchWorker } from "../src/find/client.ts";
import { AttributesNeeded, Engine, type Found } from "../src/find/engine.ts";
import type { ToWorker } from "../src/find/messages.ts";
import { inOrder, marksOf } from "../src/find/order.ts";
import { pack, sample } from "./fixture.ts";

const NET = sample([{ name: "a", op: "Conv2D", group: 2 }, { name: "b", op: "Dense" }], [{ name: "g", parent: 0 }, { name: "h", parent: 1 }]);
const ATTRIBUTES = pack([["attributes", "utf8", ["{}", '{"units":3}']], ["attribute_code", "i32", [0, 1]]]);

/** A worker that answers when the test says so, with the real engine. */
class Puppet implements SearchWorker {
  onmessage: SearchWorker["onmessage"] = null;
  onerror: SearchWorker["onerror"] = null;
  readonly asked: string[] = [];
  readonly heard: string[] = [];
  engine = new Engine(NET);
  postMessage(message: ToWorker): void {
    this.heard.push(message.kind);
    if (message.kind === "search") this.asked.push(message.query);
    if (message.kind === "attributes") this.engine.attributes = new Attributes(message.buffer);
  }
  terminate(): void {}
  answer(): void {
    const query = this.asked.shift() as string;
    const say = (data: unknown): void => this.onmessage?.({ data } as never);
    try {
      say({ kind: "found", query, found: this.engine.search(query), milliseconds: 1 });
    } catch (error) {
      say(error instanceof AttributesNeeded ? { kind: "attributes needed", query } : { kind: "problem", query, message: (error as Error).message, at: 0 });
    }
  }
}

function start(attributes: ArrayBuffer | null): { client: SearchClient; worker: Puppet; answers: Answer[] } {
  const worker = new Puppet();
  const answers: Answer[] = [];
  const client = new SearchClient({ start: () => worker, columns: NET.buffer, attributes: async () => attributes, answered: (answer) => void answers.push(answer) });
  return { client, worker, answers };
}

test("of what was typed meanwhile only the newest is asked", () => {
  const { client, worker, answers } = start(null);
  for (const text of ["c", "co", "con", "conv"]) client.ask(text);
  assert.deepEqual(worker.asked, ["c"]);
  worker.answer();
  assert.deepEqual(worker.asked, ["conv"]);
  worker.answer();
  assert.deepEqual(answers.map(({ query }) => query), ["conv"]);
  client.ask("(/x");
  worker.answer();
  assert.equal((answers[1] as Answer).problem, "");
  client.ask("params>x");
  worker.answer();
  assert.ok(/Expected a number/.test((answers[2] as Answer).problem));
  client.close();
});

test("attributes are fetched once, when a query needs them", async () => {
  const { client, worker, answers } = start(ATTRIBUTES);
  client.ask("units=3");
  worker.answer();
  await new Promise((done) => setTimeout(done, 1));
  worker.answer();
  assert.deepEqual([...((answers[0] as Answer).found as Found).nodes], [1]);
  await client.loadAttributes();
  assert.deepEqual(worker.heard.filter((kind) => kind === "attributes"), ["attributes"]);
  client.close();
});

test("a page without attributes says so", async () => {
  const { client, worker, answers } = start(null);
  client.ask("units=3");
  worker.answer();
  await new Promise((done) => setTimeout(done, 1));
  assert.ok(/holds no attributes/.test((answers[0] as Answer).problem));
  client.close();
});

test("where workers are forbidden or fail at once, the page searches by itself", async () => {
  for (const forbidden of [true, false]) {
    const worker = new Puppet();
    const answers: Answer[] = [];
    const client = new SearchClient({
      start: () => {
        if (forbidden) throw new Error("blocked");
        return worker;
      },
      columns: NET.buffer,
      attributes: async () => ATTRIBUTES,
      answered: (answer) => void answers.push(answer),
    });
    client.ask("units=3");
    if (!forbidden) worker.onerror?.({ message: "blocked" } as ErrorEvent);
    for (let wait = 0; answers.length === 0 && wait < 100; wait++) await new Promise((done) => setTimeout(done, 5));
    assert.deepEqual([...((answers[0] as Answer).found as Found).nodes], [1]);
    client.close();
  }
});

test("hits are ordered by rank, groups first, then as in the model", () => {
  const found = { nodes: Uint32Array.of(2, 5, 9), nodeRanks: Uint8Array.of(3, 0, 3), groups: Uint32Array.of(1, 4), groupRanks: Uint8Array.of(3, 254), similar: false, note: "" };
  assert.deepEqual([...inOrder(found)], [5, ~1, 2, 9, ~4]);
});

test("marks tell what is hit and what holds a hit", () => {
  const found = new Engine(NET).search("conv | h");
  const marks = marksOf(NET, found);
  assert.deepEqual([...marks.nodes], [1, 0]);
  assert.deepEqual([...marks.groups], [2, 2, 1]);
});
