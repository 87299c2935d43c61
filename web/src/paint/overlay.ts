/**
 * What lies above the drawing and changes with the pointer: the frames of what is selected and hovered.
 *
 * They are two elements, and no canvas: a canvas of the size of the screen would be blended with every frame.
 */
import type { Rect, Viewport } from "../camera/camera.ts";
import { near } from "./ink.ts";

export interface Frames {
  readonly selected: Rect | undefined;
  readonly hovered: Rect | undefined;
}

const GAPS = { selected: 4, hovered: 2 }; // px from the box to the outside of its frame

export class Overlay {
  private readonly frames: Record<keyof Frames, HTMLElement>;
  private viewport: Viewport = { width: 1, height: 1 };

  constructor(host: HTMLElement) {
    this.frames = { hovered: makeFrame(host, "hovered"), selected: makeFrame(host, "selected") };
  }

  resize(viewport: Viewport): void {
    this.viewport = viewport;
  }

  draw(frames: Frames): void {
    for (const name of ["hovered", "selected"] as const) {
      this.place(this.frames[name], frames[name], GAPS[name]);
    }
  }

  private place(element: HTMLElement, rect: Rect | undefined, gap: number): void {
    element.hidden = rect === undefined;
    if (rect === undefined) {
      return;
    }
    const { width, height } = this.viewport;
    const left = near(rect.x - gap, 0, width);
    const top = near(rect.y - gap, 0, height);
    const tall = near(rect.y + rect.h + gap, 0, height) - top;
    element.style.transform = `translate(${left}px, ${top}px)`;
    element.style.width = `${near(rect.x + rect.w + gap, 0, width) - left}px`;
    element.style.height = `${tall}px`;
    element.style.borderRadius = `${Math.min(8, tall / 3)}px`;
  }
}

function makeFrame(host: HTMLElement, name: string): HTMLElement {
  const element = document.createElement("div");
  element.className = `frame ${name}`;
  element.setAttribute("aria-hidden", "true");
  element.hidden = true;
  host.append(element);
  return element;
}
