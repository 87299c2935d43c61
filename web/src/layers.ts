/**
 * `Layers`: what the page shows of the model, one explorer over the other. The lowest shows the whole model; one that
 * lies over it shows a part, laid out anew. Those below wait as they are, so that the way back is at once.
 */
import { publish } from "./api.ts";
import { connect } from "./connect.ts";
import type { DataSource, HeadAnswer } from "./data/source.ts";
import { Explorer } from "./explorer.ts";
import { PANELS } from "./panels/all.ts";
import { Store } from "./scene/store.ts";
import { makeStage } from "./stage.ts";
import type { EmptyStage } from "./stage.ts";

export class Layers {
  private readonly stack: Explorer[] = [];

  constructor(private readonly host: HTMLElement, private readonly source: DataSource) {}

  /** Number of explorers; 1 where the whole model is shown. */
  get depth(): number {
    return this.stack.length;
  }

  get top(): Explorer | undefined {
    return this.stack[this.stack.length - 1];
  }

  /** Show a chart over what is there. */
  enter({ head, text }: HeadAnswer, stage: EmptyStage = makeStage(this.host)): Explorer {
    const below = this.top;
    const store = new Store();
    store.merge(head);
    const explorer = new Explorer(head, this.source.of(head.chart), store, stage, this);
    this.stack.push(explorer);
    if (below !== undefined) {
      explorer.state.send({ kind: "theme", theme: below.state.now.theme });
    }
    connect(explorer);
    explorer.surface.paintNow(explorer.eye.camera);
    publish(explorer);
    document.documentElement.dataset["cutaway"] = "drawn";
    explorer.surface.start([text]);
    for (const panel of PANELS) {
      panel(explorer);
    }
    if (below !== undefined) {
      hide(below, true);
      explorer.stage.drawing.focus({ preventScroll: true });
    }
    return explorer;
  }

  /** Close the highest layer and show what lies below; the lowest stays. */
  leave(): void {
    if (this.stack.length < 2) {
      return;
    }
    const { theme } = (this.stack.pop() as Explorer).closed().state.now;
    const below = this.top as Explorer;
    hide(below, false);
    below.state.send({ kind: "theme", theme });
    publish(below);
    below.stage.drawing.focus({ preventScroll: true });
  }

  /** Show another chart of the whole model in the place of all that is there, with the same panels. */
  replace(answer: HeadAnswer): Explorer {
    const { theme, shown } = (this.stack[0] as Explorer).state.now;
    const old = this.stack.splice(0);
    const explorer = this.enter(answer);
    explorer.state.send({ kind: "theme", theme });
    for (const panel of shown) {
      explorer.state.send({ kind: "show", panel, shown: true });
    }
    for (const layer of old) {
      layer.closed();
    }
    return explorer;
  }
}

/** A layer that others lie over keeps its size, so that nothing moves when it is seen again. */
function hide(explorer: Explorer, hidden: boolean): void {
  explorer.stage.root.inert = hidden;
  explorer.stage.root.style.visibility = hidden ? "hidden" : "";
}
