/** Words for wires and pins of what is on the screen: shapes, and the names of far ends. */
import type { Columns } from "./columns.ts";
import { readersOf } from "./data/details.ts";
import type { Explorer } from "./explorer.ts";
import { captionsShow, pinSpots } from "./paint/caption.ts";
import type { PinSpot } from "./paint/caption.ts";
import type { Captions } from "./paint/dressing.ts";
import { screen } from "./pick/pick.ts";
import { ENDS } from "./scene/store.ts";
import type { Store } from "./scene/store.ts";
import { visit } from "./scene/visit.ts";
import type { Inside } from "./scene/visit.ts";
import { shortShape } from "./words.ts";

const MOST_NODES = 50_000; // of a model whose columns are fetched for these words
const MOST_WIRES = 2000; // of a group whose wires get words

/** Make the words for a group. */
export function captionsOf(store: Store, columns: Columns, group: number): Captions | undefined {
  const part = store.parts.get(group);
  const sheet = store.sheetOf(group);
  if (part === undefined || sheet === undefined || sheet.wires.length > MOST_WIRES) {
    return undefined;
  }
  const wires: string[] = [];
  for (let wire = 0; wire < sheet.wires.length; wire++) {
    const source = sheet.ends[wire * ENDS] as number;
    const port = sheet.ends[wire * ENDS + 1] as number;
    const tensor = tensorAt(store, group, source, port);
    wires.push(tensor === undefined ? "" : shortShape(columns.output(...tensor)?.shape ?? null));
  }
  const pins = [...pinWords(part.ins, (node) => `${columns.name(node)} →`), ...pinWords(part.outs, (node, port) => {
    return farReader(columns, group, node, port);
  })];
  return { wires, pins };
}

/** Node and port of the tensor that leaves a child, or enters at a pin. */
export function tensorAt(store: Store, group: number, source: number, port: number): [number, number] | undefined {
  const part = store.parts.get(group);
  if (part === undefined) {
    return undefined;
  }
  if (source < 0) {
    return pairAt(part.ins, ~source);
  }
  const child = part.children[source];
  if (child === undefined || child >= 0) {
    return child === undefined ? undefined : [child, port];
  }
  return pairAt(store.parts.get(~child)?.outs ?? [], port);
}

function pairAt(flat: readonly number[], at: number): [number, number] | undefined {
  const node = flat[at * 2];
  const port = flat[at * 2 + 1];
  return node === undefined || port === undefined ? undefined : [node, port];
}

function pinWords(flat: readonly number[], words: (node: number, port: number) => string): string[] {
  return Array.from({ length: flat.length / 2 }, (_, at) => words(flat[at * 2] as number, flat[at * 2 + 1] as number));
}

/** The first reader of a tensor outside a group, and how many more there are. */
export function farReaders(columns: Columns, group: number, node: number, port: number): number[] {
  const found: number[] = [];
  for (const [from, reader] of readersOf(columns, node)) {
    if (from === port && !liesIn(columns, reader, group)) {
      found.push(reader);
    }
  }
  return found;
}

function farReader(columns: Columns, group: number, node: number, port: number): string {
  const readers = farReaders(columns, group, node, port);
  const first = readers[0];
  if (first === undefined) {
    return "";
  }
  return `→ ${columns.name(first)}${readers.length > 1 ? ` +${readers.length - 1}` : ""}`;
}

function liesIn(columns: Columns, node: number, group: number): boolean {
  for (let at = columns.nodeGroup[node] as number; at >= 0; at = columns.groupParents[at] as number) {
    if (at === group) {
      return true;
    }
  }
  return false;
}

/** Words for what is on the screen, and what they lead to. */
export class Captioner {
  private readonly known = new Map<number, Captions>();

  constructor(private readonly explorer: Explorer) {
    explorer.onRest(() => void this.update());
  }

  /** The node that a pin's name under a point of the screen stands for. */
  async farEnd(x: number, y: number): Promise<number | undefined> {
    for (const at of this.insides()) {
      const captions = this.known.get(at.group);
      const spot = captions && pinSpots(at, captions).find((one) => covers(one, x, y));
      if (spot === undefined) {
        continue;
      }
      const entering = at.part.ins.length / 2;
      if (spot.pin < entering) {
        return at.part.ins[spot.pin * 2];
      }
      const [node, port] = [at.part.outs[(spot.pin - entering) * 2], at.part.outs[(spot.pin - entering) * 2 + 1]];
      const readers = farReaders(await this.explorer.columns(), at.group, node ?? 0, port ?? 0);
      return readers[0];
    }
    return undefined;
  }

  /** The groups on the screen whose words can be read. */
  private insides(): Inside[] {
    const { store, eye } = this.explorer;
    const found: Inside[] = [];
    const nothing = (): void => undefined;
    visit(store, eye.camera, eye.viewport, screen(eye.viewport), {
      inside: (at) => void (captionsShow(at.s) && found.push(at)),
      node: nothing, group: nothing, title: nothing, missing: nothing,
    });
    return found;
  }

  private async update(): Promise<void> {
    if (this.explorer.known === undefined && this.explorer.head.model.nodes > MOST_NODES) {
      return; // words on wires are not worth 70 bytes a node; they come with the first search
    }
    const fresh = this.insides().map((at) => at.group).filter((group) => !this.known.has(group));
    if (fresh.length === 0) {
      return;
    }
    const columns = await this.explorer.columns();
    for (const group of fresh) {
      const made = captionsOf(this.explorer.store, columns, group);
      if (made !== undefined) {
        this.known.set(group, made);
      }
    }
    this.explorer.surface.caption(new Map(this.known));
  }
}

const LETTER = 0.56; // width of a letter, as a share of its size
const SLACK = 4; // px

function covers(spot: PinSpot, x: number, y: number): boolean {
  const wide = spot.text.length * LETTER * spot.size;
  const left = spot.toLeft ? spot.x - wide : spot.x;
  return x >= left - SLACK && x <= left + wide + SLACK && Math.abs(y - spot.y) <= spot.size / 2 + SLACK;
}
