/** `Explorer`: the parts of the page joined to one another. What each part does stands in its own module. */
import { pickBadge } from "./pick/badges.ts";
import { boxOf, pick, screen, seen } from "./pick/pick.ts";
import type { Seen } from "./pick/pick.ts";
import { Captioner } from "./captions.ts";
import { fitting, fittingChild } from "./camera/camera.ts";
import type { Camera, Viewport } from "./camera/camera.ts";
import { Eye } from "./camera/eye.ts";
import { readColumns } from "./columns.ts";
import type { Columns } from "./columns.ts";
import type { Compared } from "./compare/compared.ts";
import type { Head } from "./contract.ts";
import type { DataSource } from "./data/source.ts";
import { Fetcher } from "./data/fetcher.ts";
import type { Desk, Slots } from "./desk.ts";
import { Keys } from "./input/keys.ts";
import { Names } from "./scene/names.ts";
import { Overlay } from "./paint/overlay.ts";
import { Surface } from "./paint/surface.ts";
import type { Layers } from "./layers.ts";
import type { Store } from "./scene/store.ts";
import { StateHolder, themeOf } from "./state.ts";
import type { Place, State } from "./state.ts";

const EDGE = 24; // px around what was clicked that are moved into view
const READABLE = 18; // px of height of a box that can be read

export interface Stage {
  readonly root: HTMLElement;
  /** The element that shows the drawing and takes gestures and keys. */
  readonly drawing: HTMLElement;
  readonly slots: Slots;
}

export class Explorer implements Desk {
  readonly state = new StateHolder();
  readonly keys: Keys;
  readonly slots: Slots;
  readonly eye: Eye;
  readonly surface: Surface;
  readonly fetcher: Fetcher;
  readonly names: Names;
  readonly captioner: Captioner;
  /** Whether it takes keys; not where another one beside it does. */
  attends = true;
  known: Columns | undefined;
  private asked: Promise<Columns> | undefined;
  private readonly overlay: Overlay;
  private window = windowSize();
  private centre: { x: number; y: number };
  private readonly restRuns: (() => void)[] = [];
  private readonly moveRuns: (() => void)[] = [];

  private readonly end = new AbortController();

  constructor(
    readonly head: Head, readonly source: DataSource, readonly store: Store, readonly stage: Stage,
    readonly layers: Layers,
  ) {
    this.slots = stage.slots;
    this.keys = new Keys(stage.drawing);
    this.names = new Names(store, () => this.known);
    const viewport = this.measure();
    this.centre = this.middle();
    const events = { moved: (camera: Camera) => this.moved(camera), rested: () => this.rested() };
    const still = window.matchMedia("(prefers-reduced-motion: reduce)");
    const clock = {
      now: () => performance.now(),
      frame: (run: () => void) => void requestAnimationFrame(run),
      calm: () => still.matches,
    };
    this.eye = new Eye(store, this.home(viewport), viewport, events, clock);
    this.surface = new Surface(stage.drawing, store, head, this.dressing(this.state.now), {
      missing: (groups) => this.fetcher.want(groups),
      drawn: () => undefined,
    });
    this.overlay = new Overlay(stage.drawing);
    this.fetcher = new Fetcher(source, head.chart, store, (text) => {
      this.eye.settle();
      this.surface.merged(text);
    });
    this.captioner = new Captioner(this);
    this.surface.resize(viewport);
    this.overlay.resize(viewport);
    this.state.listen((now, before) => this.changed(now, before));
    const sizes = new ResizeObserver(() => this.resized());
    sizes.observe(stage.drawing);
    this.ended.addEventListener("abort", () => sizes.disconnect());
  }

  /** Aborted when this explorer leaves the page: what listens beyond its own elements ends with it. */
  get ended(): AbortSignal {
    return this.end.signal;
  }

  /** Leave the page. */
  closed(): this {
    this.end.abort();
    this.surface.close();
    this.stage.root.remove();
    return this;
  }

  /** The view that shows the whole model. */
  home(viewport: Viewport = this.eye.viewport): Camera {
    const sheet = this.store.sheetOf(0);
    return fitting(0, { x: 0, y: 0, w: sheet?.w ?? 100, h: sheet?.h ?? 100 }, viewport, 0.02);
  }

  /** The view of a place. */
  viewOf(place: Place): Camera {
    return fittingChild(this.store, place.group, place.position, this.eye.viewport);
  }

  columns(): Promise<Columns> {
    this.asked ??= this.source.columns().then((buffer) => {
      this.known = readColumns(buffer);
      return this.known;
    });
    return this.asked;
  }

  compared(): Promise<Compared> | undefined {
    return this.head.compare === undefined ? undefined : this.layers.compared(this.source);
  }

  async locate(item: number): Promise<Place | undefined> {
    const near = this.names.loaded(item);
    if (near !== undefined) {
      return near;
    }
    const columns = await this.columns();
    const around = this.names.groupAround(item, columns);
    if (around === undefined) {
      return undefined;
    }
    const path: number[] = [];
    for (let at = around; at >= 0; at = columns.groupParents[at] ?? -1) {
      path.push(at);
    }
    await this.fetcher.need(path.reverse());
    return this.names.loaded(item);
  }

  async flyTo(item: number, options: { readonly select?: boolean } = {}): Promise<boolean> {
    const place = item === ~0 ? undefined : await this.locate(item);
    if (item !== ~0 && place === undefined) {
      return false;
    }
    if (options.select !== false) {
      this.state.send({ kind: "select", place });
      this.resized(); // a panel may have opened beside the drawing
    }
    return this.eye.fly(place === undefined ? this.home() : this.viewOf(place));
  }

  nameOf(item: number): string {
    return this.names.nameOf(item);
  }

  idOf(item: number): string {
    return this.names.idOf(item) ?? "";
  }

  onRest(run: () => void): void {
    this.restRuns.push(run);
  }

  at(x: number, y: number): Seen | undefined {
    const { camera, viewport } = this.eye;
    const { badges } = this.state.now;
    const marked = badges && pickBadge(this.store, camera, viewport, badges, x, y);
    return marked ?? pick(this.store, camera, viewport, x, y);
  }

  visible(): Seen[] {
    const { camera, viewport } = this.eye;
    return seen(this.store, camera, viewport, screen(viewport));
  }

  /** Where a place lies on the screen. */
  boxOf(place: Place): ReturnType<typeof boxOf> {
    return boxOf(this.store, this.eye.camera, this.eye.viewport, place.group, place.position);
  }

  /** Move the camera only as far as is needed to see a place, at the size that it has. */
  keepInView(place: Place): void {
    const box = this.boxOf(place);
    const { camera, viewport } = this.eye;
    if (box === undefined) {
      return;
    }
    const aside = (at: number, length: number, size: number): number => {
      const free = Math.min(EDGE, (size - length) / 2); // negative where it does not fit: then its middle comes into view
      const [low, high] = free < 0 ? [at + length / 2 - EDGE, at + length / 2 + EDGE] : [at - free, at + length + free];
      return Math.max(-low, Math.min(0, size - high));
    };
    const dx = aside(box.x, box.w, viewport.width);
    const dy = aside(box.y, box.h, viewport.height);
    if (dx !== 0 || dy !== 0) {
      void this.eye.fly({ ...camera, x: camera.x - dx / camera.k, y: camera.y - dy / camera.k });
    }
  }

  /** Move the camera only as far as is needed to see a place well. */
  reveal(place: Place): void {
    const box = this.boxOf(place);
    const { width, height } = this.eye.viewport;
    if (box === undefined) {
      return;
    }
    const readable = box.h >= READABLE && box.h <= height && box.w <= width;
    const inside = box.x >= 0 && box.y >= 0 && box.x + box.w <= width && box.y + box.h <= height;
    if (readable && inside) {
      return;
    }
    const view = this.viewOf(place);
    if (!readable) {
      void this.eye.fly(view);
      return;
    }
    const { camera } = this.eye;
    const [dx, dy] = [width / 2 - box.x - box.w / 2, height / 2 - box.y - box.h / 2];
    void this.eye.fly({ ...camera, x: camera.x - dx / camera.k, y: camera.y - dy / camera.k });
  }

  /** Where the middle of the drawing lies on the page. */
  private middle(): { x: number; y: number } {
    const { left, top, width, height } = this.stage.drawing.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }

  private measure(): Viewport {
    const { clientWidth, clientHeight } = this.stage.drawing;
    return { width: Math.max(1, clientWidth), height: Math.max(1, clientHeight) };
  }

  /** Take the size of the drawing as it is now. */
  resized(): void {
    const viewport = this.measure();
    const before = this.eye.viewport;
    if (viewport.width === before.width && viewport.height === before.height) {
      return;
    }
    const whole = this.showsAll(before) && this.window !== windowSize();
    this.window = windowSize();
    const middle = this.middle();
    this.surface.resize(viewport);
    this.overlay.resize(viewport);
    this.eye.resize(viewport, middle.x - this.centre.x, middle.y - this.centre.y);
    this.centre = middle;
    if (whole) { // also where the page began in a frame that had no size yet
      this.eye.jump(this.home());
    }
  }

  /** Whether the camera shows the whole model, on a screen of that size. */
  showsAll(viewport: Viewport = this.eye.viewport): boolean {
    const { camera } = this.eye;
    const home = this.home(viewport);
    return camera.anchor === 0 && Math.abs(camera.k / home.k - 1) < 1e-6 && Math.abs(camera.x - home.x) * camera.k < 1;
  }

  private moved(camera: Camera): void {
    this.surface.look(camera);
    this.state.send({ kind: "current", group: camera.anchor });
    this.drawOverlay();
    for (const run of this.moveRuns) {
      run();
    }
  }

  /** Called with every frame in which the camera has moved. */
  onMove(run: () => void): void {
    this.moveRuns.push(run);
  }

  private rested(): void {
    for (const run of this.restRuns) {
      run();
    }
  }

  private drawOverlay(): void {
    const { selection, hover } = this.state.now;
    const hovered = hover !== undefined && hover.item !== selection?.item ? this.boxOf(hover) : undefined;
    this.overlay.draw({ selected: selection && this.boxOf(selection), hovered });
  }

  private dressing(state: State): ConstructorParameters<typeof Surface>[3] {
    const { hits, trace, colouring, badges, changes } = state;
    return { theme: themeOf(state, this.head.theme), hits, trace, colouring, badges, changes };
  }

  private changed(now: State, before: State): void {
    const themes = themeOf(now, this.head.theme) !== themeOf(before, this.head.theme);
    const dressed = (["hits", "trace", "colouring", "badges", "changes"] as const).some((name) => now[name] !== before[name]);
    if (themes || dressed) {
      this.surface.dress(this.dressing(now));
    }
    if (themes || now.selection !== before.selection || now.hover !== before.hover) {
      this.drawOverlay();
    }
  }
}

/** Tells one size of the browser's window from another. */
function windowSize(): string {
  return `${window.innerWidth} ${window.innerHeight}`;
}
