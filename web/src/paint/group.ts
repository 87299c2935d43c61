/**
 * The mark of a group: solid with its name in the middle while it is far away, then a frame around its inside with
 * its name in the strip above. In between, the name moves and the inside shines through.
 */
import { paintBox } from "./box.ts";
import { FAINT_TEXT, softened, strength } from "./ink.ts";
import type { Ink } from "./ink.ts";
import { mix } from "./palette.ts";
import type { BoxColours } from "./palette.ts";
import { put, widthAt, writeAll } from "./text.ts";

const BORDER = 1.2;
const RADIUS = 6;
const BASELINE = 17; // px from the top of the box to the baseline of its title
const LARGEST = 22; // px of a title; beyond it letters grow slowly
const READABLE = 9; // px that a title may be larger than the drawing has it, where there is room
const FAR_NAME = 11; // px of the name of a group far away
const RISE = 0.36; // of the size, from the middle of a line to its baseline

export interface GroupBox {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** Scale of the inside that holds it. */
  readonly s: number;
  readonly open: number;
  /** Whether it has no inside, so that its title stands in its middle. */
  readonly closed: boolean;
  /** Whether its inside leaves no strip for a title: a group that was laid out later than what is around it. */
  readonly bare: boolean;
  readonly title: string;
  readonly count: string;
  /** Px at scale 1 that the title moves right. */
  readonly shift: number;
  /** Whether a wire runs behind the title. */
  readonly crossed: boolean;
  readonly colours: BoxColours;
  readonly plain: boolean;
  /** Fill while it is solid, and the words on it, where the user coloured it. */
  readonly solid: { readonly fill: string; readonly ink: string } | undefined;
}

/** The frame, before the inside. */
export function paintFrame(ink: Ink, box: GroupBox): void {
  if (box.open === 0 && !box.closed) {
    return; // its cover hides all of it
  }
  const fill = box.plain ? box.colours.fill : box.colours.tint;
  paintBox(ink, box.x, box.y, box.w, box.h, box.s, { colours: box.colours, fill, border: BORDER, radius: RADIUS });
}

/** What stands before the inside: the cover of a group far away, and the words. */
export function paintTitle(ink: Ink, box: GroupBox): void {
  const { canvas } = ink;
  const base = canvas.globalAlpha;
  if (box.open < 1 && !box.closed) {
    if (box.open > 0) {
      writeAll(ink); // the cover lies over the words inside
    }
    canvas.globalAlpha = base * (1 - box.open);
    const fill = box.solid?.fill ?? (box.plain ? ink.palette.solid : mix(box.colours.tint, box.colours.stroke, 0.25));
    paintBox(ink, box.x, box.y, box.w, box.h, box.s, { colours: box.colours, fill, border: BORDER, radius: RADIUS });
    canvas.globalAlpha = base;
  }
  if (box.h < FAINT_TEXT + 2) {
    return;
  }
  if (box.closed) {
    paintClosed(ink, box);
  } else if (box.bare) {
    canvas.globalAlpha = base * (1 - box.open);
    paintFar(ink, box);
  } else if (box.open < 0.5) {
    canvas.globalAlpha = base * Math.min(1, (0.5 - box.open) * TURN);
    paintFar(ink, box);
  } else {
    canvas.globalAlpha = base * Math.min(1, (box.open - 0.5) * TURN);
    paintStrip(ink, box);
  }
  canvas.globalAlpha = base;
}

/** Name, and below it how much there is inside, in the middle of a solid box. */
function paintFar(ink: Ink, box: GroupBox): void {
  const { canvas } = ink;
  const room = box.w - 6;
  const whole = sizeIn(ink, [box.title], room, box.h);
  const [from, to] = whole < BROKEN_BELOW ? box.title.split(RANGE) : [];
  const pieces = to === undefined ? [] : [`${from} …`, to];
  const broken = pieces.length > 0 ? sizeIn(ink, pieces, room, box.h) : 0;
  const [lines, size] = broken > whole ? [pieces, broken] : [[box.title], whole];
  if (size < FAINT_TEXT) {
    return;
  }
  const alpha = canvas.globalAlpha * strength(size);
  const counted = box.h > size * (lines.length + 1.9) && box.count !== "";
  const height = size * LEADING * (lines.length + (counted ? 1 : 0));
  let baseline = box.y + (box.h - height) / 2 + size * (LEADING / 2 + RISE);
  const [x, align] = [box.x + box.w / 2, "center"] as const;
  for (const text of lines) {
    put(ink, { text, x, y: baseline, room, size, weight: 600, align, alpha, colour: box.solid?.ink ?? ink.palette.title });
    baseline += size * LEADING;
  }
  if (counted) {
    const colour = box.solid?.ink ?? ink.palette.count;
    put(ink, { text: box.count, x, y: baseline, room, size: size * 0.85, weight: 400, align, alpha, colour });
  }
}

const TURN = 6; // how fast one title gives way to the other: a view that rests in between can be read
const RANGE = " … "; // between the first and the last name of a row of groups
const BROKEN_BELOW = 8; // px of a name in one line that is rather written in two
const LEADING = 1.15;

/** The largest size at which lines fit into a box. */
function sizeIn(ink: Ink, lines: readonly string[], room: number, height: number): number {
  const wide = Math.max(...lines.map((line) => widthAt(ink, line, FAR_NAME, 600)), 1);
  return Math.min(FAR_NAME, (height * 0.5) / lines.length + (lines.length > 1 ? height * 0.15 : 0), (FAR_NAME * room) / wide);
}

/** Title at the left of the strip, count at its right. */
function paintStrip(ink: Ink, box: GroupBox): void {
  const { canvas, sizes, palette } = ink;
  const natural = sizes.title * box.s;
  const wide = widthAt(ink, box.title, 1, 600);
  const left = (sizes.title_padding + box.shift) * box.s;
  const fits = (box.w - left - sizes.title_padding * box.s * 0.5) / Math.max(wide, 0.1);
  const size = softened(Math.max(natural, Math.min(READABLE, natural * 1.6, fits)), LARGEST);
  if (size < FAINT_TEXT || box.y > ink.window.bottom || box.y + sizes.title_strip * box.s < ink.window.top) {
    return;
  }
  const baseline = box.y + Math.max(BASELINE * box.s - Math.max(0, size - natural) * 0.1, size);
  const base = canvas.globalAlpha;
  const alpha = base * strength(size);
  if (box.crossed) {
    canvas.globalAlpha = alpha;
    canvas.fillStyle = box.plain ? box.colours.fill : box.colours.tint;
    canvas.fillRect(box.x + left - 3 * box.s, baseline - size, wide * size + 6 * box.s, size * 1.35);
    canvas.globalAlpha = base;
  }
  const room = box.w - left;
  const [x, y, align, colour] = [box.x + left, baseline, "left", palette.title] as const;
  put(ink, { text: box.title, x, y, room, size, weight: 600, align, alpha, colour });
  paintCount(ink, box, base, left + wide * size, baseline);
}

function paintCount(ink: Ink, box: GroupBox, base: number, taken: number, baseline: number): void {
  const { sizes } = ink;
  const size = softened(sizes.name * box.s, LARGEST);
  const padding = sizes.title_padding * box.s;
  if (size < FAINT_TEXT || box.count === "") {
    return;
  }
  if (taken + widthAt(ink, box.count, size, 400) + padding + 8 * box.s > box.w) {
    return;
  }
  put(ink, {
    text: box.count, x: box.x + box.w - padding, y: baseline, room: box.w - taken, size, weight: 400, align: "right",
    alpha: base * strength(size), colour: ink.palette.count,
  });
}

/** A group without an inside is a box with its title in the middle of its height. */
function paintClosed(ink: Ink, box: GroupBox): void {
  const { sizes, canvas } = ink;
  const natural = sizes.title * box.s;
  if (natural < CLOSED_NATURAL) {
    paintFar(ink, box);
    return;
  }
  const size = softened(natural, LARGEST);
  const left = sizes.title_padding * box.s;
  const baseline = box.y + box.h / 2 + size * RISE;
  const wide = widthAt(ink, box.title, size, 600);
  const alpha = canvas.globalAlpha;
  const [x, y, room, colour] = [box.x + left, baseline, box.w - left, ink.palette.title];
  put(ink, { text: box.title, x, y, room, size, weight: 600, align: "left", alpha, colour });
  paintCount(ink, box, alpha, left + wide, baseline);
}

const CLOSED_NATURAL = 8;
