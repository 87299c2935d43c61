/** What lies over a chart while the pointer is on it. Each mark is a small element of its own that is moved: no chart is painted for it. */
import { make } from "../dom.ts";
import { wiped } from "./canvas.ts";

/** A place in a plot, in px. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly colour: string;
}

/** A part of a plot, in px. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const RADIUS = 3; // px of a dot
const REACH = RADIUS + 2; // px from a dot's middle to the edge of the canvas
const GRAIN = 16; // px by which the canvas grows: it is made anew less often

/** A line at a place of x, and a dot on each curve near it: a canvas that is only as wide as the dots lie apart. */
export class Crosshair {
  private readonly canvas = make("canvas", { class: "crosshair", set: { "aria-hidden": "true" } });
  private wide = 0;

  /** Show it in a plot: the line from the top to the bottom of a part of it, at the first of the dots. */
  show(plot: HTMLElement, { top, height }: Pick<Part, "top" | "height">, dots: readonly [Spot, ...Spot[]], line: string): void {
    const xs = dots.map(({ x }) => x);
    const left = Math.floor(Math.min(...xs)) - REACH;
    const needed = Math.max(...xs) + REACH - left;
    if (this.canvas.parentElement !== plot) {
      this.wide = 0;
      plot.append(this.canvas);
    }
    if (needed > this.wide) this.wide = Math.ceil(needed / GRAIN) * GRAIN;
    const tall = top + height + REACH;
    const context = wiped(this.canvas, this.wide, tall);
    Object.assign(this.canvas.style, { width: `${this.wide}px`, height: `${tall}px`, transform: `translateX(${left}px)` });
    context.fillStyle = line;
    context.globalAlpha = 0.5;
    context.fillRect(Math.round(dots[0].x) - left, top, 1, height);
    context.globalAlpha = 1;
    for (const { x, y, colour } of dots) {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x - left, y, RADIUS, 0, 7);
      context.fill();
    }
  }

  hide(): void {
    this.canvas.remove();
  }
}

/** The part of a plot that the pointer is dragged over, to zoom into it. */
export class Dragged {
  private readonly element = make("div", { class: "dragged" });

  show(plot: HTMLElement, { left, top, width, height }: Part): void {
    if (this.element.parentElement !== plot) plot.append(this.element);
    Object.assign(this.element.style, { width: `${width}px`, height: `${height}px`, transform: `translate(${left}px, ${top}px)` });
  }

  hide(): void {
    this.element.remove();
  }
}
