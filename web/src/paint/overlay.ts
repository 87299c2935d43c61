/**
 * What lies above the drawing and changes with the pointer: the frames of what is selected and hovered.
 *
 * They are elements, and no canvas: a canvas of the size of the screen would be blended with every frame. A large frame
 * is four lines, each of which the compositor moves and stretches: a border would be painted anew with every frame, and
 * kept as a bitmap with all that lies in it.
 */
import type { Rect, Viewport } from "../camera/camera.ts";
import { make } from "../dom.ts";
import { near } from "./ink.ts";

export interface Frames {
  readonly selected: Rect | undefined;
  readonly hovered: Rect | undefined;
}

const LARGE = 256; // px from which a frame is four lines
const BEYOND = 12; // px beyond the screen at which a frame ends
const GAPS = { selected: 4, hovered: 2 }; // px from the box to the outside of its frame
const WIDTHS = { selected: 2.5, hovered: 1.5 };


type Name = keyof Frames;

interface Elements {
  readonly small: HTMLElement;
  /** Top, bottom, left, right. */
  readonly edges: readonly HTMLElement[];
}

export class Overlay {
  private readonly frames: Record<Name, Elements>;
  private viewport: Viewport = { width: 1, height: 1 };

  constructor(host: HTMLElement) {
    this.frames = { hovered: makeFrame(host, "hovered"), selected: makeFrame(host, "selected") };
  }

  resize(viewport: Viewport): void {
    this.viewport = viewport;
  }

  draw(frames: Frames): void {
    for (const name of ["hovered", "selected"] as const) {
      const rect = frames[name] && this.around(frames[name], GAPS[name]);
      const large = rect !== undefined && Math.max(rect.w, rect.h) > LARGE;
      const { small, edges } = this.frames[name];
      small.hidden = large || rect === undefined;
      for (const edge of edges) {
        edge.hidden = !large;
      }
      if (rect !== undefined) {
        (large ? stretch : place)(this.frames[name], rect, WIDTHS[name]);
      }
    }
  }

  /** The outside of a frame, as far as it can be seen. */
  private around(rect: Rect, gap: number): Rect {
    const { width, height } = this.viewport;
    const x = near(rect.x - gap, 0, width, BEYOND);
    const y = near(rect.y - gap, 0, height, BEYOND);
    const right = near(rect.x + rect.w + gap, 0, width, BEYOND);
    return { x, y, w: right - x, h: near(rect.y + rect.h + gap, 0, height, BEYOND) - y };
  }
}

function place({ small }: Elements, { x, y, w, h }: Rect): void {
  small.style.transform = `translate(${x}px, ${y}px)`;
  small.style.width = `${w}px`;
  small.style.height = `${h}px`;
  small.style.borderRadius = `${Math.min(8, h / 3)}px`;
}

function stretch({ edges }: Elements, { x, y, w, h }: Rect, thick: number): void {
  const lines: Rect[] = [
    { x, y, w, h: thick }, { x, y: y + h - thick, w, h: thick },
    { x, y, w: thick, h }, { x: x + w - thick, y, w: thick, h },
  ];
  lines.forEach((line, at) => {
    (edges[at] as HTMLElement).style.transform = `translate(${line.x}px, ${line.y}px) scale(${line.w}, ${line.h})`;
  });
}

function makeFrame(host: HTMLElement, name: Name): Elements {
  const made = (kind: string): HTMLElement => {
    const element = make("div", { class: `${kind} ${name}`, set: { "aria-hidden": "true" } });
    element.hidden = true;
    host.append(element);
    return element;
  };
  const small = made("frame");
  small.style.borderWidth = `${WIDTHS[name]}px`;
  return { small, edges: Array.from({ length: 4 }, () => made("edge")) };
}
