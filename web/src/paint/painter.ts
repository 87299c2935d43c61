/** `paint`: the model as one camera sees it, on one canvas. Used by the worker, and by the page until that is there. */
import type { Camera, Viewport } from "../camera/camera.ts";
import type { Head } from "../contract.ts";
import { ENDS } from "../scene/store.ts";
import type { PathData, Store } from "../scene/store.ts";
import { visit } from "../scene/visit.ts";
import type { Inside, Visitor, Window } from "../scene/visit.ts";
import { badgeAt, leafHeight, paintBadge } from "./badge.ts";
import type { BadgeAt } from "./badge.ts";
import { paintBox } from "./box.ts";
import { paintCaptions } from "./caption.ts";
import { coloursOf, isGhost, letterOf, paintHatching, paintLetter, stateOf } from "./change.ts";
import type { ChangeColours } from "./change.ts";
import { DIM } from "./dressing.ts";
import type { Captions, Dressing } from "./dressing.ts";
import { paintFrame, paintTitle } from "./group.ts";
import type { GroupBox } from "./group.ts";
import { softened } from "./ink.ts";
import type { Canvas2D, Ink } from "./ink.ts";
import { ownColours, paletteOf, readableOn } from "./palette.ts";
import type { BoxColours, Palette } from "./palette.ts";
import { paintLines, writeAll } from "./text.ts";
import type { Inks } from "./text.ts";
import { WEIGHTS } from "./widths.ts";
import type { Widths } from "./widths.ts";
import { paintWires, wiresShow } from "./wire.ts";
import type { WireStyle } from "./wire.ts";

export type Book = Pick<Head, "themes" | "families" | "sizes">;

/** A picture that is wanted. */
export interface Shot {
  readonly camera: Camera;
  readonly viewport: Viewport;
  /** Px around the screen that are painted too. */
  readonly margin: number;
  /** Px of the bitmap per px of the screen. */
  readonly density: number;
}

/** What a picture showed. */
export interface Painted {
  /** Groups that had not arrived, the largest first. */
  readonly missing: number[];
  readonly boxes: number;
}

const HOLDS = 0x80; // of the state of a group in which something changed
const NODE = { border: 1, radius: 5 };
const STRIP = 20; // px from the top of a group to its inside, if its title has a place
const SPECK = 2; // px of the screen that share a speck
const HIT_WIDTH = 2;
const MOST_MISSING = 64;

/** Paints pictures of one model; keeps what is equal from picture to picture. */
export class Painter {
  private palette: Palette;
  private widths: Widths | undefined;
  private own = new Map<string, { colours: BoxColours; inks: Inks }>();

  constructor(
    private readonly store: Store,
    private readonly book: Book,
    private dressing: Dressing,
    private captions: ReadonlyMap<number, Captions>,
  ) {
    this.palette = this.makePalette();
  }

  dress(dressing: Dressing): void {
    this.dressing = dressing;
    this.palette = this.makePalette();
    this.own.clear();
  }

  caption(captions: ReadonlyMap<number, Captions>): void {
    this.captions = captions;
  }

  widen(widths: Widths | undefined): void {
    this.widths = widths;
  }

  get background(): string {
    return this.palette.background;
  }

  paint(canvas: Canvas2D, shot: Shot): Painted {
    const { camera, viewport, margin, density } = shot;
    canvas.setTransform(1, 0, 0, 1, 0, 0);
    canvas.globalAlpha = 1;
    canvas.fillStyle = this.palette.background;
    canvas.fillRect(0, 0, canvas.canvas.width, canvas.canvas.height);
    canvas.setTransform(density, 0, 0, density, margin * density, margin * density);
    canvas.textBaseline = "alphabetic";
    canvas.lineJoin = "round";
    const window = { left: -margin, top: -margin, right: viewport.width + margin, bottom: viewport.height + margin };
    const brush = new Brush(this.inkOn(canvas, window, shot), this.dressing, this.store, (code) => this.ownOf(code), this.captions, this.widths);
    visit(this.store, camera, viewport, window, brush);
    brush.finish();
    brush.missed.sort((a, b) => b.size - a.size);
    return { missing: brush.missed.slice(0, MOST_MISSING).map((found) => found.group), boxes: brush.boxes };
  }

  private inkOn(canvas: Canvas2D, window: Window, { density, margin }: Shot): Ink {
    const { palette, book: { sizes } } = this;
    return { canvas, palette, sizes, window, density, margin, type: { weight: 0 }, waiting: [] };
  }

  private makePalette(): Palette {
    const theme = this.book.themes[this.dressing.theme] ?? Object.values(this.book.themes)[0];
    if (theme === undefined) {
      throw new Error("the chart has no theme");
    }
    return paletteOf(theme, this.book.families, this.book.sizes.tint);
  }

  private ownOf(colour: string): { colours: BoxColours; inks: Inks } {
    let found = this.own.get(colour);
    if (found === undefined) {
      const ink = readableOn(colour);
      found = { colours: ownColours(colour, this.palette.group), inks: { first: ink, other: ink } };
      this.own.set(colour, found);
    }
    return found;
  }
}

type OwnColours = (colour: string) => { colours: BoxColours; inks: Inks };

/** Draws what a visit tells it. */
class Brush implements Visitor {
  boxes = 0;
  private begun = false;
  private specks: Uint8Array | undefined;
  readonly missed: { group: number; size: number }[] = [];
  private readonly inks: Inks;
  private readonly captioned: { at: Inside; captions: Captions }[] = [];
  private readonly badges: BadgeAt[] = [];
  private readonly hits: { x: number; y: number; w: number; h: number; strong: boolean }[] = [];

  constructor(
    private readonly ink: Ink,
    private readonly dressing: Dressing,
    private readonly store: Store,
    private readonly ownOf: OwnColours,
    private readonly captions: ReadonlyMap<number, Captions>,
    private readonly widths: Widths | undefined,
  ) {
    this.inks = { first: ink.palette.text, other: ink.palette.name };
  }

  inside(at: Inside): void {
    if (!this.begun) {
      this.begun = true;
      this.ground(at);
    }
    if (!wiresShow(this.ink, at.s)) {
      return;
    }
    const { sheet, look } = at;
    const colour = this.ink.palette.wire;
    const arrows = (wire: number): boolean => sheet.ends[wire * ENDS + 4] === 1;
    const trace = this.dressing.trace;
    if (trace === undefined) {
      const widths = this.widths?.get(at.group);
      const ghostly = this.ghostly(at);
      const solid = ghostly === undefined ? ALL : (wire: number): boolean => !ghostly(wire);
      this.wires(at, sheet.wires, arrows, solid, { colour, weight: 1 }, widths?.wires);
      if (ghostly !== undefined) {
        this.dashed(true, at.s);
        this.wires(at, sheet.wires, arrows, ghostly, { colour, weight: 1 }, widths?.wires);
        this.dashed(false, at.s);
      }
      this.dashed(isGhost(this.dressing.changes, ~at.group), at.s);
      this.wires(at, look.leads, NONE, ALL, { colour, weight: 1 }, widths?.leads);
      this.dashed(false, at.s);
    } else {
      this.tracedWires(at, arrows, trace);
    }
    const captions = this.captions.get(at.group);
    if (captions !== undefined) {
      this.captioned.push({ at, captions });
    }
  }

  node(at: Inside, position: number, x: number, y: number, w: number, h: number): void {
    this.boxes++;
    const { canvas, palette } = this.ink;
    const node = at.part.children[position] as number;
    const code = this.dressing.colouring?.nodes[node] ?? 0;
    const change = this.changeOf(node);
    const fill = code > 0 ? (this.dressing.colouring?.palette[code] ?? palette.group.fill) : change?.fill;
    const own = fill === undefined ? undefined : this.ownOf(fill);
    const plain = own?.colours ?? palette.families[at.look.families[position] ?? 0] ?? palette.group;
    const colours = change === undefined ? plain : { ...plain, stroke: change.stroke };
    const ghost = isGhost(this.dressing.changes, node);
    const trace = this.dressing.trace?.nodes[node];
    canvas.globalAlpha = trace === 0 ? DIM : 1;
    this.dashed(ghost, at.s);
    paintBox(this.ink, x, y, w, h, at.s, { colours, fill: colours.fill, ...NODE });
    this.dashed(false, at.s);
    if (ghost) {
      paintHatching(this.ink, x, y, w, h, at.s, colours.stroke);
    }
    paintLines(this.ink, at.look.lines[position] ?? [], x, y, w, h, at.s, own?.inks ?? this.inks);
    canvas.globalAlpha = 1;
    if (this.dressing.hits?.nodes[node] || trace === 2) {
      this.hits.push({ x, y, w, h, strong: true });
    }
    this.letter(node, x, y, w, h, at.s);
    this.badge(node, x, y, w, h);
  }

  group(at: Inside, position: number, x: number, y: number, w: number, h: number, open: number): void {
    this.boxes++;
    this.ink.canvas.globalAlpha = this.dimmed(at, position) ? DIM * 2 : 1;
    this.dashed(isGhost(this.dressing.changes, at.part.children[position] as number), at.s);
    paintFrame(this.ink, this.groupBox(at, position, x, y, w, h, open));
    this.dashed(false, at.s);
    this.ink.canvas.globalAlpha = 1;
  }

  title(at: Inside, position: number, x: number, y: number, w: number, h: number, open: number): void {
    this.ink.canvas.globalAlpha = this.dimmed(at, position) ? DIM * 2 : 1;
    paintTitle(this.ink, this.groupBox(at, position, x, y, w, h, open));
    this.ink.canvas.globalAlpha = 1;
    const group = ~(at.part.children[position] as number);
    const hit = this.dressing.hits?.groups[group] ?? 0;
    if (hit === 1 || (hit === 2 && open < 1)) {
      this.hits.push({ x, y, w, h, strong: hit === 1 });
    }
    if (!(stateOf(this.dressing.changes, ~group) & HOLDS) || open < 1) {
      this.letter(~group, x, y, w, h, at.s);
    }
    this.badge(~group, x, y, w, h, open < 1 ? undefined : leafHeight(this.store, group, at.s));
  }

  private badge(item: number, x: number, y: number, w: number, h: number, leaf?: number): void {
    const code = this.dressing.badges?.get(item);
    const badge = code === undefined ? undefined : badgeAt(code, x, y, w, h, leaf);
    if (badge !== undefined) {
      this.badges.push(badge);
    }
  }

  /** Of what is too small, one speck for each px tells that there is something, and of what kind. */
  speck(at: Inside, position: number, x: number, y: number): void {
    const { canvas, window, palette } = this.ink;
    const column = Math.floor((x - window.left) / SPECK);
    const row = Math.floor((y - window.top) / SPECK);
    const columns = Math.ceil((window.right - window.left) / SPECK) + 1;
    const rows = Math.ceil((window.bottom - window.top) / SPECK) + 1;
    this.specks ??= new Uint8Array(columns * rows);
    const cell = row * columns + column;
    if (column < 0 || row < 0 || this.specks[cell] !== 0) {
      return;
    }
    this.specks[cell] = 1;
    canvas.fillStyle = (palette.families[at.look.families[position] ?? -1] ?? palette.group).stroke;
    canvas.fillRect(x, y, 1, 1);
  }

  missing(group: number, size: number): void {
    this.missed.push({ group, size });
  }

  /** What stands above everything else: words on wires, the frames of hits, and badges. */
  finish(): void {
    for (const { at, captions } of this.captioned) {
      paintCaptions(this.ink, at, captions);
    }
    writeAll(this.ink);
    const { canvas, palette } = this.ink;
    canvas.strokeStyle = palette.highlight;
    for (const { x, y, w, h, strong } of this.hits) {
      canvas.globalAlpha = strong ? 1 : 0.6;
      canvas.lineWidth = strong ? HIT_WIDTH : HIT_WIDTH / 2;
      canvas.setLineDash(strong ? [] : [4, 3]);
      const grow = Math.min(3, 1 + h / 20);
      const size = Math.max(4, 0);
      canvas.strokeRect(x - grow, y - grow, Math.max(size, w + 2 * grow), Math.max(size, h + 2 * grow));
    }
    canvas.setLineDash([]);
    canvas.globalAlpha = 1;
    for (const badge of this.badges) {
      paintBadge(this.ink, badge);
    }
  }

  /** A group that fills the screen is what the rest is drawn on: its own box is not drawn. */
  private ground(at: Inside): void {
    const around = this.store.parts.get(at.part.parent);
    const look = this.store.lookOf(at.part.parent);
    if (around === undefined || look === undefined) {
      return;
    }
    const { canvas, palette, window } = this.ink;
    const colours = palette.families[look.families[at.part.box] ?? -1];
    canvas.fillStyle = colours?.tint ?? palette.group.fill;
    canvas.fillRect(window.left, window.top, window.right - window.left, window.bottom - window.top);
  }

  private dimmed(at: Inside, position: number): boolean {
    return this.dressing.trace?.groups[~(at.part.children[position] as number)] === 0;
  }

  private groupBox(
    at: Inside, position: number, x: number, y: number, w: number, h: number, open: number,
  ): GroupBox {
    const { palette } = this.ink;
    const { look } = at;
    const group = ~(at.part.children[position] as number);
    const part = this.store.parts.get(group);
    const family = look.families[position] ?? -1;
    const code = this.dressing.colouring?.groups[group] ?? 0;
    const change = (stateOf(this.dressing.changes, ~group) & ~HOLDS) > 0 ? this.changeOf(~group) : undefined;
    const fill = code > 0 ? (this.dressing.colouring?.palette[code] ?? palette.group.fill) : change?.fill;
    const own = fill === undefined ? undefined : this.ownOf(fill);
    const [title, count] = look.lines[position] ?? [];
    return {
      x, y, w, h, open,
      s: at.s,
      closed: (part?.sheet ?? 0) < 0,
      bare: part !== undefined && part.sheet >= 0 && part.y - (at.sheet.boxes[position * 4 + 1] ?? 0) < STRIP,
      title: title ?? "",
      count: count ?? "",
      shift: look.titles[position] ?? 0,
      crossed: look.crossed.has(position),
      colours: own?.colours ?? palette.families[family] ?? palette.group,
      plain: own === undefined && family < 0,
      solid: own && { fill: own.colours.fill, ink: own.inks.first },
    };
  }

  /** How what became of an item looks; undefined where nothing is compared. */
  private changeOf(item: number): ChangeColours | undefined {
    const { changes, theme } = this.dressing;
    return changes && coloursOf(changes, theme, stateOf(changes, item));
  }

  private letter(item: number, x: number, y: number, w: number, h: number, s: number): void {
    const { changes, theme } = this.dressing;
    const state = stateOf(changes, item);
    if (changes !== undefined && state !== 0) {
      paintLetter(this.ink, letterOf(changes, theme, state), x, y, w, h, s);
    }
  }

  /** Borders and wires of what is gone are dashed. */
  private dashed(ghost: boolean, s: number): void {
    const { canvas } = this.ink;
    const size = softened(s, 1.6);
    canvas.setLineDash(ghost ? [4 * size, 2.5 * size] : []);
  }

  /** Wires that begin or end at what is gone. */
  private ghostly(at: Inside): ((wire: number) => boolean) | undefined {
    const { changes } = this.dressing;
    if (changes === undefined) {
      return undefined;
    }
    const { sheet, part } = at;
    const ghost = (end: number): boolean => end >= 0 && isGhost(changes, part.children[end] ?? 0);
    return (wire) => ghost(sheet.ends[wire * ENDS] as number) || ghost(sheet.ends[wire * ENDS + 2] as number);
  }

  private tracedWires(at: Inside, arrows: (wire: number) => boolean, trace: NonNullable<Dressing["trace"]>): void {
    const { sheet, look, part } = at;
    const colour = this.ink.palette.wire;
    const pins = part.ins.length / 2;
    const onTrace = (end: number): boolean => {
      const child = end < 0 ? -1 : part.children[end];
      return child === undefined || end < 0 ? trace.groups[at.group] !== 0 : isOn(trace, child);
    };
    const strong = (wire: number): boolean =>
      onTrace(sheet.ends[wire * ENDS] as number) && onTrace(sheet.ends[wire * ENDS + 2] as number);
    const leadOn = (lead: number): boolean => {
      const flat = lead < pins ? part.ins : part.outs;
      const node = flat[(lead < pins ? lead : lead - pins) * 2];
      return node !== undefined && trace.nodes[node] !== 0 && trace.groups[at.group] !== 0;
    };
    this.ink.canvas.globalAlpha = DIM;
    const widths = this.widths?.get(at.group);
    this.wires(at, sheet.wires, arrows, (wire) => !strong(wire), { colour, weight: 1 }, widths?.wires);
    this.wires(at, look.leads, NONE, (lead) => !leadOn(lead), { colour, weight: 1 }, widths?.leads);
    this.ink.canvas.globalAlpha = 1;
    const bright = { colour: this.ink.palette.highlight, weight: 1.4 };
    this.wires(at, sheet.wires, arrows, strong, bright, widths?.wires);
    this.wires(at, look.leads, NONE, leadOn, bright, widths?.leads);
  }

  /** Draw wires of one look, level by level where their widths say something. */
  private wires(
    at: Inside, wires: readonly PathData[], arrows: (wire: number) => boolean, chosen: (wire: number) => boolean,
    style: WireStyle, levels: Uint8Array | undefined,
  ): void {
    if (levels === undefined) {
      paintWires(this.ink, at, wires, arrows, chosen, style);
      return;
    }
    for (let level = 0; level < WEIGHTS.length; level++) {
      if (levels.includes(level)) {
        const weight = style.weight * (WEIGHTS[level] as number);
        paintWires(this.ink, at, wires, arrows, (wire) => levels[wire] === level && chosen(wire), { ...style, weight });
      }
    }
  }
}

const ALL = (): boolean => true;
const NONE = (): boolean => false;

function isOn(trace: NonNullable<Dressing["trace"]>, child: number): boolean {
  return (child >= 0 ? trace.nodes[child] : trace.groups[~child]) !== 0;
}
