/** `Desk`: all that a panel may use. A panel takes it, makes its elements, and returns nothing. */
import type { Eye } from "./camera/eye.ts";
import type { Columns } from "./columns.ts";
import type { Compared } from "./compare/compared.ts";
import type { Head } from "./contract.ts";
import type { DataSource } from "./data/source.ts";
import type { Keys } from "./input/keys.ts";
import type { Store } from "./scene/store.ts";
import type { Place, StateHolder } from "./state.ts";

/** Where panels put themselves. */
export interface Slots {
  /** Left and right columns, over the drawing's edge. */
  readonly left: HTMLElement;
  readonly right: HTMLElement;
  /** A strip along the top: the path at its start, buttons at its end. */
  readonly path: HTMLElement;
  readonly tools: HTMLElement;
  /** The corner of the small map, and the strip along the bottom. */
  readonly corner: HTMLElement;
  readonly bottom: HTMLElement;
  /** The upper left corner of the drawing: search. */
  readonly find: HTMLElement;
  /** Above everything: help. */
  readonly over: HTMLElement;
}

export interface Desk {
  readonly head: Head;
  readonly source: DataSource;
  readonly store: Store;
  readonly eye: Eye;
  readonly state: StateHolder;
  readonly slots: Slots;
  readonly keys: Keys;
  /** The columns of the whole model; asked for once, when first wanted. */
  columns(): Promise<Columns>;
  /** What two models have otherwise; undefined where one is shown alone. Asked for once. */
  compared(): Promise<Compared> | undefined;
  /** The columns where they are there already. */
  readonly known: Columns | undefined;
  /** Where a node (its index) or a group (~index) lies; its parts are fetched where needed. */
  locate(item: number): Promise<Place | undefined>;
  /** Select it, and fly to it; false where there is no such thing. */
  flyTo(item: number, options?: { readonly select?: boolean }): Promise<boolean>;
  /** Name of a node or group, as far as it is known. */
  nameOf(item: number): string;
  /** Id of a node or group as other programs know it; empty where it is not known yet. */
  idOf(item: number): string;
  /** Aborted when this layer of the page is closed. */
  readonly ended: AbortSignal;
  /** Called whenever the camera has come to rest. */
  onRest(run: () => void): void;
}

export type Panel = (desk: Desk) => void;
