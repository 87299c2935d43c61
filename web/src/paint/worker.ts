/** The painting worker: keeps its own copy of the chart, paints what it is asked for, sends bitmaps. */
import type { Slice } from "../contract.ts";
import { Store } from "../scene/store.ts";
import type { FromPainter, Layer, ToPainter } from "./messages.ts";
import { Painter } from "./painter.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToPainter>) => void) | null;
  readonly fonts: FontFaceSet;
  postMessage(message: FromPainter, transfer: Transferable[]): void;
}

const scope = self as unknown as WorkerScope;
const store = new Store();
const canvases = new Map<Layer, OffscreenCanvas>();

/** Pictures after which a canvas is replaced: a canvas keeps every text that was ever written on it. */
const MOST_PICTURES = 60;
let pictures = 0;
let painter: Painter | undefined;
let ready: Promise<void> = Promise.resolve();

async function start(message: Extract<ToPainter, { kind: "start" }>): Promise<void> {
  const faces = message.fonts.map((data, at) => new FontFace("Cutaway Inter", data, { weight: at ? "600" : "400" }));
  const loaded = await Promise.allSettled(faces.map((face) => face.load()));
  for (const result of loaded) {
    if (result.status === "fulfilled") {
      scope.fonts.add(result.value);
    }
  }
  painter = new Painter(store, message.book, message.dressing, new Map());
}

function paint(message: Extract<ToPainter, { kind: "paint" }>): void {
  const { shot, layer, version } = message;
  const begun = performance.now();
  const width = Math.max(1, Math.round((shot.viewport.width + 2 * shot.margin) * shot.density));
  const height = Math.max(1, Math.round((shot.viewport.height + 2 * shot.margin) * shot.density));
  let canvas = canvases.get(layer);
  if (canvas === undefined || (layer === "sharp" && ++pictures % MOST_PICTURES === 0)) {
    if (canvas !== undefined) {
      canvas.width = canvas.height = 0; // its bitmap does not wait to be collected
    }
    canvas = new OffscreenCanvas(width, height);
    canvases.set(layer, canvas);
  } else if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width; // the same canvas, so that its memory does not wait to be collected
    canvas.height = height;
  }
  const context = canvas.getContext("2d", { alpha: false });
  if (context === null || painter === undefined) {
    return;
  }
  const { missing } = painter.paint(context, shot);
  const bitmap = canvas.transferToImageBitmap();
  const milliseconds = performance.now() - begun;
  scope.postMessage({ kind: "painted", layer, shot, version, bitmap, missing, milliseconds }, [bitmap]);
}

function handle(message: ToPainter): void {
  if (message.kind === "merge") {
    store.merge(JSON.parse(message.slice) as Slice);
  } else if (message.kind === "dress") {
    painter?.dress(message.dressing);
  } else if (message.kind === "caption") {
    painter?.caption(message.captions);
  } else if (message.kind === "widen") {
    painter?.widen(message.widths);
  } else if (message.kind === "paint") {
    paint(message);
  }
}

scope.onmessage = (event) => {
  const message = event.data;
  ready = message.kind === "start" ? start(message) : ready.then(() => handle(message));
};
