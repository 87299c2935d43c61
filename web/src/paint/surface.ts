/**
 * `Surface`: what the user looks at. Bitmaps of the model lie in layers that are moved at once with the camera, by the
 * browser's compositor; a worker paints them anew, sharp, as fast as it can.
 *
 * Below the sharp layer lies a wide one, of more land in less detail, which shows at the edges while the camera moves.
 */
import { between } from "../camera/camera.ts";
import type { Camera, Viewport } from "../camera/camera.ts";
import type { Store } from "../scene/store.ts";
import workerSource from "worker:./worker.ts";
import type { Captions, Dressing } from "./dressing.ts";
import { fontBytes } from "./fonts.ts";
import type { FromPainter, Layer, ToPainter } from "./messages.ts";
import { Painter } from "./painter.ts";
import type { Book, Shot } from "./painter.ts";
import type { Widths } from "./widths.ts";

const MARGIN = 24; // px around the screen that the sharp layer has ready
const WIDE = 3; // the wide layer shows that many times the screen
const WIDE_DENSITY = 0.2;
const REST = 45; // least ms between two pictures while the camera moves: the compositor needs the processor too
const REST_SHARE = 0.7; // of the time that the last picture took
const LONGEST_REST = 70;
const WIDE_REST = 350;
const FURTHEST = 40; // times that a bitmap may be magnified before it says nothing

export interface SurfaceEvents {
  /** Groups that were on the screen but have not arrived. */
  missing(groups: readonly number[]): void;
  /** The first picture of the model is on the screen, or the picture of a camera at rest is sharp. */
  drawn(layer: Layer, milliseconds: number): void;
}

interface Plate {
  readonly element: HTMLCanvasElement;
  readonly context: ImageBitmapRenderingContext;
  shot: Shot | undefined;
}

export class Surface {
  private readonly plates: Record<"sharp" | "wide", Plate>;
  private worker: Worker | undefined;
  private busy = 0;
  private version = 0;
  private paintedVersion: Record<Layer, number> = { sharp: -1, wide: -1, map: -1 };
  private camera: Camera | undefined;
  private viewport: Viewport = { width: 1, height: 1 };
  private lastPaint = 0;
  private lastWide = 0;
  private rest = REST;
  private timer = 0;
  private map: { readonly canvas: HTMLCanvasElement; readonly shot: () => Shot } | undefined;
  private readonly painter: Painter;

  constructor(
    host: HTMLElement,
    private readonly store: Store,
    private readonly book: Book,
    private dressing: Dressing,
    private readonly events: SurfaceEvents,
  ) {
    this.plates = { wide: makePlate(host, "wide"), sharp: makePlate(host, "sharp") };
    this.painter = new Painter(store, book, dressing, new Map());
  }

  /** Hand painting over to a worker; `slices` are the texts of all that has arrived. */
  start(slices: readonly string[]): void {
    if (typeof OffscreenCanvas === "undefined") {
      return;
    }
    const address = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
    const worker = new Worker(address);
    worker.onmessage = (event: MessageEvent<FromPainter>) => this.receive(event.data);
    worker.onerror = () => {
      this.worker = undefined; // the page paints by itself
      this.busy = 0;
      this.ask();
    };
    this.worker = worker;
    this.send({ kind: "start", book: this.book, dressing: this.dressing, fonts: fontBytes() });
    for (const slice of slices) {
      this.send({ kind: "merge", slice });
    }
  }

  /** Paint no more. */
  close(): void {
    this.worker?.terminate();
    this.worker = undefined;
  }

  /** A slice has arrived, and has been merged into the store of the page. */
  merged(slice: string): void {
    this.send({ kind: "merge", slice });
    this.stale();
  }

  dress(dressing: Dressing): void {
    this.dressing = dressing;
    this.painter.dress(dressing);
    this.send({ kind: "dress", dressing });
    this.stale();
  }

  caption(captions: ReadonlyMap<number, Captions>): void {
    this.painter.caption(captions);
    this.send({ kind: "caption", captions });
    this.version++;
    this.ask();
  }

  /** Draw wires as wide as these say; undefined for all alike. */
  widen(widths: Widths | undefined): void {
    this.painter.widen(widths);
    this.send({ kind: "widen", widths });
    this.stale();
  }

  /** Show a small picture of a view beside the large one, and keep it up to date. */
  showMap(canvas: HTMLCanvasElement, shot: () => Shot): void {
    this.map = { canvas, shot };
    this.paintedVersion.map = -1;
    this.ask();
  }

  resize(viewport: Viewport): void {
    this.viewport = viewport;
    this.stale();
  }

  /** Show another view: what is there is moved now, and painted anew soon. */
  look(camera: Camera): void {
    this.camera = camera;
    for (const plate of Object.values(this.plates)) {
      this.place(plate, camera);
    }
    this.ask();
  }

  /** The screen as a picture of its own, with all that is marked and coloured. */
  picture(camera: Camera, density: number): OffscreenCanvas {
    const shot: Shot = { camera, viewport: this.viewport, margin: 0, density };
    const canvas = new OffscreenCanvas(...sizeOf(shot));
    const context = canvas.getContext("2d");
    if (context === null) {
      throw new Error("this browser gives no canvas to draw on");
    }
    this.painter.paint(context, shot);
    return canvas;
  }

  /** Paint the screen here and now, for the first picture. */
  paintNow(camera: Camera): void {
    this.camera = camera;
    const shot = this.sharpShot(camera, this.viewport);
    const canvas = new OffscreenCanvas(...sizeOf(shot));
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) {
      return;
    }
    const begun = performance.now();
    const { missing } = this.painter.paint(context, shot);
    const bitmap = canvas.transferToImageBitmap();
    canvas.width = canvas.height = 1; // its memory is given back at once
    const milliseconds = performance.now() - begun;
    this.show({ kind: "painted", layer: "sharp", shot, version: this.version, bitmap, missing, milliseconds });
  }

  private stale(): void {
    this.version++;
    this.ask();
  }

  private send(message: ToPainter): void {
    this.worker?.postMessage(message);
  }

  /** Ask for whatever picture is out of date, one at a time. */
  private ask(): void {
    if (this.busy > 0 || this.camera === undefined || this.timer !== 0) {
      return;
    }
    const wait = this.lastPaint + this.rest - performance.now();
    if (wait > 0) {
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        this.ask();
      }, wait);
      return;
    }
    const wanted = this.wanted(this.camera);
    if (wanted === undefined) {
      return;
    }
    if (this.worker === undefined) {
      if (wanted.layer === "sharp") {
        this.paintNow(this.camera);
      }
      return;
    }
    this.busy++;
    this.send({ kind: "paint", version: this.version, ...wanted });
  }

  private wanted(camera: Camera): { layer: Layer; shot: Shot } | undefined {
    const { sharp, wide } = this.plates;
    const wideOld = this.paintedVersion.wide !== this.version || !this.covers(wide.shot, camera);
    const wideDue = performance.now() - this.lastWide > WIDE_REST;
    if (this.paintedVersion.sharp !== this.version || !sameView(sharp.shot?.camera, camera)) {
      if (wideOld && wideDue && sharp.shot !== undefined && this.paintedVersion.sharp === this.version) {
        return { layer: "wide", shot: this.wideShot(camera) };
      }
      return { layer: "sharp", shot: this.sharpShot(camera, this.viewport) };
    }
    if (wideOld) {
      return { layer: "wide", shot: this.wideShot(camera) };
    }
    if (this.map !== undefined && this.paintedVersion.map !== this.version) {
      return { layer: "map", shot: this.map.shot() };
    }
    return undefined;
  }

  private sharpShot(camera: Camera, viewport: Viewport): Shot {
    return { camera, viewport, margin: MARGIN, density: window.devicePixelRatio || 1 };
  }

  private wideShot(camera: Camera): Shot {
    const { width, height } = this.viewport;
    const viewport = { width: width * WIDE, height: height * WIDE };
    return { camera, viewport, margin: 0, density: WIDE_DENSITY * Math.min(1, window.devicePixelRatio || 1) };
  }

  /** Whether the wide layer still reaches beyond the screen on all sides, and is not too coarse. */
  private covers(shot: Shot | undefined, camera: Camera): boolean {
    if (shot === undefined) {
      return false;
    }
    const { scale, x, y } = this.shift(shot, camera);
    const { width, height } = this.viewport;
    const reach = 0.3;
    return (
      scale > 0.6 && scale < 2.5 &&
      x < -reach * width && y < -reach * height &&
      x + shot.viewport.width * scale > (1 + reach) * width && y + shot.viewport.height * scale > (1 + reach) * height
    );
  }

  /** How a point of a shot's own screen must be moved to lie where the camera sees it. */
  private shift(shot: Shot, camera: Camera): { scale: number; x: number; y: number } {
    const moved = between(this.store, shot.camera, camera, this.viewport);
    const aside = { x: (shot.viewport.width - this.viewport.width) / 2, y: (shot.viewport.height - this.viewport.height) / 2 };
    return {
      scale: moved.scale,
      x: moved.x - aside.x * moved.scale,
      y: moved.y - aside.y * moved.scale,
    };
  }

  private place(plate: Plate, camera: Camera): void {
    const { shot, element } = plate;
    if (shot === undefined) {
      return;
    }
    const { scale, x, y } = this.shift(shot, camera);
    const visible = scale < FURTHEST && scale > 1 / FURTHEST;
    element.style.visibility = visible ? "visible" : "hidden";
    if (!visible) {
      return;
    }
    const left = x - shot.margin * scale;
    const top = y - shot.margin * scale;
    const still = Math.abs(scale - 1) < 1e-9;
    const ratio = window.devicePixelRatio || 1;
    const snap = (value: number): number => (still ? Math.round(value * ratio) / ratio : value);
    element.style.transform = `translate(${snap(left)}px, ${snap(top)}px) scale(${scale / shot.density})`;
  }

  private receive(message: FromPainter): void {
    this.busy = Math.max(0, this.busy - 1);
    this.show(message);
    this.ask();
  }

  private show(message: FromPainter): void {
    const { layer, shot, bitmap } = message;
    this.lastPaint = performance.now();
    this.paintedVersion[layer] = message.version;
    this.rest = Math.min(LONGEST_REST, Math.max(REST, message.milliseconds * REST_SHARE));
    performance.measure(`cutaway:${layer}`, { start: this.lastPaint - message.milliseconds, end: this.lastPaint });
    if (layer === "map") {
      if (this.map !== undefined) {
        const { canvas } = this.map;
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
      }
      return;
    }
    if (layer === "wide") {
      this.lastWide = this.lastPaint;
    }
    const plate = this.plates[layer];
    plate.shot = shot;
    plate.element.width = bitmap.width;
    plate.element.height = bitmap.height;
    plate.context.transferFromImageBitmap(bitmap);
    if (this.camera !== undefined) {
      this.place(plate, this.camera);
    }
    if (message.missing.length > 0 && layer === "sharp") {
      this.events.missing(message.missing);
    }
    this.events.drawn(layer, message.milliseconds);
  }
}

/** A shot that comes back from the worker is a copy. */
function sameView(a: Camera | undefined, b: Camera): boolean {
  return a !== undefined && a.anchor === b.anchor && a.x === b.x && a.y === b.y && a.k === b.k;
}

function sizeOf(shot: Shot): [number, number] {
  const { viewport, margin, density } = shot;
  return [
    Math.max(1, Math.round((viewport.width + 2 * margin) * density)),
    Math.max(1, Math.round((viewport.height + 2 * margin) * density)),
  ];
}

function makePlate(host: HTMLElement, name: string): Plate {
  const element = document.createElement("canvas");
  element.className = `plate ${name}`;
  element.setAttribute("aria-hidden", "true");
  host.append(element);
  const context = element.getContext("bitmaprenderer", { alpha: false });
  if (context === null) {
    throw new Error("this browser cannot show bitmaps");
  }
  return { element, context, shot: undefined };
}
