/** The mark of a finding: a badge at the corner of a box, told apart by its shape and its sign, and not by colour alone. */
import type { Store } from "../scene/store.ts";
import type { Ink } from "./ink.ts";

/** Of a node or ~group: how grave the gravest finding is, 0 error, 1 warning, 2 info; 3 more where it lies further in. */
export type Badges = ReadonlyMap<number, number>;

export const HELD = 3;

const FILLS = ["#dc2626", "#f59e0b", "#2563eb"] as const;
const SIGNS = ["#ffffff", "#1e1b16", "#ffffff"] as const;
const SMALLEST_BOX = 9; // px of height of a box that has room for a badge
const SMALLEST = 4.2; // px of a badge's radius
const LARGEST = { own: 8.5, held: 6.5 };
const SHARE = { own: 0.26, held: 0.1 }; // of the box
const LEAST_LEAF = 9; // px of the boxes in a group from which on they have badges of their own

export interface BadgeAt {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly severity: number;
}

/** Height on the screen of the boxes in an open group that is drawn at a scale. */
export function leafHeight(store: Store, group: number, scale: number): number {
  return (store.sheetOf(group)?.grain ?? 0) * scale * (store.parts.get(group)?.scale ?? 1);
}

/** Where the badge of a box is; `leaf` is the height of the boxes in it, for a group that is open. */
export function badgeAt(code: number, x: number, y: number, w: number, h: number, leaf?: number): BadgeAt | undefined {
  if (h < SMALLEST_BOX || (code >= HELD && leaf !== undefined && leaf >= LEAST_LEAF)) {
    return undefined;
  }
  const kind = code >= HELD ? "held" : "own";
  const radius = Math.min(LARGEST[kind], Math.max(SMALLEST, Math.min(h, w) * SHARE[kind]));
  return { x: x + w - radius * 0.5, y: y + radius * 0.25, radius, severity: code % HELD };
}

/** Draw a badge: an octagon with a cross, a triangle with a "!", a disc with an "i". */
export function paintBadge({ canvas, palette }: Ink, { x, y, radius: r, severity }: BadgeAt): void {
  canvas.fillStyle = FILLS[severity] ?? FILLS[2];
  canvas.strokeStyle = palette.background;
  canvas.lineWidth = Math.max(1, r * 0.3);
  canvas.beginPath();
  if (severity === 2) {
    canvas.arc(x, y, r, 0, 2 * Math.PI);
  } else {
    polygon(canvas, severity === 0 ? corners(x, y, r * 1.08, 8, Math.PI / 8) : corners(x, y + r * 0.2, r * 1.3, 3, -Math.PI / 2));
  }
  canvas.stroke();
  canvas.fill();
  canvas.strokeStyle = SIGNS[severity] ?? SIGNS[2];
  canvas.lineWidth = r * 0.3;
  canvas.lineCap = "round";
  canvas.beginPath();
  for (const [fromX, fromY, toX, toY] of STROKES[severity] ?? []) {
    canvas.moveTo(x + fromX * r, y + fromY * r);
    canvas.lineTo(x + toX * r, y + toY * r);
  }
  canvas.stroke();
  canvas.lineCap = "butt";
}

/** The signs, as strokes in a badge of radius 1; a stroke of no length is a dot. */
const STROKES: readonly (readonly (readonly [number, number, number, number])[])[] = [
  [[-0.38, -0.38, 0.38, 0.38], [0.38, -0.38, -0.38, 0.38]],
  [[0, -0.42, 0, 0.18], [0, 0.6, 0, 0.6]],
  [[0, -0.05, 0, 0.5], [0, -0.5, 0, -0.5]],
];

function corners(x: number, y: number, r: number, count: number, turn: number): [number, number][] {
  return Array.from({ length: count }, (_, at) => {
    const angle = turn + (2 * Math.PI * at) / count;
    return [x + r * Math.cos(angle), y + r * Math.sin(angle)];
  });
}

function polygon(canvas: Ink["canvas"], points: readonly (readonly [number, number])[]): void {
  points.forEach(([x, y], at) => (at === 0 ? canvas.moveTo(x, y) : canvas.lineTo(x, y)));
  canvas.closePath();
}
