/** The whole model in the corner, with a frame around what the screen shows; pressing it goes there. */
import { fitting, lift } from "../camera/camera.ts";
import type { Camera, Viewport } from "../camera/camera.ts";
import type { Explorer } from "../explorer.ts";
import { make } from "../dom.ts";

const LARGEST: Viewport = { width: 190, height: 130 };
const SMALLEST_FRAME = 7; // px; a smaller frame is shown as that

export function minimap(explorer: Explorer): void {
  const { store, eye } = explorer;
  const sheet = store.sheetOf(0);
  if (sheet === undefined) {
    return;
  }
  const scale = Math.min(LARGEST.width / sheet.w, LARGEST.height / sheet.h);
  const size = { width: Math.max(24, Math.round(sheet.w * scale)), height: Math.max(24, Math.round(sheet.h * scale)) };
  const canvas = make("canvas", { class: "map-picture", set: { "aria-hidden": "true" } });
  const frame = make("div", { class: "map-frame" });
  const box = make("div", { class: "map", title: "The whole model", set: { "aria-hidden": "true" } }, [canvas, frame]);
  for (const element of [box, canvas]) {
    element.style.width = `${size.width}px`;
    element.style.height = `${size.height}px`;
  }
  explorer.slots.corner.append(box);
  const camera: Camera = fitting(0, { x: 0, y: 0, w: sheet.w, h: sheet.h }, size, 0);
  const density = Math.max(1, window.devicePixelRatio || 1);
  explorer.surface.showMap(canvas, () => ({ camera, viewport: size, margin: 0, density }));

  const move = (): void => {
    const now = lift(store, eye.camera, store.path(eye.camera.anchor).length - 1);
    const width = (eye.viewport.width / now.k) * camera.k;
    const height = (eye.viewport.height / now.k) * camera.k;
    const w = Math.min(size.width * 3, Math.max(SMALLEST_FRAME, width));
    const h = Math.min(size.height * 3, Math.max(SMALLEST_FRAME, height));
    const x = size.width / 2 + (now.x - camera.x) * camera.k;
    const y = size.height / 2 + (now.y - camera.y) * camera.k;
    frame.style.width = `${w}px`;
    frame.style.height = `${h}px`;
    frame.style.transform = `translate(${x - w / 2}px, ${y - h / 2}px)`;
    box.classList.toggle("whole", width > size.width * 0.98 && height > size.height * 0.98);
  };
  explorer.onMove(move);
  move();

  const go = (event: PointerEvent): void => {
    const rect = box.getBoundingClientRect();
    const now = lift(store, eye.camera, store.path(eye.camera.anchor).length - 1);
    const x = camera.x + (event.clientX - rect.left - size.width / 2) / camera.k;
    const y = camera.y + (event.clientY - rect.top - size.height / 2) / camera.k;
    eye.jump({ anchor: 0, x, y, k: now.k });
  };
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    go(event);
  });
  box.addEventListener("pointermove", (event) => {
    if (box.hasPointerCapture(event.pointerId)) {
      go(event);
    }
  });
}
