/** A curve without axes, as small as a word. */

/** Points of a line; it is broken where a value is not finite. */
export interface Points {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

export interface Room {
  readonly left: number;
  readonly top: number;
  readonly wide: number;
  readonly tall: number;
}

const PER_PX = 2; // points of a line that are drawn at most
const FLAT = 1e-5; // of a value: a line that changes by less is flat, and what it does is rounding
const MARK = 2.6; // px of the radius of the mark

/** Paint a line in the colour that the context has, with a mark at one place of it. */
export function paintSpark(context: CanvasRenderingContext2D, { x, y }: Points, room: Room, mark: { readonly x: number; readonly y: number } | undefined): void {
  const [firstX, lastX] = ends(x);
  const [low, high] = ends(y);
  if (low > high) return;
  const px = (value: number): number => room.left + ((value - firstX) / (lastX - firstX || 1)) * room.wide;
  const py = (value: number): number => room.top + (1 - (high - low > FLAT * Math.max(Math.abs(low), Math.abs(high)) ? (value - low) / (high - low) : 0.5)) * room.tall;
  const every = Math.max(1, Math.floor(y.length / (room.wide * PER_PX)));
  context.beginPath();
  let pen = false;
  for (let at = 0; at < y.length; at += every) {
    const value = y[at] as number;
    if (!Number.isFinite(value)) pen = false;
    else {
      if (pen) context.lineTo(px(x[at] as number), py(value));
      else context.moveTo(px(x[at] as number), py(value));
      pen = true;
    }
  }
  context.stroke();
  if (mark === undefined || !Number.isFinite(mark.y)) return;
  context.beginPath();
  context.arc(px(Math.min(lastX, Math.max(firstX, mark.x))), py(Math.min(high, Math.max(low, mark.y))), MARK, 0, 2 * Math.PI);
  context.fill();
}

function ends(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return [low, high];
}
