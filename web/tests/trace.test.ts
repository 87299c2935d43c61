import assert from "node:assert/strict";
import { test } from "node:test";
import type { Columns } from "../src/columns.ts";
import { readersOf } from "../src/trace/adjacency.ts";
import { shortestWay, trace } from "../src/trace/trace.ts";
import { sample } from "./fixture.ts";

/** A random model with groups, parallel edges, cycles now and then, and orders without a tensor. */
function random(seed: number): Columns {
  let state = (seed * 7919) % 2147483647;
  const draw = (below: number): number => Math.floor(((state = (state * 48271) % 2147483647) / 2147483647) * below);
  const size = 2 + draw(14);
  const groups = Array.from({ length: draw(4) }, (_, at) => ({ name: `g${at}`, parent: draw(at + 1) }));
  const nodes = Array.from({ length: size }, (_, at) => ({
    name: `n${at}`,
    op: "X",
    group: draw(groups.length + 1),
    inputs: Array.from({ length: draw(4) }, () => [draw(10) === 0 ? draw(size) : draw(at + 1), draw(6) === 0 ? -1 : 0] as const),
  }));
  return sample(nodes, groups);
}

/** All pairs that a way joins, every node to itself too: the slow way, until nothing changes. */
function ways(columns: Columns, control: boolean): boolean[][] {
  const joined = Array.from({ length: columns.nodes }, (_, row) => Array.from({ length: columns.nodes }, (_, at) => row === at));
  const set = (row: number, at: number): void => void ((joined[row] as boolean[])[at] = true);
  for (let node = 0; node < columns.nodes; node++) {
    for (let at = columns.inputStart[node] as number; at < (columns.inputStart[node + 1] as number); at++) {
      if (control || (columns.inputPort[at] as number) >= 0) set(columns.inputNode[at] as number, node);
    }
  }
  for (let by = 0; by < columns.nodes; by++) {
    for (let from = 0; from < columns.nodes; from++) {
      for (let to = 0; to < columns.nodes; to++) if (joined[from]?.[by] && joined[by]?.[to]) set(from, to);
    }
  }
  return joined;
}

const inside = (columns: Columns, item: number): number[] => {
  if (item >= 0) return [item];
  const holds = (group: number): boolean => group >= 0 && (group === ~item || holds(columns.groupParents[group] as number));
  return [...columns.nodeGroup].flatMap((group, node) => (holds(group) ? [node] : []));
};
const marked = (marks: Uint8Array): number[] => [...marks].flatMap((mark, at) => (mark === 0 ? [] : [at]));

test("traces agree with all pairs that a way joins", () => {
  let between = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const columns = random(seed);
    const control = seed % 3 === 0;
    const joined = ways(columns, control);
    const one = seed % 5 === 0 && columns.groups > 1 ? ~(seed % columns.groups) : seed % columns.nodes;
    const two = seed % 2 === 0 ? (seed * 7) % columns.nodes : columns.nodes - 1;
    const from = inside(columns, one);
    const all = [...Array(columns.nodes).keys()];
    const before = all.filter((node) => from.some((end) => joined[node]?.[end]));
    const after = all.filter((node) => from.some((end) => joined[end]?.[node]));
    const found = (kind: "feeds" | "fed" | "around"): number[] => marked(trace(columns, { kind, from: [one], control }).nodes);
    assert.deepEqual(found("feeds"), before, `seed ${seed}`);
    assert.deepEqual(found("fed"), after, `seed ${seed}`);
    assert.deepEqual(found("around"), all.filter((node) => before.includes(node) || after.includes(node)));
    const forth = all.filter((node) => from.some((end) => joined[end]?.[node]) && joined[node]?.[two]);
    const back = all.filter((node) => joined[two]?.[node] && from.some((end) => joined[node]?.[end]));
    const paths = trace(columns, { kind: "between", from: [one], to: [two], control });
    const expected = forth.length > 0 ? forth : back;
    assert.equal(paths.count, expected.length);
    assert.equal(paths.turned, forth.length === 0 && back.length > 0);
    const ends = new Set(one >= 0 ? [one, two] : [two]);
    assert.deepEqual(marked(paths.nodes), [...new Set([...expected, ...ends])].sort((a, b) => a - b));
    const way = shortestWay(columns, [one], [two], control);
    assert.equal(way.length > 0, from.some((end) => joined[end]?.[two]));
    for (let at = 1; at < way.length; at++) assert.ok(joined[way[at - 1] as number]?.[way[at] as number]);
    between += forth.length > 2 ? 1 : 0;
  }
  assert.ok(between > 30, String(between));
});

test("groups are marked where they hold something of the trace", () => {
  const columns = sample(
    [{ name: "a", op: "X", group: 2 }, { name: "b", op: "X", inputs: [0] }, { name: "c", op: "X", group: 3, inputs: [1] }, { name: "d", op: "X", group: 4 }],
    [{ name: "g", parent: 0 }, { name: "h", parent: 1 }, { name: "i", parent: 0 }, { name: "j", parent: 0 }],
  );
  assert.deepEqual([...trace(columns, { kind: "feeds", from: [1] }).groups], [1, 1, 1, 0, 0]);
  assert.deepEqual([...trace(columns, { kind: "fed", from: [~1] }).groups], [1, 2, 1, 1, 0]);
  assert.deepEqual([...trace(columns, { kind: "between", from: [0], to: [~3] }).nodes], [2, 1, 1, 0]);
  assert.deepEqual([...trace(columns, { kind: "between", from: [3], to: [2] }).nodes], [0, 0, 2, 2]);
});

test("turned edges are all edges", () => {
  const columns = random(12345);
  const pairs: string[] = [];
  const { start, node, port } = readersOf(columns);
  for (let from = 0; from < columns.nodes; from++) {
    for (let at = start[from] as number; at < (start[from + 1] as number); at++) pairs.push(`${from}:${port[at]} ${node[at]}`);
  }
  const stored: string[] = [];
  for (let to = 0; to < columns.nodes; to++) {
    for (let at = columns.inputStart[to] as number; at < (columns.inputStart[to + 1] as number); at++) {
      stored.push(`${columns.inputNode[at]}:${columns.inputPort[at]} ${to}`);
    }
  }
  assert.deepEqual(pairs.sort(), stored.sort());
  assert.equal(readersOf(columns), readersOf(columns));
});
