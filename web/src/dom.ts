/** Elements made by hand: names from a model become text, and never markup. */

export interface Attributes {
  readonly class?: string;
  readonly text?: string;
  readonly title?: string;
  readonly on?: { readonly [event: string]: (event: Event) => void };
  /** Any other attribute; undefined leaves it out. */
  readonly set?: { readonly [name: string]: string | undefined };
}

/** Make an element. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (attributes.class !== undefined) {
    element.className = attributes.class;
  }
  if (attributes.text !== undefined) {
    element.textContent = attributes.text;
  }
  if (attributes.title !== undefined) {
    element.title = attributes.title;
  }
  for (const [name, value] of Object.entries(attributes.set ?? {})) {
    if (value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  for (const [event, run] of Object.entries(attributes.on ?? {})) {
    element.addEventListener(event, run);
  }
  element.append(...children);
  return element;
}

/** A push button with an icon or a word; `label` is what a screen reader says. */
export function button(text: string, label: string, run: () => void, extra = ""): HTMLButtonElement {
  const attributes = { class: `button ${extra}`, text, title: label, set: { type: "button", "aria-label": label } };
  const made = make("button", attributes);
  made.addEventListener("click", run);
  return made;
}

/** Take out all that is in an element. */
export function clear(element: Element): void {
  element.replaceChildren();
}
