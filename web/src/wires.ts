/** `wireWidths`: while the user wants it, wires are as wide as their tensors are large. */
import { tensorAt } from "./captions.ts";
import type { Columns } from "./columns.ts";
import type { Explorer } from "./explorer.ts";
import { levelOf } from "./paint/widths.ts";
import type { WireLevels, WireScale } from "./paint/widths.ts";
import { screen } from "./pick/pick.ts";
import { ENDS } from "./scene/store.ts";
import type { Store } from "./scene/store.ts";
import { visit } from "./scene/visit.ts";

const FAINTEST = 0.2; // scale of an inside below which its wires cannot be seen

/** Elements of a tensor at batch size 1; NaN where its rank is unknown. */
export function elementsOf(shape: readonly (number | null)[] | null | undefined): number {
  return shape === null || shape === undefined ? Number.NaN : shape.reduce<number>((all, size) => all * (size ?? 1), 1);
}

/** The smallest and the largest tensor of a model; undefined where no size is known. */
export function wireScale(columns: Columns): WireScale | undefined {
  const sizes = columns.tensors.map(({ shape }) => elementsOf(shape)).filter((size) => size > 0);
  return sizes.length === 0 ? undefined : { low: least(sizes), high: -least(sizes.map((size) => -size)) };
}

function least(values: readonly number[]): number {
  return values.reduce((found, value) => Math.min(found, value), Number.POSITIVE_INFINITY);
}

/** The levels of all wires and leads of a group that has arrived. */
export function levelsOf(store: Store, columns: Columns, scale: WireScale, group: number): WireLevels | undefined {
  const part = store.parts.get(group);
  const sheet = store.sheetOf(group);
  if (part === undefined || sheet === undefined) {
    return undefined;
  }
  const levelAt = (tensor: readonly [number, number] | undefined): number =>
    levelOf(scale, tensor === undefined ? Number.NaN : elementsOf(columns.output(...tensor)?.shape));
  const wires = Uint8Array.from(sheet.wires, (_, wire) => {
    const { ends } = sheet;
    return levelAt(tensorAt(store, group, ends[wire * ENDS] as number, ends[wire * ENDS + 1] as number));
  });
  const pins = [...part.ins, ...part.outs];
  const leads = Uint8Array.from({ length: pins.length / 2 }, (_, pin) => levelAt([pins[pin * 2] as number, pins[pin * 2 + 1] as number]));
  return { wires, leads };
}

export function wireWidths(explorer: Explorer): void {
  const { state, store, eye, surface } = explorer;
  const known = new Map<number, WireLevels>();
  const groups = (): number[] => {
    const found: number[] = [];
    const nothing = (): void => undefined;
    visit(store, eye.camera, eye.viewport, screen(eye.viewport), {
      inside: (at) => void (at.s >= FAINTEST && found.push(at.group)),
      node: nothing, group: nothing, title: nothing, missing: nothing,
    });
    return found;
  };
  const update = async (): Promise<void> => {
    if (!state.now.wide) {
      return;
    }
    const columns = await explorer.columns();
    const scale = wireScale(columns);
    const fresh = groups().filter((group) => !known.has(group));
    for (const group of fresh) {
      const made = scale && levelsOf(store, columns, scale, group);
      if (made !== undefined) {
        known.set(group, made);
      }
    }
    if (fresh.length > 0 && state.now.wide) {
      surface.widen(new Map(known));
    }
  };
  const start = (): void => {
    known.clear();
    surface.widen(undefined);
    update().catch((error: Error) => state.send({ kind: "notice", text: error.message }));
  };
  explorer.onRest(() => void update().catch(() => undefined)); // it was told when it began
  state.listen((now, before) => {
    if (now.wide !== before.wide) {
      start();
    }
  });
  if (state.now.wide) {
    start();
  }
}
