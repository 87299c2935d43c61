/** A short sentence for the user, which leaves by itself. */
import type { Desk } from "../desk.ts";
import { make } from "../dom.ts";
import { iconButton } from "../icons.ts";

const SECONDS = 12;

export function noticePanel(desk: Desk): void {
  const text = make("p", { set: { role: "alert" } });
  const leave = (): void => desk.state.send({ kind: "notice", text: "" });
  const element = make("div", { class: "card notice" }, [text, iconButton("close", "Close", leave)]);
  element.hidden = true;
  desk.slots.bottom.append(element);
  let clock: ReturnType<typeof setTimeout> | undefined;
  desk.state.listen((now, before) => {
    if (now.notice === before.notice) {
      return;
    }
    text.textContent = now.notice;
    element.hidden = now.notice === "";
    clearTimeout(clock);
    if (now.notice !== "") {
      clock = setTimeout(leave, SECONDS * 1000);
    }
  });
}
