import assert from "node:assert/strict";
import { test } from "node:test";
import { Compared, NOWHERE } from "../src/compare/compared.ts";
import { followed, holdOf } from "../src/compare/step.ts";
import { kindsOf, linesOf, mainKind, percent, summary, totalLines } from "../src/compare/words.ts";
import type { Compare } from "../src/contract.ts";
import { letterOf, stateOf } from "../src/paint/change.ts";
import type { Place } from "../src/state.ts";
import { nested } from "./charts.ts";

const STATES = ["equal", "added", "removed", "changed", "fused", "moved"];

/** A container of columns, as the server writes it. */
function container(numbers: Record<string, [type: string, values: number[]]>, texts: string[]): ArrayBuffer {
  const widths: Record<string, number> = { u8: 1, i32: 4, u32: 4, utf8: 1 };
  const joined = new TextEncoder().encode(texts.join(""));
  const starts = texts.reduce<number[]>((found, text) => [...found, (found.at(-1) ?? 0) + text.length], [0]);
  const all: [string, string, number[]][] = [
    ...Object.entries(numbers).map(([name, [type, values]]) => [name, type, values] as [string, string, number[]]),
    ["change", "utf8", [...joined]], ["change_start", "u32", starts],
  ];
  let offset = 0;
  const sections = all.map(([name, type, values]) => {
    const length = values.length * (widths[type] ?? 1);
    const section = { name, type, offset, length, count: type === "utf8" ? texts.length : values.length };
    offset += length + ((8 - (length % 8)) % 8);
    return section;
  });
  let header = JSON.stringify({ schema: 1, sections });
  header += " ".repeat((8 - ((4 + header.length) % 8)) % 8);
  const buffer = new ArrayBuffer(4 + header.length + offset);
  const view = new DataView(buffer);
  view.setUint32(0, header.length, true);
  new Uint8Array(buffer, 4).set(new TextEncoder().encode(header));
  all.forEach(([, type, values], at) => values.forEach((value, index) => {
    const place = 4 + header.length + (sections[at]?.offset ?? 0) + index * (widths[type] ?? 1);
    if (type === "i32") {
      view.setInt32(place, value, true);
    } else if (type === "u32") {
      view.setUint32(place, value, true);
    } else {
      view.setUint8(place, value);
    }
  }));
  return buffer;
}

// old: a b c, new: a x c; both: a b x c, where b is gone and x is new
const BUFFER = container({
  both_state: ["u8", [0, 2, 1, 3]], both_group_state: ["u8", [0, 0x80]],
  old_state: ["u8", [0, 2, 3]], old_group_state: ["u8", [0, 0x80]],
  new_state: ["u8", [0, 1, 3]], new_group_state: ["u8", [0, 0x80]],
  old_node: ["i32", [0, 1, 3]], old_group: ["i32", [0, 1]],
  new_node: ["i32", [0, 2, 3]], new_group: ["i32", [0, 1]],
  both_old_node: ["i32", [0, 1, NOWHERE, 2]], both_old_group: ["i32", [0, 1]],
  both_new_node: ["i32", [0, NOWHERE, 1, 2]], both_new_group: ["i32", [0, 1]],
  change_kind: ["u8", [1 << 2, 1 << 1, (1 << 3) | (1 << 5)]],
  change_item: ["i32", [1, 2, 3]], change_old: ["i32", [1, NOWHERE, 2]], change_new: ["i32", [NOWHERE, 1, 2]],
}, ['{"old":{"id":"b","name":"b","op":"B"}}', '{"new":{"id":"x","name":"x","op":"X"}}', '{"old":{"id":"c","name":"c","op":"C"},"new":{"id":"c","name":"c","op":"C"}}']);

test("partners are found from every chart to every other, and not where there is none", () => {
  const compared = new Compared(BUFFER);
  assert.equal(compared.count, 3);
  assert.equal(compared.partner("old", 2, "new"), 2);
  assert.equal(compared.partner("new", 2, "both"), 3);
  assert.equal(compared.partner("both", 3, "old"), 2);
  assert.equal(compared.partner("old", 1, "new"), undefined);
  assert.equal(compared.partner("new", 1, "old"), undefined);
  assert.equal(compared.partner("old", ~1, "new"), ~1);
  assert.equal(compared.partner("old", 99, "new"), undefined);
  assert.equal(compared.partner("old", 1, "old"), 1);
});

test("changes are found by the item of any chart", () => {
  const compared = new Compared(BUFFER);
  assert.equal(compared.rowOf("both", 3), 2);
  assert.equal(compared.rowOf("old", 1), 0);
  assert.equal(compared.rowOf("new", 1), 1);
  assert.equal(compared.rowOf("new", 0), undefined);
  assert.equal(compared.rowOf("new", NOWHERE), undefined);
  assert.deepEqual(compared.row(1), { kinds: 2, both: 2, old: NOWHERE, new: 1 });
  assert.equal(compared.told(0).old?.name, "b");
});

test("kinds are bits, and the one that weighs most is drawn", () => {
  const bits = (1 << 3) | (1 << 5);
  assert.deepEqual(kindsOf(bits, STATES), ["changed", "moved"]);
  assert.equal(mainKind(bits, STATES), "changed");
  assert.equal(mainKind(1 << 1, STATES), "added");
});

test("a change is told in a line: what a person did before what follows from it", () => {
  const unit = { id: "a", name: "a", op: "Conv2D", parameters: 10, macs: 100 };
  const change = {
    old: { ...unit, name: "before" }, new: { ...unit, parameters: 20, macs: null }, renamed: true, moved: false, fused: [],
    changes: [
      { what: "shape", name: "", old: [null, 8], new: [null, 16] }, { what: "attribute", name: "filters", old: 8, new: 16 },
    ],
  };
  assert.equal(summary(change), "was before · filters 8 → 16 · shape None × 8 → None × 16");
  const lines = linesOf(change);
  assert.deepEqual(lines[0], ["name", "before", "a", ""]);
  assert.deepEqual(lines.find(([name]) => name === "parameters"), ["parameters", "10", "20", "+100 %"]);
  assert.deepEqual(lines.find(([name]) => name === "MACs"), ["MACs", "100", "unknown", ""]);
  assert.equal(summary({ new: unit }), "10 parameters · 100 MACs");
});

test("values of weights are told by how far they are apart", () => {
  const unit = { id: "a", name: "a", op: "Dense" };
  const gap = { max_abs_difference: 0.12345, different: 3, of: 1000 };
  const change = { old: unit, new: unit, changes: [{ what: "values", name: "kernel", old: null, new: gap }] };
  assert.equal(summary(change), "values kernel up to 0.123 apart (3 of 1 k)");
  const infinite = { ...change, changes: [{ what: "values", name: "k", old: null, new: { ...gap, max_abs_difference: null } }] };
  assert.equal(linesOf(infinite)[0]?.[2], "not finite in one of them (3 of 1 k)");
});

test("growth is told in percent, and in times where that is much", () => {
  assert.equal(percent(100, 150), "+50 %");
  assert.equal(percent(100, 99), "−1.0 %");
  assert.equal(percent(1, 40), "× 40");
  assert.equal(percent(0, 40), "");
  assert.equal(percent(null, 40), "");
  const compare = { totals: [["macs", 1000, 2000], ["nodes", 5, 5]] } as unknown as Compare;
  assert.deepEqual(totalLines(compare), [["MACs", "1 k", "2 k", "+100 %"], ["nodes", "5", "the same", ""]]);
});

test("a group that only holds changes has a dot and no colour of its own", () => {
  const look = (letter: string) => ({ letter, fill: "#ffffff", stroke: "#000000" });
  const changes = { nodes: new Uint8Array([3]), groups: new Uint8Array([0, 0x80]), looks: { light: STATES.map((_, at) => look("_+−~&→"[at] ?? "")) } };
  assert.equal(letterOf(changes, "light", stateOf(changes, 0)), "~");
  assert.equal(letterOf(changes, "light", stateOf(changes, ~1)), "•");
  assert.equal(stateOf(undefined, 0), 0);
});

test("the follower shows the partner where the leader shows it, at any depth and zoom", () => {
  const store = nested(4);
  const viewport = { width: 800, height: 600 };
  for (const camera of [{ anchor: 0, x: 60, y: 40, k: 3 }, { anchor: 2, x: 30, y: 20, k: 7 }, { anchor: 3, x: 10, y: 10, k: 0.5 }]) {
    const view = { store, camera, viewport };
    const same = (item: number): Place | undefined => {
      for (const [group, part] of store.parts) {
        const position = part.children.indexOf(item);
        if (position >= 0) {
          return { item, group, position };
        }
      }
      return undefined;
    };
    const hold = holdOf(view, same, undefined);
    assert(hold !== undefined);
    const target = followed(view, view, hold);
    assert(target !== undefined);
    const again = holdOf({ ...view, camera: target }, same, hold.seen.item);
    assert.equal(again?.seen.item, hold.seen.item);
    for (const key of ["x", "y", "w", "h"] as const) {
      assert(Math.abs((again?.seen.box[key] ?? 0) - hold.seen.box[key]) < 1e-6 * Math.max(1, Math.abs(hold.seen.box[key])), key);
    }
  }
  assert.equal(holdOf({ store, camera: { anchor: 0, x: 60, y: 40, k: 3 }, viewport }, () => undefined, undefined), undefined);
});
