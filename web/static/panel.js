// The viewer beside the answer: it shows a document, has the focus, and gives it back.
import { beneath } from "./addresses.js";
import { whenOpened } from "./cards.js";

const $ = (id) => document.getElementById(id);
let opener = null;
whenOpened((link) => {
  opener = link;
  show(link.getAttribute("href"));
  $("panel").focus({ preventScroll: true });
  for (const other of document.querySelectorAll(".cite[aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  const address = new URL(location.href);
  address.searchParams.set("open", link.getAttribute("href"));
  history.replaceState(null, "", address);
});
export function show(address) {
  if (!address.startsWith(beneath("/")) || !/^\/documents\/\d+(\?|$)/.test(address.slice(beneath("").length))) return;
  $("card").hidden = true;
  $("panel-open").href = address;
  $("viewer").src = address + (address.includes("?") ? "&" : "?") + "embed=true";
  $("panel").hidden = false;
}
// Who opened the document goes along: once it is there, its keys scroll it, and Esc leads back.
$("viewer").addEventListener("load", () => {
  if (document.activeElement === $("panel")) $("viewer").contentWindow.focus();
});
export function close() {
  if ($("panel").hidden) return;
  $("panel").hidden = true;
  $("viewer").removeAttribute("src");
  const address = new URL(location.href);
  address.searchParams.delete("open");
  history.replaceState(null, "", address);
  opener?.focus();
}
$("panel-close").addEventListener("click", close);
addEventListener("message", (event) => {
  if (event.origin !== location.origin) return;
  if (event.data === "close") close();
  else if (event.data === "j" || event.data === "k") {
    opener?.focus();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: event.data }));
  }
});
addEventListener("keydown", (event) => { if (event.key === "Escape") { $("card").hidden = true; close(); } });
