// Text on the clipboard. A page that came without TLS from another machine has no
// navigator.clipboard: there the words are selected and copied as by hand.
import { element } from "./elements.js";

export async function copy(text) {
  if (navigator.clipboard) { await navigator.clipboard.writeText(text); return; }
  const before = document.activeElement;
  const area = element("textarea", { class: "hidden", readonly: "" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  before?.focus({ preventScroll: true });
}
