/** `Eye`: the one camera of a page, as it moves. Every change goes through it, and at most one a frame is shown. */
import { anchored, panned, zoomed } from "./camera.ts";
import type { Camera, Nest, Viewport } from "./camera.ts";
import { flight } from "./flight.ts";
import type { Flight } from "./flight.ts";

/** What tells the time and the next frame: the browser, or a test. */
export interface Clock {
  now(): number;
  frame(run: () => void): void;
  /** Whether the user wants nothing to move by itself. */
  calm?(): boolean;
}

export interface EyeEvents {
  /** Show this view, in this frame. */
  moved(camera: Camera): void;
  /** The camera has come to rest. */
  rested(camera: Camera): void;
}

const REST = 160; // ms without a change after which the camera is at rest

export class Eye {
  private flying: { flight: Flight; begun: number; done: (arrived: boolean) => void } | undefined;
  private due = false;
  private changed = 0;
  private resting = true;

  constructor(
    private readonly nest: Nest,
    private current: Camera,
    private screen: Viewport,
    private readonly events: EyeEvents,
    private readonly clock: Clock,
  ) {}

  get camera(): Camera {
    return this.current;
  }

  get viewport(): Viewport {
    return this.screen;
  }

  get still(): boolean {
    return this.resting;
  }

  /** Another size of the screen, whose middle has moved by so many px: what is seen stays where it is. */
  resize(viewport: Viewport, dx = 0, dy = 0): void {
    this.screen = viewport;
    this.change(panned(this.current, -dx, -dy));
  }

  pan(dx: number, dy: number): void {
    this.land(false);
    this.change(panned(this.current, dx, dy));
  }

  zoom(factor: number, x: number, y: number): void {
    this.land(false);
    this.change(zoomed(this.current, this.screen, factor, x, y));
  }

  /** Be there at once. */
  jump(camera: Camera): void {
    this.land(false);
    this.change(camera);
  }

  /** Fly there. Resolves when the camera has arrived (true), or when something else moved it (false). */
  fly(to: Camera): Promise<boolean> {
    this.land(false);
    if (this.clock.calm?.() === true) {
      this.change(to);
      return Promise.resolve(true);
    }
    return new Promise((done) => {
      const made = flight(this.nest, this.current, to, this.screen);
      this.flying = { flight: made, begun: this.clock.now(), done };
      this.touch();
    });
  }

  /** Say the camera anew in the group that fills the screen: after parts have arrived. */
  settle(): void {
    this.current = anchored(this.nest, this.current, this.screen);
  }

  private land(arrived: boolean): void {
    const { flying } = this;
    this.flying = undefined;
    flying?.done(arrived);
  }

  private change(camera: Camera): void {
    this.current = anchored(this.nest, camera, this.screen);
    this.touch();
  }

  private touch(): void {
    this.changed = this.clock.now();
    this.resting = false;
    if (!this.due) {
      this.due = true;
      this.clock.frame(() => this.step());
    }
  }

  private step(): void {
    this.due = false;
    const now = this.clock.now();
    if (this.flying !== undefined) {
      const { flight: made, begun } = this.flying;
      const share = (now - begun) / made.duration;
      this.current = anchored(this.nest, made.at(share), this.screen);
      if (share >= 1) {
        this.land(true);
      }
      this.touch();
      this.events.moved(this.current);
      return;
    }
    if (now - this.changed >= REST) {
      this.resting = true;
      this.events.rested(this.current);
      return;
    }
    this.events.moved(this.current);
    this.due = true;
    this.clock.frame(() => this.step());
  }
}
