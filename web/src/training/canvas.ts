/** Canvases as large as they are shown. */

/** The context of a canvas that is wiped clean and as large as it is shown, in px of the page; a unit of it is such a px. */
export function wiped(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const dense = window.devicePixelRatio || 1;
  const [wide, tall] = [Math.round(width * dense), Math.round(height * dense)];
  if (canvas.width !== wide || canvas.height !== tall) [canvas.width, canvas.height] = [wide, tall]; // which makes its memory anew
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.setTransform(dense, 0, 0, dense, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
