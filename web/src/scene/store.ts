/**
 * `Store`: the parts of the chart that have arrived, ready for drawing.
 *
 * Slices may come in any order and are merged; numbers never change. Geometry is put into flat arrays once, when it
 * arrives, since it is walked many times a second.
 */
import type { Look, Part, Path, Sheet, Slice } from "../contract.ts";

/** Numbers of a wire in `SheetData.ends`. */
export const ENDS = 5;

/** A sheet in flat arrays. */
export interface SheetData {
  readonly w: number;
  readonly h: number;
  readonly flow: "down" | "right";
  readonly count: number;
  /** x, y, width, height of each child. */
  readonly boxes: Float64Array;
  /** source, port, target, slot, arrow of each wire. */
  readonly ends: Int32Array;
  readonly wires: readonly PathData[];
  readonly ins: readonly number[];
  readonly outs: readonly number[];
  /** Height of a typical leaf in it, in its own px: tells from which scale on its inside can be made out. */
  readonly grain: number;
}

/** A path with the box around it: left, top, right, bottom. */
export interface PathData {
  readonly path: Path;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface LookData {
  readonly lines: readonly (readonly string[])[];
  readonly families: readonly number[];
  readonly titles: readonly number[];
  readonly crossed: ReadonlySet<number>;
  readonly leads: readonly PathData[];
}

const GROUP_HEIGHT = 60; // px; boxes of nodes are lower
const GROUP_GRAIN = 8; // a group in it can be made out when it is that many times higher than a leaf need be

export class Store {
  readonly parts = new Map<number, Part>();
  private readonly sheets = new Map<number, SheetData>();
  private readonly looks = new Map<number, LookData>();

  /** Take in what has arrived; what is there already stays. Returns the groups that were not there before. */
  merge(slice: Slice): number[] {
    for (const [key, sheet] of Object.entries(slice.sheets)) {
      if (!this.sheets.has(Number(key))) {
        this.sheets.set(Number(key), packSheet(sheet));
      }
    }
    for (const [key, look] of Object.entries(slice.looks)) {
      if (!this.looks.has(Number(key))) {
        this.looks.set(Number(key), packLook(look));
      }
    }
    const fresh: number[] = [];
    for (const [key, part] of Object.entries(slice.parts)) {
      const group = Number(key);
      const known = this.parts.get(group);
      if (known === undefined || (known.sheet < 0 && part.sheet >= 0)) {
        this.parts.set(group, part);
        fresh.push(group);
      }
    }
    return fresh;
  }

  /** The group, or an error: for groups that are known to be there. */
  part(group: number): Part {
    const found = this.parts.get(group);
    if (found === undefined) {
      throw new Error(`group ${group} has not arrived yet`);
    }
    return found;
  }

  /** Geometry of a group's inside; undefined for a group that has none, or that has not arrived. */
  sheetOf(group: number): SheetData | undefined {
    const part = this.parts.get(group);
    return part === undefined ? undefined : this.sheets.get(part.sheet);
  }

  lookOf(group: number): LookData | undefined {
    const part = this.parts.get(group);
    return part === undefined ? undefined : this.looks.get(part.look);
  }

  /** Whether a group can be walked into. */
  isOpen(group: number): boolean {
    const part = this.parts.get(group);
    return part !== undefined && this.sheets.has(part.sheet) && this.looks.has(part.look);
  }

  /** From the root down to a group, both included. */
  path(group: number): number[] {
    const found: number[] = [];
    for (let at = group; at >= 0; at = this.parts.get(at)?.parent ?? -1) {
      found.push(at);
    }
    return found.reverse();
  }

  /** The part and position in which a child lies, of those that have arrived; undefined where it has not. */
  positionOfNode(node: number, group: number): number | undefined {
    const at = this.parts.get(group)?.children.indexOf(node) ?? -1;
    return at < 0 ? undefined : at;
  }
}

function packSheet(sheet: Sheet): SheetData {
  const ends = new Int32Array(sheet.wires.length * ENDS);
  sheet.wires.forEach((wire, at) => {
    for (let field = 0; field < ENDS; field++) {
      ends[at * ENDS + field] = wire[field] as number;
    }
  });
  const boxes = Float64Array.from(sheet.boxes);
  return {
    w: sheet.w,
    h: sheet.h,
    flow: sheet.flow,
    count: boxes.length / 4,
    boxes,
    ends,
    wires: sheet.wires.map((wire) => packPath(wire[5])),
    ins: sheet.ins,
    outs: sheet.outs,
    grain: grainOf(boxes),
  };
}

function packLook(look: Look): LookData {
  return {
    lines: look.lines,
    families: look.families,
    titles: look.titles,
    crossed: new Set(look.crossed),
    leads: look.leads.map(packPath),
  };
}

/** Number of coordinates of a piece of a path, by its code. */
const COORDINATES = [2, 2, 6];

function packPath(path: Path): PathData {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (let at = 0; at < path.length; ) {
    const many = COORDINATES[path[at] ?? 0] ?? 2;
    for (let i = at + 1; i <= at + many; i += 2) {
      const x = path[i] ?? 0;
      const y = path[i + 1] ?? 0;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    at += 1 + many;
  }
  return { path, left, top, right, bottom };
}

function grainOf(boxes: Float64Array): number {
  const heights: number[] = [];
  const step = Math.max(1, Math.floor(boxes.length / 4 / 64)) * 4;
  for (let at = 0; at < boxes.length; at += step) {
    const height = Math.min(boxes[at + 2] ?? 0, boxes[at + 3] ?? 0);
    heights.push(height > GROUP_HEIGHT ? height / GROUP_GRAIN : height);
  }
  heights.sort((a, b) => a - b);
  return heights[heights.length >> 1] ?? 28;
}
