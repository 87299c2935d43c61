/** `Sides`: the old and the new model side by side; camera, selection and pointer of one lead those of the other. */
import { publish } from "../api.ts";
import { between } from "../camera/camera.ts";
import { applyTheme } from "../connect.ts";
import type { Compare } from "../contract.ts";
import { make } from "../dom.ts";
import type { Explorer } from "../explorer.ts";
import { hide } from "../layers.ts";
import { Colourer } from "../panels/colouring.ts";
import type { Place } from "../state.ts";
import { themeOf } from "../state.ts";
import { NOWHERE } from "./compared.ts";
import type { ChangeRow, Compared } from "./compared.ts";
import { changesOf } from "./looks.ts";
import { followed, holdOf } from "./step.ts";

type Name = "old" | "new";
const OTHER = { old: "new", new: "old" } as const;
const SETTLE = 110; // ms in which the other drawing slides to where it belongs, when something else holds them together
const STILL = 0.4; // px
const OF_NEW = "overlay:";

export class Sides {
  readonly root: HTMLElement;
  readonly head = make("header", { class: "top" });
  readonly aside = make("aside", { class: "side left" });
  private leader: Name = "new";
  private held: number | undefined;
  private due = false;
  private slide: { x: number; y: number; begun: number } | undefined;
  private readonly chosen: ((row: number | undefined) => void)[] = [];

  private constructor(
    private readonly below: Explorer, private readonly compared: Compared,
    private readonly both: Readonly<Record<Name, Explorer>>, root: HTMLElement,
  ) {
    this.root = root;
    const halves = root.querySelector(".halves") as HTMLElement;
    root.prepend(this.head);
    halves.prepend(this.aside);
    for (const name of ["old", "new"] as const) {
      this.join(name);
    }
    below.ended.addEventListener("abort", () => this.close());
    hide(below, true);
    this.lead("new");
  }

  /** Open both drawings over the one that shows both models as one. */
  static async open(below: Explorer, compared: Compared, compare: Compare): Promise<Sides> {
    const [, old, fresh] = compare.charts;
    const [left, right] = await Promise.all([old, fresh].map((chart) => below.source.of(chart ?? 0).head()));
    const { theme } = below.state.now;
    const halves = { old: make("div", { class: "half old" }), new: make("div", { class: "half new" }) };
    const root = make("div", { class: "layer pair" }, [make("div", { class: "halves" }, [halves.old, halves.new])]);
    applyTheme(root, below.head, themeOf(below.state.now, below.head.theme));
    below.stage.root.after(root);
    const both = {
      old: below.layers.aside(left!, halves.old, theme),
      new: below.layers.aside(right!, halves.new, theme),
    };
    for (const name of ["old", "new"] as const) {
      const [word, format] = [name === "old" ? "Old" : "New", compare.formats[name === "old" ? 0 : 1] ?? ""];
      both[name].slots.path.before(make("span", { class: "side-name", text: word, title: format }));
      both[name].state.send({ kind: "changes", changes: changesOf(compare, compared.states(name)) });
      colourAlike(both[name], name, below.state.now.colouredBy);
    }
    return new Sides(below, compared, both, root);
  }

  get explorers(): readonly Explorer[] {
    return Object.values(this.both);
  }

  /** Called with the change that is selected. */
  onChosen(run: (row: number | undefined) => void): void {
    this.chosen.push(run);
  }

  /** Fly to a change, in both drawings. */
  async flyTo(row: ChangeRow): Promise<void> {
    const name = row.new === NOWHERE ? "old" : "new";
    this.lead(name);
    await this.both[name].flyTo(row[name]);
  }

  home(): void {
    for (const explorer of Object.values(this.both)) {
      void explorer.eye.fly(explorer.home());
    }
  }

  /** Show both whole, in the room that there is now. */
  fit(): void {
    for (const explorer of Object.values(this.both)) {
      explorer.resized();
      explorer.eye.jump(explorer.home());
    }
  }

  turnTheme(): void {
    const { state, head } = this.both.new;
    const theme = themeOf(state.now, head.theme) === "dark" ? "light" : "dark";
    for (const explorer of [this.below, ...Object.values(this.both)]) {
      explorer.state.send({ kind: "theme", theme });
    }
    applyTheme(this.root, head, theme);
  }

  /** Go back to the drawing of both as one. */
  close(): void {
    if (!this.root.isConnected) {
      return;
    }
    for (const explorer of Object.values(this.both)) {
      explorer.closed();
    }
    this.root.remove();
    hide(this.below, false);
    if (!this.below.ended.aborted) {
      publish(this.below);
      this.below.stage.drawing.focus({ preventScroll: true });
    }
  }

  private join(name: Name): void {
    const explorer = this.both[name];
    const lead = (): void => this.lead(name);
    for (const event of ["pointerdown", "wheel", "focusin"]) {
      explorer.stage.root.addEventListener(event, lead, { capture: true, passive: true });
    }
    explorer.stage.drawing.addEventListener("pointermove", (event) => {
      if (event.buttons === 0) {
        this.lead(name);
      }
    }, { capture: true });
    explorer.onMove(() => this.follow(name));
    explorer.onRest(() => this.follow(name));
    explorer.state.listen((now, before) => {
      if (this.leader !== name) {
        return;
      }
      if (now.selection !== before.selection) {
        void this.pass(name, "select", now.selection);
        this.tell(name, now.selection);
      }
      if (now.hover !== before.hover) {
        void this.pass(name, "hover", now.hover);
      }
    });
  }

  private lead(name: Name): void {
    this.both[name].attends = true;
    this.both[OTHER[name]].attends = false;
    if (this.leader === name && this.both[name].stage.root.classList.contains("leads")) {
      return;
    }
    this.leader = name;
    this.held = undefined;
    for (const each of ["old", "new"] as const) {
      this.both[each].stage.root.classList.toggle("leads", each === name);
    }
    publish(this.both[name], this.both);
  }

  private tell(name: Name, place: Place | undefined): void {
    const row = place && this.compared.rowOf(name, place.item);
    for (const run of this.chosen) {
      run(row);
    }
  }

  /** Where the partner of an item lies in the other drawing, of what has arrived there. */
  private partnerOf(name: Name, item: number): Place | undefined {
    const partner = this.compared.partner(name, item, OTHER[name]);
    return partner === undefined ? undefined : this.both[OTHER[name]].names.loaded(partner);
  }

  private async pass(name: Name, kind: "select" | "hover", place: Place | undefined): Promise<void> {
    const other = this.both[OTHER[name]];
    const partner = place && this.compared.partner(name, place.item, OTHER[name]);
    const there = partner === undefined ? undefined : await other.locate(partner);
    const { selection, hover } = this.both[name].state.now;
    if (place === (kind === "select" ? selection : hover)) { // and not gone on meanwhile
      other.state.send({ kind, place: there });
    }
  }

  /** Bring the other camera to where this one looks. */
  private follow(name: Name): void {
    if (this.leader !== name) {
      return;
    }
    const [own, other] = [this.both[name], this.both[OTHER[name]]];
    if (own.showsAll()) {
      this.held = undefined;
      other.eye.jump(other.home());
      return;
    }
    const view = { store: own.store, camera: own.eye.camera, viewport: own.eye.viewport };
    const there = { store: other.store, camera: other.eye.camera, viewport: other.eye.viewport };
    const hold = holdOf(view, (item) => this.partnerOf(name, item), this.held);
    const target = hold && followed(view, there, hold);
    if (hold === undefined || target === undefined) {
      return;
    }
    const now = performance.now();
    if (hold.seen.item !== this.held) {
      const shift = between(other.store, target, other.eye.camera, other.eye.viewport);
      const far = Math.abs(Math.log(shift.scale)) > 0.05 || this.held === undefined;
      this.slide = far ? undefined : { x: shift.x, y: shift.y, begun: now };
      this.held = hold.seen.item;
    }
    const left = this.slide === undefined ? 0 : Math.exp((this.slide.begun - now) / SETTLE);
    const [dx, dy] = [(this.slide?.x ?? 0) * left, (this.slide?.y ?? 0) * left];
    other.eye.jump({ ...target, x: target.x - dx / target.k, y: target.y - dy / target.k });
    if (Math.hypot(dx, dy) > STILL && !this.due) {
      this.due = true;
      requestAnimationFrame(() => {
        this.due = false;
        this.follow(this.leader);
      });
    }
  }
}

/** Colour one side as both are in one drawing; a table of the caller's is about the new model alone. */
function colourAlike(explorer: Explorer, name: Name, by: string): void {
  if (by !== "" && (name === "new" || !by.startsWith(OF_NEW))) {
    explorer.state.send({ kind: "colour", colouring: undefined, by });
    new Colourer(explorer);
  }
}
