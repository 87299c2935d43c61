/**
 * `Layers`: what the page shows of the model, one explorer over the other. The lowest shows the whole model; one that
 * lies over it shows a part, laid out anew. Those below wait as they are, so that the way back is at once.
 */
import { publish } from "./api.ts";
import { Compared } from "./compare/compared.ts";
import { connect } from "./connect.ts";
import type { DataSource, HeadAnswer } from "./data/source.ts";
import { Explorer } from "./explorer.ts";
import { PANELS, SIDE_PANELS } from "./panels/all.ts";
import { Store } from "./scene/store.ts";
import { makeStage } from "./stage.ts";
import type { EmptyStage } from "./stage.ts";
import type { ThemeChoice } from "./state.ts";

export class Layers {
  private readonly stack: Explorer[] = [];
  private comparison: Promise<Compared> | undefined;

  constructor(private readonly host: HTMLElement, private readonly source: DataSource) {}

  /** Number of explorers; 1 where the whole model is shown. */
  get depth(): number {
    return this.stack.length;
  }

  get top(): Explorer | undefined {
    return this.stack[this.stack.length - 1];
  }

  /** What two models have otherwise: asked for once. */
  compared(source: DataSource): Promise<Compared> {
    this.comparison ??= source.comparison().then((buffer) => new Compared(buffer));
    return this.comparison;
  }

  /** Whether anything has been shown. */
  private seen = false;

  /** Show a chart over what is there. */
  enter(answer: HeadAnswer, stage: EmptyStage = makeStage(this.host)): Explorer {
    const below = this.top;
    const explorer = this.begin(answer, stage, below?.state.now.theme);
    this.stack.push(explorer);
    publish(explorer);
    document.documentElement.dataset["cutaway"] = "drawn";
    const furnish = (): void => PANELS.forEach((panel) => panel(explorer));
    if (this.seen) {
      furnish();
    } else {
      afterFrame(furnish); // the first picture waits for nothing
    }
    this.seen = true;
    if (below !== undefined) {
      hide(below, true);
      explorer.stage.drawing.focus({ preventScroll: true });
    }
    return explorer;
  }

  /** Show a chart beside others, in a part of the page that is not one of the layers. */
  aside(answer: HeadAnswer, host: HTMLElement, theme: ThemeChoice): Explorer {
    const explorer = this.begin(answer, makeStage(host), theme);
    for (const panel of SIDE_PANELS) {
      panel(explorer);
    }
    return explorer;
  }

  private begin({ head, text }: HeadAnswer, stage: EmptyStage, theme: ThemeChoice | undefined): Explorer {
    const store = new Store();
    store.merge(head);
    const explorer = new Explorer(head, this.source.of(head.chart), store, stage, this);
    if (theme !== undefined) {
      explorer.state.send({ kind: "theme", theme });
    }
    connect(explorer);
    explorer.surface.paintNow(explorer.eye.camera);
    explorer.surface.start([text]);
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
    this.comparison = undefined;
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

/** Run something as soon as what is there has been painted. */
function afterFrame(run: () => void): void {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      run();
    };
    channel.port2.postMessage(undefined);
  });
}

/** A layer that others lie over keeps its size, so that nothing moves when it is seen again. */
export function hide(explorer: Explorer, hidden: boolean): void {
  explorer.stage.root.inert = hidden;
  explorer.stage.root.style.visibility = hidden ? "hidden" : "";
}
