/** The mark of a wire: a curve with an arrowhead. All wires of a group that look the same are one path. */
import type { PathData } from "../scene/store.ts";
import type { Inside, Window } from "../scene/visit.ts";
import { near, softened } from "./ink.ts";
import type { Ink } from "./ink.ts";

export const THINNEST = 0.3; // px of a line that is still drawn
const CLEAR = 0.55;
const THICKEST = 2.6;
const ARROW_LENGTH = 5.2; // px for a line of no width; grows by the width
const ARROW_HALF = 2.2;
const SMALLEST_ARROW = 1.6;
const FAR = 1e5; // px beyond the screen at which a curve may be bent without being seen

/** Whether wires can be seen at a scale. */
export function wiresShow(ink: Ink, s: number): boolean {
  return ink.sizes.wire * s >= THINNEST;
}

export interface WireStyle {
  readonly colour: string;
  /** How much thicker than usual. */
  readonly weight: number;
}

/** Draw wires of one inside; `arrows` says for each whether it ends in an arrowhead. */
export function paintWires(
  ink: Ink, at: Inside, wires: readonly PathData[], arrows: (wire: number) => boolean,
  chosen: (wire: number) => boolean, style: WireStyle,
): void {
  const { canvas } = ink;
  const natural = ink.sizes.wire * at.s;
  const line = softened(natural, THICKEST) * style.weight;
  const stout = Math.max(1, style.weight ** 0.6); // the head of a wide wire is larger, but not by as much
  const length = ((ARROW_LENGTH + ink.sizes.wire) / ink.sizes.wire) * softened(natural, THICKEST) * stout;
  const half = (ARROW_HALF + ink.sizes.wire / 2) / (ARROW_LENGTH + ink.sizes.wire);
  const withHeads = length >= SMALLEST_ARROW * 2;
  let any = false;
  HEADS.length = 0;
  canvas.beginPath();
  for (let wire = 0; wire < wires.length; wire++) {
    const data = wires[wire] as PathData;
    if (outside(at, data, ink.window, length) || !chosen(wire)) {
      continue;
    }
    any = true;
    const pointed = withHeads && arrows(wire);
    trace(ink, at, data, pointed ? { length, half: half * length } : undefined);
  }
  if (!any) {
    return;
  }
  const base = canvas.globalAlpha;
  canvas.globalAlpha = base * Math.min(1, Math.max(0.25, (natural - THINNEST) / (CLEAR - THINNEST)));
  canvas.strokeStyle = style.colour;
  canvas.lineWidth = Math.max(0.4, line);
  canvas.stroke();
  if (HEADS.length > 0) {
    canvas.fillStyle = style.colour;
    canvas.beginPath();
    for (let at = 0; at < HEADS.length; at += 6) {
      canvas.moveTo(HEADS[at] as number, HEADS[at + 1] as number);
      canvas.lineTo(HEADS[at + 2] as number, HEADS[at + 3] as number);
      canvas.lineTo(HEADS[at + 4] as number, HEADS[at + 5] as number);
      canvas.closePath();
    }
    canvas.fill();
  }
  canvas.globalAlpha = base;
}

function outside(at: Inside, data: PathData, window: Window, margin: number): boolean {
  const { x, y, s } = at;
  return (
    x + data.right * s < window.left - margin || x + data.left * s > window.right + margin ||
    y + data.bottom * s < window.top - margin || y + data.top * s > window.bottom + margin
  );
}

/** Corners of the arrowheads to come. A `Path2D` for each inside of each picture would wait long to be collected. */
const HEADS: number[] = [];

interface Head {
  readonly length: number;
  readonly half: number;
}

/** Add a path to the current one; the last piece ends where its arrowhead begins. */
function trace(ink: Ink, at: Inside, data: PathData, head: Head | undefined): void {
  const { canvas, window } = ink;
  const { path } = data;
  const { x: x0, y: y0, s } = at;
  const px = (i: number): number => near(x0 + (path[i] as number) * s, window.left, window.right, FAR);
  const py = (i: number): number => near(y0 + (path[i] as number) * s, window.top, window.bottom, FAR);
  let lastX = 0;
  let lastY = 0;
  for (let i = 0; i < path.length; ) {
    const code = path[i];
    const end = i + (code === 2 ? 5 : 1);
    let x = px(end);
    let y = py(end + 1);
    const from = code === 2 ? { x: px(i + 3), y: py(i + 4) } : { x: lastX, y: lastY };
    if (head !== undefined && end + 2 >= path.length) {
      const base = putHead(head, from.x, from.y, x, y);
      x = base.x;
      y = base.y;
    }
    if (code === 0) {
      canvas.moveTo(x, y);
    } else if (code === 1) {
      canvas.lineTo(x, y);
    } else {
      canvas.bezierCurveTo(px(i + 1), py(i + 2), from.x, from.y, x, y);
    }
    lastX = x;
    lastY = y;
    i = end + 2;
  }
}

function putHead(head: Head, fromX: number, fromY: number, x: number, y: number): { x: number; y: number } {
  const away = Math.hypot(x - fromX, y - fromY) || 1;
  const dx = (x - fromX) / away;
  const dy = (y - fromY) / away;
  const baseX = x - dx * head.length;
  const baseY = y - dy * head.length;
  HEADS.push(
    x, y, baseX - dy * head.half, baseY + dx * head.half, baseX + dy * head.half, baseY - dx * head.half,
  );
  return { x: x - dx * head.length * 0.6, y: y - dy * head.length * 0.6 };
}
