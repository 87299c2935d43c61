/** Where the page's data come from: one interface, and one module for each way to get them. */
import type {
  Attribute, Drawn, Figure, Findings, GroupDetails, Head, NodeDetails, Problem, Progress, Slice,
} from "../contract.ts";
import type { ComparedWeights, WeightHistogram, WeightStats } from "../weights_contract.ts";
import type { InsideNode } from "../inside_contract.ts";

/** A slice, and the text that it was: the painting worker parses that for itself. */
export interface SliceAnswer {
  readonly slice: Slice;
  readonly text: string;
}

export interface HeadAnswer {
  readonly head: Head;
  readonly text: string;
}

/** What went wrong, in words for the user. */
export class DataError extends Error {
  constructor(message: string, readonly kind = "") {
    super(message);
  }

  static of(problem: Partial<Problem>, otherwise: string): DataError {
    return new DataError(problem.error ?? otherwise, problem.kind ?? "");
  }
}

/** Every answer that the page may ask for. What a source cannot give is undefined. */
export interface DataSource {
  head(): Promise<HeadAnswer>;
  parts(chart: number, groups: readonly number[]): Promise<SliceAnswer>;
  columns(): Promise<ArrayBufferLike>;
  /** What two models have otherwise, where two are compared. */
  comparison(): Promise<ArrayBuffer>;
  attributes(): Promise<ArrayBufferLike>;
  /** What the checks say about the model. */
  findings(): Promise<Findings>;
  /** A chart of a group; of one around it, where the source has no other. `width` is in px, as far as it can be chosen. */
  figure(name: string, group: number, width: number): Promise<Figure>;
  /** The same for another chart: its nodes and groups have other numbers. */
  of(chart: number): DataSource;
  /** Details for the inspector; a source without a server makes them from the columns. */
  readonly live: LiveSource | undefined;
}

/** What needs Python while the page is open. */
export interface LiveSource {
  node(index: number): Promise<NodeDetails>;
  group(index: number): Promise<GroupDetails>;
  weightStats(code: number): Promise<WeightStats>;
  weightHistogram(code: number, bins: number): Promise<WeightHistogram>;
  weightSlice(query: string): Promise<ArrayBuffer>;
  /** The weights of a layer that both of two models have: an item of the chart of both. */
  comparedWeights(item: number): Promise<ComparedWeights>;
  /** What layers made of the inputs on which the model was run. */
  readonly inside: InsideSource;
  /** Make a link save the answer as a file of that name. */
  offer(link: HTMLAnchorElement, path: string, query: Readonly<Record<string, string | number>>, name: string): void;
  /** What `cutaway plot` draws of the model, with what is marked on the page. */
  picture(query: Readonly<Record<string, string | number>>, marks: Drawn): Promise<ArrayBuffer>;
  /** A new chart of a part of the model. */
  focus(part: { readonly nodes?: readonly number[]; readonly group?: number }): Promise<HeadAnswer>;
  /** Called with every event of the server; returns what ends it. */
  listen(heard: (event: ServerEvent) => void): () => void;
}

/** Outputs of layers, by their codes. */
export interface InsideSource {
  node(index: number): Promise<InsideNode>;
  stats(code: number): Promise<WeightStats>;
  histogram(code: number, bins: number): Promise<WeightHistogram>;
  slice(code: number, rows: number, columns: number, at: readonly number[]): Promise<ArrayBuffer>;
  maps(code: number, axes: readonly number[], at: readonly number[], first: number, count: number): Promise<ArrayBuffer>;
}

export type ServerEvent =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "changed" }
  /** Nobody answers any more. */
  | { readonly kind: "ended" };

export type { Attribute };
