import assert from "node:assert/strict";
import { test } from "node:test";
import { Names } from "../src/scene/names.ts";
import { Fetcher } from "../src/data/fetcher.ts";
import type { DataSource } from "../src/data/source.ts";
import { luminance, mix, readableOn } from "../src/paint/palette.ts";
import { linkText, parseLink } from "../src/permalink.ts";
import { filled } from "./charts.ts";
import { INITIAL, StateHolder, themeOf, update } from "../src/state.ts";
import { bytes, shapeText, short, shortShape } from "../src/words.ts";
import { nested } from "./charts.ts";

test("state changes only where something changes", () => {
  assert.equal(update(INITIAL, { kind: "theme", theme: "auto" }), INITIAL);
  const place = { item: 3, group: 1, position: 2 };
  const selected = update(INITIAL, { kind: "select", place });
  assert.deepEqual(selected.selection, place);
  assert.equal(update(selected, { kind: "select", place: { ...place } }), selected);
  assert.equal(INITIAL.selection, undefined);
  const shown = update(INITIAL, { kind: "show", panel: "help", shown: true });
  assert(shown.shown.has("help") && !INITIAL.shown.has("help"));
});

test("listeners hear changes, and nothing else", () => {
  const holder = new StateHolder();
  let heard = 0;
  const stop = holder.listen(() => void heard++);
  holder.send({ kind: "notice", text: "x" });
  holder.send({ kind: "notice", text: "x" });
  stop();
  holder.send({ kind: "notice", text: "y" });
  assert.equal(heard, 1);
});

test("the theme is the user's choice, else the chart's, else the system's", () => {
  assert.equal(themeOf({ ...INITIAL, systemDark: true }), "dark");
  assert.equal(themeOf({ ...INITIAL, systemDark: true }, "print"), "print");
  assert.equal(themeOf({ ...INITIAL, theme: "light", systemDark: true }, "print"), "light");
});

test("links say all that they keep, and forgive nonsense", () => {
  const link = {
    at: { group: "a/b&c=d", x: 12.25, y: -3, width: 640 }, selected: "a/<b>\"#'", theme: "dark", colour: "parameters",
  } as const;
  assert.deepEqual(parseLink(`#${linkText(link)}`), link);
  assert.deepEqual(parseLink("#at=1,2,0&theme=pink"), {});
  assert.deepEqual(parseLink("#at=NaN,1,1"), {});
  assert.deepEqual(parseLink(""), {});
});

test("ids are put together from the groups around", () => {
  const names = new Names(nested(3), () => undefined);
  assert.equal(names.idAt({ item: 5, group: 2, position: 2 }), "/inner/inner/last");
  assert.equal(names.loadedById("/inner/first"), 2);
  assert.equal(names.loadedById("/inner/none"), undefined);
});

test("parts are asked for once, and again when that failed", async () => {
  const asked: number[][] = [];
  let fails = true;
  const source = {
    parts: async (_: number, groups: readonly number[]) => {
      asked.push([...groups]);
      if (fails) {
        throw new Error("gone");
      }
      return { slice: { sheets: {}, looks: {}, parts: {} }, text: "{}" };
    },
  } as unknown as DataSource;
  const fetcher = new Fetcher(source, 0, filled({ sheets: {}, looks: {}, parts: {} }), () => undefined);
  fetcher.want([4, 5]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  fails = false;
  fetcher.want([4, 5]);
  fetcher.want([4, 5]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  fetcher.want([4]);
  assert.deepEqual(asked, [[4, 5], [4, 5]]);
});

test("colours are mixed and read as the pictures do it", () => {
  assert.equal(mix("#000000", "#ffffff", 0.5), "#808080");
  assert.equal(mix("#f8fafc", "#3b8ed0", 0), "#f8fafc");
  assert(luminance("#ffffff") > 0.99 && luminance("#000000") < 0.01);
  assert.equal(readableOn("#440154"), "#ffffff");
  assert.equal(readableOn("#fde725"), "#0f172a");
});

test("numbers and shapes are short words", () => {
  assert.equal(short(999), "999");
  assert.equal(short(1_234_567), "1.23 M");
  assert.equal(bytes(1023), "1023 B");
  assert.equal(bytes(5 * 1024 * 1024), "5.00 MiB");
  assert.equal(shapeText([null, 2]), "None × 2");
  assert.equal(shapeText(null), "?");
  assert.equal(shapeText([]), "scalar");
  assert.equal(shortShape([null, 56, null]), "56×?");
});
