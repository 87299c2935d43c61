/** What belongs together by its name: the parts of one training, and the curves of one metric. */

const PARTS = new Set(["train", "training", "validation", "val", "valid", "test", "eval", "evaluation", "dev"]);

export interface RunName {
  /** The training that a run is a part of: its folder without `train` or `validation`. */
  readonly training: string;
  /** That last part; empty where there is none. */
  readonly part: string;
}

/** A run's name, which is a path, taken apart. */
export function runName(name: string): RunName {
  const at = name.lastIndexOf("/");
  const last = name.slice(at + 1);
  if (!PARTS.has(last.toLowerCase())) return { training: name, part: "" };
  return { training: at < 0 ? "." : name.slice(0, at), part: last };
}

export interface TagName {
  /** What is measured, without for which data: one chart. */
  readonly metric: string;
  /** For which data, as `val`; empty where the tag does not say. */
  readonly part: string;
  /** The charts that it stands with. */
  readonly group: string;
}

/** A tag taken apart: `val_loss` and `loss`, `Loss/train` and `Loss/val` are one metric each. */
export function tagName(tag: string): TagName {
  let part = "";
  const pieces = tag.split("/").map((piece) => {
    const found = /^(epoch_|batch_)?(val|valid|validation|train|training|test|eval)_(.+)$/i.exec(piece);
    if (found === null) return piece;
    part ||= (found[2] as string).toLowerCase();
    return `${found[1] ?? ""}${found[3] as string}`;
  });
  const kept = pieces.filter((piece, at) => {
    const drop = pieces.length > 1 && PARTS.has(piece.toLowerCase()) && (at === 0 || at === pieces.length - 1);
    if (drop) part ||= piece.toLowerCase();
    return !drop;
  });
  const metric = (kept.length > 0 ? kept : pieces).join("/");
  const slash = metric.indexOf("/");
  return { metric, part, group: slash > 0 ? metric.slice(0, slash) : prefixOf(metric) };
}

function prefixOf(metric: string): string {
  const found = /^(epoch|batch|evaluation)_/.exec(metric);
  return found === null ? "metrics" : (found[1] as string);
}

/** Whether a part of the data is one that is not trained on: drawn with dashes. */
export function isHeldOut(part: string): boolean {
  return part !== "" && !part.toLowerCase().startsWith("train");
}

/** A test for a filter: a regular expression where it is one, else the text itself, in any case of letters. */
export function matcher(filter: string): (text: string) => boolean {
  if (filter === "") return () => true;
  try {
    const pattern = new RegExp(filter, "i");
    return (text) => pattern.test(text);
  } catch {
    const low = filter.toLowerCase();
    return (text) => text.toLowerCase().includes(low);
  }
}

export function isPattern(filter: string): boolean {
  try {
    return new RegExp(filter, "i") !== undefined;
  } catch {
    return false;
  }
}

const KINDS = ["weights", "activations", "gradients", "updates"] as const;
const PHASES = ["step", "forward", "backward", "update"] as const; // of the time of a layer
const RECORDED = new RegExp(`^(?:(?:([a-z_]+)/)?(${KINDS.join("|")})|(seconds)/(${PHASES.join("|")}))/(.+?)(#\\d+)?$`);

/** What Keras' callback for TensorBoard logs of a weight; a second model in one run gets a number behind it. */
const OF_KERAS = /^(.+\/.+)\/histogram(?:_\d+)?$/;

/** What was logged of a part of the model: `norm/gradients/dense/kernel` of `cutaway.Recorder`, `dense/kernel/histogram` of Keras. */
export interface Recorded {
  /** A statistic; empty for the distribution itself; `seconds` for times. */
  readonly statistic: string;
  readonly kind: (typeof KINDS)[number] | (typeof PHASES)[number];
  /** The id of a layer, a group or a weight in the recorded graph. */
  readonly id: string;
}

/** A tag of a part of the model taken apart; undefined where it is none. */
export function recorded(tag: string): Recorded | undefined {
  const found = RECORDED.exec(tag);
  if (found === null) {
    const weight = OF_KERAS.exec(tag)?.[1];
    return weight === undefined ? undefined : { statistic: "", kind: "weights", id: weight };
  }
  return { statistic: found[1] ?? found[3] ?? "", kind: (found[2] ?? found[4]) as Recorded["kind"], id: found[5] as string };
}

/** What a distribution is of: a kind, and the layer. */
export function layerTag(tag: string): { readonly kind: string; readonly layer: string } {
  const known = recorded(tag);
  const parts = (known?.id ?? tag).split("/");
  if (parts.length > 1 && known?.kind !== "activations") parts.pop();
  return { kind: known?.kind ?? "", layer: parts.join("/") };
}

/** Whether a group of charts is folded unless the user opens it: the statistics of layers, which the model shows. */
export function isFoldedUnasked(tag: string): boolean {
  return (recorded(tag)?.statistic ?? "") !== "";
}
