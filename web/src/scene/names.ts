/** `Names`: what things are called and where they lie, from what has arrived. */
import type { Columns } from "../columns.ts";
import type { Place } from "../state.ts";
import type { Store } from "./store.ts";

export class Names {
  constructor(private readonly store: Store, private readonly columns: () => Columns | undefined) {}

  /** The place of an item whose part has arrived. */
  loaded(item: number): Place | undefined {
    if (item < 0) {
      const part = this.store.parts.get(~item);
      if (part !== undefined) {
        return part.parent < 0 ? undefined : { item, group: part.parent, position: part.box };
      }
      const parent = this.columns()?.groupParents[~item];
      return parent === undefined ? undefined : this.childOf(parent, item);
    }
    const group = this.columns()?.nodeGroup[item];
    if (group !== undefined) {
      return this.childOf(group, item);
    }
    for (const candidate of this.store.parts.keys()) {
      const found = this.childOf(candidate, item);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** The group that holds an item; undefined where there is no such item. */
  groupAround(item: number, columns: Columns): number | undefined {
    const found = item < 0 ? columns.groupParents[~item] : columns.nodeGroup[item];
    return found === undefined || found < 0 ? undefined : found;
  }

  nameOf(item: number): string {
    const columns = this.columns();
    if (item < 0) {
      return this.store.parts.get(~item)?.name ?? columns?.groupName(~item) ?? this.title(item);
    }
    return columns?.name(item) ?? this.title(item);
  }

  idOf(item: number): string | undefined {
    const columns = this.columns();
    return item < 0 ? columns?.groupId(~item) : columns?.id(item);
  }

  /** The words in its box. */
  private title(item: number): string {
    const place = this.loaded(item);
    const lines = place && this.store.lookOf(place.group)?.lines[place.position];
    return lines?.join(" ") ?? "";
  }

  private childOf(group: number, item: number): Place | undefined {
    const position = this.store.parts.get(group)?.children.indexOf(item) ?? -1;
    return position < 0 ? undefined : { item, group, position };
  }
}
