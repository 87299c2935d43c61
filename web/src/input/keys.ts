/** Shortcuts: one table, which the help lists. */

export interface Shortcut {
  /** As in `KeyboardEvent.key`; several are written with spaces between them. */
  readonly key: string;
  readonly says: string;
  readonly run: (event: KeyboardEvent) => void;
  /** Whether it needs the shift key, or must not have it; undefined for either. */
  readonly shift?: boolean;
  /** Whether it also works where somebody writes. */
  readonly whileWriting?: boolean;
  /** Whether it works only while the drawing has the focus. */
  readonly onDrawing?: boolean;
  /** Whether it means anything just now. */
  readonly applies?: () => boolean;
}

export class Keys {
  private readonly table: Shortcut[] = [];

  /** `drawing` is what `onDrawing` asks for. */
  constructor(private readonly drawing: HTMLElement) {}

  get all(): readonly Shortcut[] {
    return this.table;
  }

  add(...shortcuts: readonly Shortcut[]): void {
    this.table.push(...shortcuts);
  }

  /** Run what a key means; whether it meant anything. */
  handle(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
      return false;
    }
    if (event.target instanceof Element && event.target.closest("dialog") !== null) {
      return false; // a dialog has keys of its own
    }
    const writes = isWriting(event.target);
    const elsewhere = event.target instanceof HTMLElement && !writes &&
      event.target !== document.body && !this.drawing.contains(event.target);
    for (const shortcut of this.table) {
      if (!keysOf(shortcut).includes(event.key) || (writes && !shortcut.whileWriting)) {
        continue;
      }
      if ((shortcut.shift !== undefined && shortcut.shift !== event.shiftKey) || (shortcut.onDrawing && elsewhere)) {
        continue;
      }
      if (shortcut.applies?.() === false) {
        continue;
      }
      event.preventDefault();
      shortcut.run(event);
      return true;
    }
    return false;
  }
}

/** The keys of a shortcut, one by one. */
export function keysOf(shortcut: Shortcut): string[] {
  return shortcut.key === " " ? [" "] : shortcut.key.split(" ");
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
