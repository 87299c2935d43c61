import assert from "node:assert/strict";
import { test } from "node:test";
import { Attributes } from "../src/columns.ts";
import { readChoice, writeChoice } from "../src/colour/choice.ts";
import { byValue, colour, type ColourChoice } from "../src/colour/colouring.ts";
import { overlaySources, ownSources, readTable, splitCsv } from "../src/colour/own.ts";
import { rollUp } from "../src/colour/rollup.ts";
import { colourAt, type Scale, shareOf, shortNumber, spreadFor, ticks, valueAt } from "../src/colour/scale.ts";
import { type Labels, type Numbers, sourcesOf } from "../src/colour/sources.ts";
import { pack, sample } from "./fixture.ts";

const VIRIDIS = ["#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154"];
const NET = sample(
  [
    { name: "in", op: "InputLayer", shape: [null, 8] },
    { name: "a", op: "Dense", group: 2, inputs: [0], shape: [null, 16], weights: [{ name: "kernel", shape: [8, 16] }] },
    { name: "b", op: "Dense", group: 2, inputs: [1], shape: [null, 16], weights: [{ name: "kernel", shape: [16, 16], trainable: false }] },
    { name: "c", op: "ReLU", group: 1, inputs: [2], shape: [null, 16], dtype: "float16" },
    { name: "d", op: "Dense", group: 3, inputs: [3], shape: [null, 4], weights: [{ name: "kernel", shape: [16, 4] }, { name: "m", shape: [4], trainable: false }] },
  ],
  [{ name: "g", parent: 0, placement: 1 }, { name: "h", parent: 1, placement: 7 }, { name: "i", parent: 0, placement: 7 }],
  { macs: [Number.NaN, 128, 256, 0, 64] },
);
const SETUP = { columns: NET, families: ["input", "dense", "activation"], familyFills: ["#111111", "#222222", "#333333"], attributes: null };
const source = (id: string) => sourcesOf(SETUP).find((found) => found.id === id)!;
const make = (id: string, choice: Partial<ColourChoice> = {}) => colour(NET, source(id), { source: id, ...choice }, VIRIDIS, "#eeeeee");

test("colours on a scale are those of the pictures", () => {
  // known values: cutaway.style.theme.scale_colour and mix give the same
  assert.equal(colourAt(VIRIDIS, 0), "#fde725");
  assert.equal(colourAt(VIRIDIS, 1), "#440154");
  assert.equal(colourAt(VIRIDIS, 0.2), "#7ad151");
  assert.equal(colourAt(VIRIDIS, 0.1), "#bcdc3b");
  assert.equal(colourAt(VIRIDIS, 7), "#440154");
  assert.equal(colourAt(["#123456"], 0.4), "#123456");
});

test("shares and values are each other's inverse", () => {
  const scales: Scale[] = [{ low: 0, high: 10, spread: "linear" }, { low: 1, high: 1e6, spread: "log" }, { low: -5, high: 5, spread: "linear" }, { low: 3, high: 7000, spread: "log" }];
  for (const scale of scales) {
    for (const share of [0, 0.25, 0.5, 1]) assert.ok(Math.abs(shareOf(scale, valueAt(scale, share)) - share) < 1e-9);
  }
  const log: Scale = { low: 0, high: 1e6, spread: "log" };
  assert.equal(shareOf(log, 0), 0);
  assert.equal(shareOf(log, 1000), 0.5);
  assert.equal(shareOf({ low: 4, high: 4, spread: "linear" }, 4), 1);
});

test("parameters spread logarithmically, small spans and negative numbers do not", () => {
  assert.equal(spreadFor(Float64Array.of(0, 10, 1e6)), "log");
  assert.equal(spreadFor(Float64Array.of(1, 50, Number.NaN)), "linear");
  assert.equal(spreadFor(Float64Array.of(-1, 1e6)), "linear");
});

test("ticks are round", () => {
  assert.deepEqual(ticks({ low: 0, high: 10, spread: "linear" }), [0, 5, 10]);
  assert.deepEqual(ticks({ low: 0, high: 1e6, spread: "log" }), [0, 1, 100, 1e4, 1e6]);
  assert.deepEqual(ticks({ low: 2, high: 2, spread: "linear" }), [2]);
  for (const [low, high] of [[0, 0.003], [-7, 3], [120, 9000], [1e-9, 1]] as const) {
    for (const spread of ["linear", "log"] as const) {
      if (spread === "log" && low <= 0) continue;
      const found = ticks({ low, high, spread });
      assert.ok(found.length >= 1 && found.length <= 11, `${low} ${high} ${spread} ${found.join()}`);
      assert.ok(found.every((value) => value >= low - 1e-9 && value <= high * 1.0001));
    }
  }
});

test("numbers are short", () => {
  const known: [number, string, string][] = [[0, "", "0"], [1234, "", "1,234"], [12345, "", "12.3k"], [25636712, "", "25.6M"], [102e6, "B", "102 MB"], [0.00012, "", "1.20e-4"], [3.14159, "ms", "3.14 ms"], [Number.NaN, "", "–"], [12, "B", "12 B"]];
  for (const [value, unit, text] of known) assert.equal(shortNumber(value, unit), text);
});

test("groups roll up what is known in them", () => {
  const values = Float64Array.of(Number.NaN, 1, 3, 10, Number.NaN);
  assert.deepEqual([...rollUp(NET, values, "sum")], [14, 14, 4, Number.NaN]);
  assert.deepEqual([...rollUp(NET, values, "max")], [10, 10, 3, Number.NaN]);
  assert.deepEqual([...rollUp(NET, values, "mean")], [14 / 3, 14 / 3, 2, Number.NaN]);
  const given = Float64Array.of(Number.NaN, Number.NaN, 100, 7);
  assert.deepEqual([...rollUp(NET, values, "sum", given)], [117, 110, 100, 7]);
});

test("roll-ups agree with adding up by hand on random trees", () => {
  for (let seed = 1; seed < 60; seed++) {
    let state = seed * 7919;
    const draw = (below: number): number => Math.floor(((state = (state * 48271) % 2147483647) / 2147483647) * below);
    const groups = Array.from({ length: 1 + draw(9) }, (_, at) => ({ name: `g${at}`, parent: draw(at + 1) }));
    const nodes = Array.from({ length: 1 + draw(20) }, (_, at) => ({ name: `n${at}`, op: "X", group: draw(groups.length + 1) }));
    const columns = sample(nodes, groups);
    const values = Float64Array.from(nodes, () => (draw(5) === 0 ? Number.NaN : draw(100)));
    const inside = (group: number): number[] =>
      [...values].filter((value, node) => {
        let at = columns.nodeGroup[node] as number;
        while (at > group && at >= 0) at = columns.groupParents[at] as number;
        return at === group && !Number.isNaN(value);
      });
    for (let group = 0; group < columns.groups; group++) {
      const all = inside(group);
      const sum = all.reduce((one, two) => one + two, 0);
      const expected = all.length === 0 ? [Number.NaN, Number.NaN, Number.NaN] : [sum, Math.max(...all), sum / all.length];
      assert.deepEqual((["sum", "max", "mean"] as const).map((how) => rollUp(columns, values, how)[group]), expected);
    }
  }
});

test("sources are those that the model has something for", () => {
  assert.deepEqual(sourcesOf(SETUP).map(({ id }) => id), ["family", "parameters", "bytes", "fact:macs", "output", "dtype", "trainable", "structure"]);
  const attributes = new Attributes(pack([["attributes", "utf8", ["{}", '{"_device":"/cpu:0"}']], ["attribute_code", "i32", [0, 1, 1, 0, 1]]]));
  const device = sourcesOf({ ...SETUP, attributes }).find(({ id }) => id === "device")!.values() as Labels;
  assert.deepEqual([device.labels, [...device.nodes]], [["/cpu:0"], [-1, 0, 0, -1, 0]]);
});

test("labels", () => {
  const trainable = source("trainable").values() as Labels;
  assert.deepEqual([...trainable.nodes].map((code) => trainable.labels[code] ?? ""), ["", "trainable", "frozen", "", "partly trainable"]);
  assert.deepEqual([...trainable.groups].map((code) => trainable.labels[code] ?? ""), ["", "", "", "partly trainable"]);
  const structure = source("structure").values() as Labels;
  assert.deepEqual(structure.labels, ["2 × h"]);
  assert.deepEqual([...structure.groups], [-1, -1, 0, 0]);
  assert.deepEqual([...structure.nodes], [-1, 0, 0, -1, 0]);
  assert.deepEqual([...(source("output").values() as Numbers).nodes], [8, 16, 16, 16, 4]);
});

test("a colouring has a fill for each node and group", () => {
  const made = make("parameters");
  assert.deepEqual(made.scale, { low: 68, high: 256, spread: "linear" });
  assert.equal(made.palette[made.nodes[2] as number], "#440154");
  assert.equal(made.palette[made.nodes[4] as number], "#fde725");
  assert.equal(made.palette[made.nodes[0] as number], "#eeeeee", "no weights: no value");
  const log = make("parameters", { spread: "log" });
  const share = Math.round((Math.log(128 / 68) / Math.log(256 / 68)) * 63) / 63;
  assert.equal(log.palette[log.nodes[1] as number], colourAt(VIRIDIS, share));
  assert.deepEqual([...(made.groupValues as Float64Array)], [452, 384, 384, 68]);
  assert.deepEqual(made.groupScale, { low: 68, high: 384, spread: "linear" }, "sums need a scale of their own");
  assert.equal(make("parameters", { rollup: "max" }).groupScale, null);
  assert.equal(made.palette.length, 66);
  assert.deepEqual(made.legend.map(({ label }) => label), ["100", "150", "200", "250"]);
});

test("what is out of range or unknown is faded, and counted", () => {
  const made = make("fact:macs", { range: [100, 200] });
  assert.deepEqual([...made.nodes].map((code) => made.palette[code] === "#eeeeee"), [true, false, true, true, true]);
  assert.deepEqual([made.known, made.shown], [3, 1], "no work is no value");
  assert.deepEqual([...(make("fact:macs", { rollup: "mean" }).groupValues as Float64Array)], [448 / 3, 192, 192, 64]);
});

test("labels can be hidden, and the legend counts them", () => {
  const made = make("family", { hidden: ["dense"] });
  const fills = [...made.nodes].map((code) => made.palette[code]);
  assert.equal(fills[0], "#111111");
  assert.deepEqual(made.legend.map(({ label, count }) => [label, count]), [["input", 1], ["dense", 3], ["activation", 1]]);
  assert.equal(fills[1], "#eeeeee");
  assert.deepEqual([...made.groups], [0, 0, 0, 0], "a group has no category of its own");
});

test("nodes by value, unknown last", () => {
  assert.deepEqual([...byValue(Float64Array.of(1, Number.NaN, 5, 1))], [2, 0, 3, 1]);
});

test("CSV", () => {
  assert.deepEqual(splitCsv('a,"b, c","d ""e"""\r\n1,2,"x\ny"\n\n'), [["a", "b, c", 'd "e"'], ["1", "2", "x\ny"]]);
  assert.deepEqual(splitCsv("a;b\n1,5;2"), [["a", "b"], ["1,5", "2"]]);
  assert.deepEqual(readTable("layer;ms;kind\na;0,5;x,y\nb;-1,25e3;z").rows.map((row) => row.values), [[0.5, "x,y"], [-1250, "z"]]);
  assert.deepEqual(readTable("a;0,5;0,7").rows, [{ key: "a", values: [0.5, 0.7] }]);
  assert.throws(() => readTable("layer;ms\na;0,5\nb;0.5"), /0,5 has a decimal comma and 0\.5 a decimal point/);
  assert.throws(() => readTable("layer,ms\na,0,5"), /3 cells, where the first line has 2; .*need semicolons/);
  const table = readTable("\uFEFFms,layer,device\n3.5,a,gpu\n,b,cpu\nNaN,zz,cpu\n");
  assert.deepEqual(table.columns, ["ms", "device"]);
  assert.deepEqual(table.rows[1], { key: "b", values: [null, "cpu"] });
  assert.deepEqual(readTable("a,1\nb,2").rows.map(({ key }) => key), ["a", "b"]);
});

test("tables meet layers by id or name, and say what they did not meet", () => {
  const own = ownSources(NET, readTable("layer\tms\tdevice\na\t3\tgpu\ng/h/b\t5\tcpu\nd:0\t1\tcpu\ni\t9\tgpu\nnothing\t1\tgpu"), "t.tsv");
  assert.deepEqual([own.matched, own.unmatched], [4, ["nothing"]]);
  assert.deepEqual(own.sources.map(({ title }) => title), ["ms (t.tsv)", "device (t.tsv)"]);
  const [ms, device] = own.sources.map((found) => found.values());
  assert.deepEqual([...(ms as Numbers).nodes], [Number.NaN, 3, 5, Number.NaN, 1]);
  const made = colour(NET, own.sources[0]!, { source: "" }, VIRIDIS, "#eeeeee");
  assert.deepEqual([...(made.groupValues as Float64Array)], [17, 8, 8, 9]);
  assert.deepEqual([...(device as Labels).groups].map((code) => (device as Labels).labels[code] ?? ""), ["", "", "", "gpu"]);
});

test("JSON in the forms that people write", () => {
  const forms = ['{"a": 3, "b": 4}', '{"a": {"ms": 3}, "b": {"ms": 4}}', '[{"name": "a", "ms": 3}, {"name": "b", "ms": 4}]', '{"main": {"results": {"a": {"value": 3}, "b": {"value": 4}}}}', '{"results": {"a": {"value": 3}, "b": 4}}'];
  for (const form of forms) {
    const values = ownSources(NET, readTable(form), "x").sources[0]!.values() as Numbers;
    assert.deepEqual([...values.nodes], [Number.NaN, 3, 4, Number.NaN, Number.NaN], form);
  }
  const coloured = readTable('{"m": {"results": {"a": {"value": 3, "bgColor": "#FF0000"}, "b": {"value": 4, "bgColor": "#00ff00"}}}}');
  const values = ownSources(NET, coloured, "x").sources[0]!.values() as Labels;
  assert.deepEqual(values.fills, ["#ff0000", "#00ff00"]);
});

test("what is no table is told so", () => {
  const fails = (text: string, expected: RegExp): void => assert.throws(() => readTable(text), expected);
  fails("", /empty/);
  fails("{ nonsense", /cannot be read/);
  fails("only one column\n1", /at least two columns/);
  fails('{"a": null}', /Expected JSON such as/);
  fails('[{"x": 1}]', /Expected a list of objects that have layer/);
  fails("[]", /Expected a list/);
});

test("a choice of colours goes through an address and back", () => {
  const choices: ColourChoice[] = [
    { source: "parameters" },
    { source: "fact:macs", spread: "log", rollup: "max", range: [10, 2.5e6] },
    { source: "bytes", range: [Number.NEGATIVE_INFINITY, 3] },
    { source: "own:a file.csv:ms", hidden: ["a,b|c", "ü", "100 %"] },
  ];
  for (const choice of choices) assert.deepEqual(readChoice(writeChoice(choice)), choice, writeChoice(choice));
  assert.deepEqual(readChoice("x|wide|most|9..1|%"), { source: "x", hidden: ["%"] });
});

test("a table that was laid over the model says itself which nodes and groups it means", () => {
  const rows = [[1, 2.5, "gpu"], [~1, 9, null], [4, null, "cpu"]];
  const [time, device, ...more] = overlaySources(NET, JSON.stringify({ name: "t.json", columns: ["time_ms", "device"], rows }));
  assert.equal(more.length, 0);
  assert.deepEqual([time!.id, time!.title, time!.unit], ["overlay:0", "time_ms (t.json)", "ms"]);
  const numbers = time!.values() as Numbers;
  assert.deepEqual([...numbers.nodes], [Number.NaN, 2.5, Number.NaN, Number.NaN, Number.NaN]);
  assert.equal(numbers.given![1], 9);
  const labels = device!.values() as Labels;
  assert.deepEqual([...labels.nodes].map((code) => labels.labels[code]), [undefined, "gpu", undefined, undefined, "cpu"]);
});

test("the file of a profile is a table too", () => {
  const table = readTable(JSON.stringify({ kind: "profile", rows: [{ id: "g/h/a", name: "a", time_ms: 1 }], groups: [{ id: "i", name: "i", time_ms: 4 }] }));
  assert.deepEqual(table.rows.map(({ key }) => key), ["g/h/a", "i"]);
  assert.equal(table.columns.includes("time_ms"), true);
});
