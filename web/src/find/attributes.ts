/** Conditions on attributes: looked up once per distinct mapping, however many nodes have it. */

import type { Attributes } from "../columns.ts";
import type { Comparator } from "./query.ts";
import { shapeHolds, type Value } from "./value.ts";

const DEEPEST = 6; // configurations nest layers in layers; what is deeper belongs to somebody else

/** The value of an attribute: at the top (`_x` for `x` too), at a dotted path, or else the first further inside. */
export function attributeValue(mapping: Readonly<Record<string, unknown>>, name: string): unknown {
  const wanted = name.toLowerCase();
  let here: unknown = mapping;
  for (const part of wanted.split(".")) here = childOf(here, part);
  if (here !== undefined || wanted.includes(".")) return here;
  return childOf(mapping, `_${wanted}`) ?? within(mapping, wanted, DEEPEST);
}

function childOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  for (const [key, found] of Object.entries(value)) if (key.toLowerCase() === name) return found;
  return undefined;
}

function within(value: unknown, name: string, depth: number): unknown {
  if (depth === 0 || typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  for (const inner of Object.values(value)) {
    const found = childOf(inner, name) ?? within(inner, name, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A configured object is told by its class, as in `activation: {"class_name": "relu", …}`. */
function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  const named = childOf(value, "class_name") ?? childOf(value, "registered_name") ?? childOf(value, "name");
  return typeof named === "string" ? named : JSON.stringify(value) ?? "";
}

const TRUE = new Set(["true", "yes"]);
const FALSE = new Set(["false", "no"]);

/** Whether the value of an attribute fits a comparison; of a list each element may fit (all of them for `=`). */
export function fits(found: unknown, comparator: Comparator, value: Value): boolean {
  if (found === undefined) return false;
  if (comparator === "!=") return !fits(found, "=", value);
  if (comparator === ":" || comparator === "=") return equals(found, comparator, value);
  if (Array.isArray(found)) return found.some((element) => fits(element, comparator, value));
  return typeof found === "number" && compares(found, comparator, value.number);
}

function equals(found: unknown, comparator: ":" | "=", value: Value): boolean {
  if (value.regex !== undefined) return value.regex.test(plainText(found));
  if (typeof found === "boolean") return (found ? TRUE : FALSE).has(value.text.toLowerCase());
  if (found === null) return ["none", "null"].includes(value.text.toLowerCase());
  if (typeof found === "number") return found === value.number;
  if (Array.isArray(found)) {
    const numbers = found.every((element) => element === null || typeof element === "number");
    if (numbers && value.dims !== undefined && (value.dims.length > 1 || value.whole)) {
      return shapeHolds(found as (number | null)[], value.dims, value.whole || comparator === "=");
    }
    return comparator === "="
      ? found.length > 0 && found.every((element) => equals(element, "=", value))
      : found.some((element) => equals(element, ":", value));
  }
  const text = plainText(found).toLowerCase();
  return comparator === "=" ? text === value.text.toLowerCase() : text.includes(value.text.toLowerCase());
}

/** Whether two numbers compare so; never where one of them is unknown. */
export function compares(left: number, comparator: Comparator, right: number): boolean {
  switch (comparator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "!=":
      return left !== right && !Number.isNaN(left);
    default:
      return left === right;
  }
}

/** A test of nodes by their attributes: each distinct mapping is tested once, when a node with it comes by. */
export function attributeTest(
  attributes: Attributes,
  test: (mapping: Readonly<Record<string, unknown>>) => boolean,
): (node: number) => boolean {
  const known = new Uint8Array(attributes.texts.length); // 0 not tested, 1 no, 2 yes
  return (node) => {
    const code = attributes.code[node] ?? -1;
    if (code < 0 || code >= known.length) return false;
    if (known[code] === 0) known[code] = test(attributes.mapping(code)) ? 2 : 1;
    return known[code] === 2;
  };
}

/** Whether a word stands in a value (not in a name) of a mapping. */
export function valueHolds(value: unknown, word: string): boolean {
  if (typeof value === "string") return value.toLowerCase().includes(word);
  if (typeof value === "number") return String(value) === word;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((inner) => valueHolds(inner, word));
}

/** Names of attributes at the top of any mapping, for a message that says what there is. */
export function attributeNames(attributes: Attributes, most = 2000): Set<string> {
  const names = new Set<string>();
  for (let code = 0; code < Math.min(most, attributes.texts.length); code++) {
    for (const name of Object.keys(attributes.mapping(code))) names.add(name.toLowerCase());
  }
  return names;
}
