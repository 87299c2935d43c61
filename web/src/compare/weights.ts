/** The weights of a layer that two models have: numbers about the values of each, and how far they are apart. */
import type { ComparedWeight, WeightSummary } from "../weights_contract.ts";
import { DataError } from "../data/source.ts";
import type { Desk } from "../desk.ts";
import { make } from "../dom.ts";
import { shapeText, short } from "../words.ts";

const DIGITS = 4;
const NUMBERS = [["mean", "mean"], ["std", "deviation"], ["min", "least"], ["max", "greatest"]] as const;

/** A part of the inspector that fills itself; it stays hidden where no values can be compared. */
export function weightsPart(desk: Desk, item: number): Node[] {
  const { live } = desk.source;
  if (live === undefined || desk.head.compare?.side !== "both") {
    return [];
  }
  const part = make("section", { class: "part change-weights" });
  part.hidden = true;
  void live.comparedWeights(item).then(
    ({ weights, left_out: more }) => {
      const known = weights.filter((weight) => weight.old !== null && weight.new !== null);
      part.hidden = known.length === 0;
      part.append(make("h3", { text: "Values of its weights" }), ...known.map(weightTable));
      if (more > 0) {
        part.append(make("p", { class: "change-fused", text: `and ${more} more weights` }));
      }
    },
    (error: unknown) => {
      if (!(error instanceof DataError)) { // it is in one model alone, or the values lie in no file
        throw error;
      }
    },
  );
  return [part];
}

function weightTable(weight: ComparedWeight): HTMLElement {
  const [old, fresh] = [weight.old as WeightSummary, weight.new as WeightSummary];
  const shapes = shapeText(old.shape) === shapeText(fresh.shape) ? [shapeText(fresh.shape)] : [shapeText(old.shape), shapeText(fresh.shape)];
  const head = make("thead", {}, [make("tr", {}, [
    make("th", { text: `${weight.name} ${shapes.join(" → ")}`, set: { scope: "col" } }),
    make("th", { text: "old", set: { scope: "col" } }), make("th", { text: "new", set: { scope: "col" } }),
  ])]);
  const lines = weight.different === 0 ? [] : [
    ...NUMBERS.map(([key, name]) => [name, numberText(old[key]), numberText(fresh[key])] as const),
    ...(old.nan + fresh.nan > 0 ? [["NaN", short(old.nan), short(fresh.nan)] as const] : []),
  ];
  const rows = lines.map(([name, before, after]) => make("tr", {}, [
    make("th", { text: name, set: { scope: "row" } }), make("td", { text: before }), make("td", { text: after }),
  ]));
  const last = make("tr", { class: "change-largest" }, [
    make("th", { text: "largest change", set: { scope: "row" } }), make("td", { text: gapText(weight), set: { colspan: "2" } }),
  ]);
  return make("table", { class: "change-table" }, [head, make("tbody", {}, [...rows, last])]);
}

/** How far the values are apart. */
export function gapText({ different, largest, count }: Pick<ComparedWeight, "different" | "largest" | "count">): string {
  if (different === null) {
    return "cannot be told value by value";
  }
  if (different === 0) {
    return "none: all the same";
  }
  const gap = largest === null ? "not finite in one of them" : numberText(largest);
  return `${gap} (${short(different)} of ${short(count)} differ)`;
}

function numberText(value: number | null): string {
  return value === null ? "none" : String(Number(value.toPrecision(DIGITS)));
}
