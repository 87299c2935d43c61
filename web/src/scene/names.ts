/** `Names`: what things are called and where they lie, from what has arrived. */
import type { Columns } from "../columns.ts";
import type { Place } from "../state.ts";
import { placeOfGroup } from "../input/steps.ts";
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
    }
    const columns = this.columns();
    const around = columns === undefined ? undefined : this.groupAround(item, columns);
    if (columns !== undefined) {
      return around === undefined ? undefined : this.childOf(around, item);
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
    if (columns !== undefined) {
      return item < 0 ? columns.groupId(~item) : columns.id(item);
    }
    const place = this.loaded(item);
    return place && this.idAt(place);
  }

  /** The id of what lies at a place, from the parts alone. */
  idAt(place: Place): string | undefined {
    const found = this.store.parts.get(place.group)?.ids[place.position];
    if (found === undefined || !found.startsWith("/")) {
      return found;
    }
    const own = placeOfGroup(this.store, place.group);
    return (own === undefined ? "" : (this.idAt(own) ?? "")) + found;
  }

  /** The item with an id, among what has arrived. */
  loadedById(id: string): number | undefined {
    for (const [group, part] of this.store.parts) {
      for (let position = 0; position < part.children.length; position++) {
        const item = part.children[position] as number;
        const own = part.ids[position];
        if (own !== undefined && id.endsWith(own) && this.idAt({ item, group, position }) === id) {
          return item;
        }
      }
    }
    return undefined;
  }

  /** The item with an id: a node before a group; undefined where there is none. */
  byId(id: string, columns: Columns): number | undefined {
    const node = columns.nodeById(id);
    if (node >= 0) {
      return node;
    }
    const group = columns.groupById(id);
    return group < 0 ? undefined : ~group;
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
