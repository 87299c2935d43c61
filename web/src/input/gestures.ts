/** Mouse, touch and pen on the drawing, as the few things that they mean. */

export interface GestureEvents {
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  /** A press that did not become a drag. */
  click(x: number, y: number): void;
  doubleClick(x: number, y: number): void;
  /** The pointer is there; undefined when it has left. */
  hover(point: { readonly x: number; readonly y: number } | undefined): void;
}

const SLACK = 4; // px that a press may move and still be a click
const WHEEL = 0.0022; // of the zoom per px of the wheel
const PINCH_WHEEL = 0.011; // touch pads send pinches as small wheels with the control key
const LINE = 18; // px of a line, where a wheel counts in lines
const LARGEST_STEP = 240;
const TWICE = 350; // ms between two taps that are one double tap

interface Point {
  x: number;
  y: number;
}

/** Listen on an element. */
export function listenToGestures(element: HTMLElement, events: GestureEvents): void {
  const pressed = new Map<number, Point>();
  let moved = false;
  let start: Point = { x: 0, y: 0 };
  let lastTap = { time: 0, x: 0, y: 0 };

  const at = (event: MouseEvent): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
    const { x, y } = at(event);
    const raw = event.deltaY * unit;
    const delta = Math.min(LARGEST_STEP, Math.max(-LARGEST_STEP, raw));
    if (event.shiftKey && !event.ctrlKey) {
      events.pan(-(event.deltaX * unit || raw), event.deltaX ? -raw : 0);
      return;
    }
    events.zoom(Math.exp(-delta * (event.ctrlKey ? PINCH_WHEEL : WHEEL)), x, y);
  }, { passive: false });

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 1) {
      return;
    }
    const point = at(event);
    element.setPointerCapture(event.pointerId);
    if (pressed.size === 0) {
      moved = false;
      start = point;
    } else {
      moved = true; // two fingers are never a click
    }
    pressed.set(event.pointerId, point);
  });

  element.addEventListener("pointermove", (event) => {
    const point = at(event);
    const before = pressed.get(event.pointerId);
    if (before === undefined) {
      events.hover(point);
      return;
    }
    if (!moved && Math.hypot(point.x - start.x, point.y - start.y) < SLACK) {
      return;
    }
    if (!moved) {
      moved = true;
      events.hover(undefined);
    }
    if (pressed.size === 1) {
      events.pan(point.x - before.x, point.y - before.y);
    } else {
      pinch(pressed, event.pointerId, point, events);
    }
    pressed.set(event.pointerId, point);
  });

  const release = (event: PointerEvent): void => {
    const point = pressed.get(event.pointerId);
    pressed.delete(event.pointerId);
    if (point === undefined || moved || event.type === "pointercancel" || event.button === 1) {
      return;
    }
    const now = performance.now();
    const again = now - lastTap.time < TWICE && Math.hypot(point.x - lastTap.x, point.y - lastTap.y) < 4 * SLACK;
    lastTap = { time: again ? 0 : now, ...point };
    if (again) {
      events.doubleClick(point.x, point.y);
    } else {
      events.click(point.x, point.y);
    }
  };
  element.addEventListener("pointerup", release);
  element.addEventListener("pointercancel", release);
  element.addEventListener("pointerleave", () => {
    if (pressed.size === 0) {
      events.hover(undefined);
    }
  });
}

/** Two fingers: their middle pans, their distance zooms. */
function pinch(pressed: ReadonlyMap<number, Point>, moving: number, to: Point, events: GestureEvents): void {
  const from = pressed.get(moving);
  const other = [...pressed].find(([id]) => id !== moving)?.[1];
  if (from === undefined || other === undefined) {
    return;
  }
  const before = Math.hypot(from.x - other.x, from.y - other.y);
  const after = Math.hypot(to.x - other.x, to.y - other.y);
  events.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
  if (before > 1 && after > 1) {
    events.zoom(after / before, (to.x + other.x) / 2, (to.y + other.y) / 2);
  }
}
