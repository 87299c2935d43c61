/** Fields that a query can compare: one row each. A fact of the model is a field too, by its own name. */

import type { Columns } from "../columns.ts";
import { compares } from "./attributes.ts";
import { type Compare, QueryError } from "./query.ts";
import { shapeHolds, type Value } from "./value.ts";
import { needle, TIER, tierIn } from "./words.ts";

export type Test = (index: number) => boolean;

/** Tests of a comparison; `group` is undefined where a group has no such field. */
export interface Tests {
  readonly node: Test;
  readonly group?: Test;
}

interface NumberField {
  readonly kind: "number";
  readonly about: string;
  node(columns: Columns): (node: number) => number;
  group?(columns: Columns): (group: number) => number;
}
interface TextField {
  readonly kind: "text";
  readonly about: string;
  tests(columns: Columns, fits: (text: string) => boolean, compare: Compare): Tests;
}
type Field = NumberField | TextField;

/** Elements of the largest output of a node; unknown dimensions count as 1. NaN where no output has a known shape. */
export function outputSize(columns: Columns): (node: number) => number {
  const sizes = columns.tensors.map(({ shape }) =>
    shape === null ? Number.NaN : shape.reduce<number>((product, dim) => product * (dim ?? 1), 1),
  );
  return (node) => {
    let most = Number.NaN;
    for (let at = columns.outputStart[node] as number; at < (columns.outputStart[node + 1] as number); at++) {
      const size = sizes[columns.outputCode[at] as number] as number;
      if (!(size <= most)) most = Number.isNaN(size) ? most : size;
    }
    return most;
  };
}

/** Depth of each group; that of the root is 0. */
export function groupDepths(columns: Columns): Uint16Array {
  const depth = new Uint16Array(columns.groups);
  for (let group = 1; group < columns.groups; group++) {
    depth[group] = (depth[columns.groupParents[group] as number] as number) + 1; // parents come first
  }
  return depth;
}

/** Marks the groups that fit, and all groups within them. */
function within(columns: Columns, fits: (group: number) => boolean): Uint8Array {
  const marks = new Uint8Array(columns.groups);
  for (let group = 0; group < columns.groups; group++) {
    const parent = columns.groupParents[group] as number;
    marks[group] = (parent >= 0 && marks[parent] === 1) || fits(group) ? 1 : 0;
  }
  return marks;
}

/** A test of nodes by a table that many of them share, such as that of tensors. */
function byCode(start: Uint32Array, codes: Int32Array, hits: readonly boolean[]): Test {
  return (node) => {
    for (let at = start[node] as number; at < (start[node + 1] as number); at++) {
      if (hits[codes[at] as number]) return true;
    }
    return false;
  };
}

const count = (start: Uint32Array) => (node: number): number =>
  (start[node + 1] as number) - (start[node] as number);

const number = (
  about: string,
  node: NumberField["node"],
  group?: NonNullable<NumberField["group"]>,
): NumberField => ({ kind: "number", about, node, ...(group === undefined ? {} : { group }) });
const text = (about: string, tests: TextField["tests"]): TextField => ({ kind: "text", about, tests });

const FIELDS: Readonly<Record<string, Field>> = {
  name: text("its name", (columns, fits, { comparator, value }) => {
    if (value.regex !== undefined) {
      const name = columns.nodeNames.reader();
      return { node: (node) => fits(name(node)), group: (group) => fits(columns.groupName(group)) };
    }
    const word = needle(value.text).bytes;
    const worst = comparator === ":" ? TIER.inside : TIER.exact;
    const { bytes, start } = columns.nodeNames;
    return {
      node: (node) =>
        tierIn(bytes, start[node] as number, start[node + 1] as number, word) <= worst !== (comparator === "!="),
      group: (group) => fits(columns.groupName(group)),
    };
  }),
  id: text("its whole path", (columns, fits) => {
    const id = columns.idReader();
    const groupId = columns.groupIds.reader();
    return { node: (node) => fits(id(node)), group: (group) => fits(groupId(group)) };
  }),
  op: text("its operation or class of layer", (columns, fits) => {
    const hits = columns.ops.map(fits);
    const groupHits = columns.groupOps.map((op) => op !== "" && fits(op));
    return {
      node: (node) => hits[columns.opCode[node] as number] as boolean,
      group: (group) => groupHits[columns.groupOp[group] ?? -1] ?? false,
    };
  }),
  in: text("a group around it", (columns, fits) => {
    const marks = within(columns, (group) => group > 0 && (fits(columns.groupName(group)) || fits(columns.groupId(group))));
    return { node: (node) => marks[columns.nodeGroup[node] as number] === 1 };
  }),
  kind: text("kind of a group: model, layer, wrapper, scope, function, block, stage", (columns, fits) => ({
    node: () => false,
    group: (group) => fits(columns.groupKind(group)),
  })),
  shape: text("shape of an output: 7x7x512, ?x10, (?,10)", (columns, _fits, { comparator, value }) => {
    const hits = columns.tensors.map(({ shape }) => shapeFits(shape, value, comparator === ":"));
    const test = byCode(columns.outputStart, columns.outputCode, hits);
    return { node: comparator === "!=" ? (node) => !test(node) : test };
  }),
  dtype: text("element type of an output", (columns, fits) => {
    const hits = columns.tensors.map(({ dtype }) => dtype !== null && fits(dtype));
    return { node: byCode(columns.outputStart, columns.outputCode, hits) };
  }),
  weight: text("name, shape or type of one of its weights", (columns, fits, { comparator, value }) => {
    const { kind, kinds, ids } = columns.weights;
    const ofKind = kinds.map(
      ({ name, shape, dtype }) =>
        fits(name) || fits(dtype) || (value.dims !== undefined && shapeFits(shape, value, comparator === ":")),
    );
    const id = ids.reader();
    const hits = Array.from(kind, (number, code) => (ofKind[number] as boolean) || fits(id(code)));
    return { node: byCode(columns.weightStart, columns.weightCode, hits) };
  }),
  params: number(
    "number of parameters",
    (columns) => (node) => columns.parameters[node] as number,
    (columns) => (group) => columns.groupParameters[group] as number,
  ),
  trainable: number(
    "number of parameters that training changes",
    (columns) => (node) => columns.trainable[node] as number,
    (columns) => (group) => columns.groupTrainable[group] as number,
  ),
  bytes: number(
    "bytes of its weights",
    (columns) => (node) => columns.weightBytes[node] as number,
    (columns) => (group) => columns.groupBytes[group] as number,
  ),
  size: number("elements of its largest output, at batch size 1", outputSize),
  rank: number("dimensions of its first output", (columns) => (node) =>
    columns.output(node)?.shape?.length ?? Number.NaN),
  inputs: number("number of inputs", (columns) => count(columns.inputStart)),
  outputs: number("number of outputs", (columns) => count(columns.outputStart)),
  weights: number("number of weights", (columns) => count(columns.weightStart)),
  depth: number(
    "groups around it",
    (columns) => {
      const depths = groupDepths(columns);
      return (node) => depths[columns.nodeGroup[node] as number] as number;
    },
    (columns) => {
      const depths = groupDepths(columns);
      return (group) => depths[group] as number;
    },
  ),
};

const ALIASES: Readonly<Record<string, string>> = {
  type: "op", layer: "op", path: "id", group: "in", parameters: "params", memory: "bytes", elements: "size",
}; // prettier-ignore

/** Fields with what they are, for the help. */
export const FIELD_HELP: readonly (readonly [string, string])[] = Object.entries(FIELDS).map(
  ([name, field]) => [name, field.about] as const,
);

/** Names that may stand before a colon. `device` is an attribute, but people write it so. */
export const FIELD_NAMES: ReadonlySet<string> = new Set([...Object.keys(FIELDS), ...Object.keys(ALIASES), "device"]);

function shapeFits(shape: readonly (number | null)[] | null, value: Value, part: boolean): boolean {
  return value.dims !== undefined && shapeHolds(shape, value.dims, value.whole || !part);
}

/** How the text of a field is compared, without regard to case. */
function textFits({ comparator, value }: Compare): (text: string) => boolean {
  const { regex } = value;
  if (regex !== undefined) return (text) => regex.test(text) !== (comparator === "!=");
  const wanted = value.text.toLowerCase();
  if (comparator === ":") return (text) => text.toLowerCase().includes(wanted);
  return (text) => (text.toLowerCase() === wanted) !== (comparator === "!=");
}

/**
 * Tests for a comparison, or undefined where no field has that name (then it is an attribute).
 *
 * @throws QueryError where the field cannot be compared so.
 */
export function fieldTests(columns: Columns, compare: Compare): Tests | undefined {
  const wanted = compare.field.toLowerCase();
  const field = FIELDS[ALIASES[wanted] ?? wanted] ?? factField(columns, wanted);
  if (field === undefined) return undefined;
  const { comparator, value, at } = compare;
  if (field.kind === "text") {
    if (comparator.startsWith("<") || comparator.startsWith(">")) {
      throw new QueryError(`${compare.field} is text: compare it with : or = or !=`, at);
    }
    if (wanted === "shape" && value.dims === undefined) {
      throw new QueryError(`Expected dimensions after ${compare.field}${comparator}, such as 7x7x512 or ?x10`, at);
    }
    return field.tests(columns, textFits(compare), compare);
  }
  if (Number.isNaN(value.number)) {
    throw new QueryError(`Expected a number after ${compare.field}${comparator}, such as 256 or 1.5M`, at);
  }
  const ofNode = field.node(columns);
  const ofGroup = field.group?.(columns);
  return {
    node: (node) => compares(ofNode(node), comparator, value.number),
    ...(ofGroup === undefined ? {} : { group: (group: number) => compares(ofGroup(group), comparator, value.number) }),
  };
}

function factField(columns: Columns, name: string): Field | undefined {
  for (const [fact, values] of columns.facts) {
    if (fact.toLowerCase() === name) return number(fact, () => (node) => values[node] ?? Number.NaN);
  }
  return undefined;
}
