/** What lies above the drawing and changes with the pointer: the frames of what is selected and hovered. */
import type { Rect, Viewport } from "../camera/camera.ts";
import { near } from "./ink.ts";

export interface Frames {
  readonly selected: Rect | undefined;
  readonly hovered: Rect | undefined;
}

const GAP = 3;

export class Overlay {
  private readonly canvas: HTMLCanvasElement;
  private viewport: Viewport = { width: 1, height: 1 };
  private empty = true;

  constructor(host: HTMLElement) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = "plate overlay";
    this.canvas.setAttribute("aria-hidden", "true");
    host.append(this.canvas);
  }

  resize(viewport: Viewport): void {
    this.viewport = viewport;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(viewport.width * ratio);
    this.canvas.height = Math.round(viewport.height * ratio);
    this.canvas.style.width = `${viewport.width}px`;
    this.canvas.style.height = `${viewport.height}px`;
  }

  draw(frames: Frames, colour: string): void {
    const nothing = frames.selected === undefined && frames.hovered === undefined;
    if (nothing && this.empty) {
      return;
    }
    const context = this.canvas.getContext("2d");
    if (context === null) {
      return;
    }
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.viewport.width, this.viewport.height);
    this.empty = nothing;
    context.strokeStyle = colour;
    if (frames.hovered !== undefined) {
      context.globalAlpha = 0.55;
      context.lineWidth = 1.5;
      this.frame(context, frames.hovered, 1);
    }
    if (frames.selected !== undefined) {
      context.globalAlpha = 1;
      context.lineWidth = 2.5;
      this.frame(context, frames.selected, GAP);
    }
    context.globalAlpha = 1;
  }

  private frame(context: CanvasRenderingContext2D, rect: Rect, gap: number): void {
    const { width, height } = this.viewport;
    const left = near(rect.x - gap, 0, width);
    const top = near(rect.y - gap, 0, height);
    const right = near(rect.x + rect.w + gap, 0, width);
    const bottom = near(rect.y + rect.h + gap, 0, height);
    context.beginPath();
    context.roundRect(left, top, right - left, bottom - top, Math.min(8, (bottom - top) / 3));
    context.stroke();
  }
}
