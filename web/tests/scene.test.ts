import assert from "node:assert/strict";
import { test } from "node:test";
import { anchored, fitting, zoomed } from "../src/camera/camera.ts";
import { boxOf, pick, screen, seen } from "../src/pick/pick.ts";
import { OPEN, OPENING, openness } from "../src/scene/visit.ts";
import { filled, nested } from "./charts.ts";

const SCREEN = { width: 1000, height: 600 };
const HOME = fitting(0, { x: 0, y: 0, w: 400, h: 300 }, SCREEN);

test("everything seen is picked in its middle, at every depth", () => {
  const store = nested(9);
  let camera = HOME;
  let found = 0;
  for (let step = 0; step < 60; step++) {
    for (const thing of seen(store, camera, SCREEN, screen(SCREEN))) {
      const { x, y, w, h } = thing.box;
      const picked = pick(store, camera, SCREEN, x + 3, y + 3 * Math.min(1, h / 8));
      const middle = { x: x + w / 2, y: y + h / 2 };
      const inside = middle.x > 0 && middle.y > 0 && middle.x < 1000 && middle.y < 600 && w > 6;
      if (thing.item >= 0 && inside) {
        assert.equal(pick(store, camera, SCREEN, middle.x, middle.y)?.item, thing.item);
        found++;
      } else if (thing.open > 0 && x > 0 && y > 0 && h > 30) {
        assert.equal(picked?.item, thing.item);
      }
      const box = boxOf(store, camera, SCREEN, thing.group, thing.position)!;
      assert(Math.abs(box.x - x) < 1e-6 * (1 + Math.abs(x)) && Math.abs(box.w - w) < 1e-6 * w);
    }
    const inner = boxOf(store, camera, SCREEN, camera.anchor, 1)!;
    camera = anchored(store, zoomed(camera, SCREEN, 1.15, inner.x + inner.w / 2, inner.y + inner.h / 2), SCREEN);
  }
  assert(found > 200, `only ${found} boxes were looked at`);
});

test("what is drawn is bounded by the screen, not by the depth", () => {
  const store = nested(300);
  assert(seen(store, HOME, SCREEN, screen(SCREEN)).length < 30);
});

test("paper has nothing under it", () => {
  assert.equal(pick(nested(3), HOME, SCREEN, 1, 1), undefined);
});

test("a group opens once, and only ever more", () => {
  assert.equal(openness(OPENING), 0);
  assert.equal(openness(OPEN), 1);
  for (let leaf = 0; leaf < 6; leaf += 0.1) {
    assert(openness(leaf + 0.1) >= openness(leaf));
  }
});

test("parts that have not arrived are asked for when they are large enough, and drawn as solid", () => {
  const whole = nested(3);
  const store = filled({ sheets: {}, looks: {}, parts: {} });
  assert.equal(seen(store, HOME, SCREEN, screen(SCREEN)).length, 0);
  assert.equal(whole.isOpen(3), false);
  assert.deepEqual(whole.path(2), [0, 1, 2]);
});

test("slices are merged once each, in any order", () => {
  const part = { ...nested(1).part(0) };
  const store = filled({ sheets: {}, looks: {}, parts: { 0: { ...part, sheet: -1, look: -1, closed: 2 } } });
  assert.equal(store.isOpen(0), false);
  assert.deepEqual(store.merge({ sheets: {}, looks: {}, parts: { 0: part } }), [0]);
  assert.deepEqual(store.merge({ sheets: {}, looks: {}, parts: { 0: part } }), []);
});
