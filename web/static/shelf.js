// What one keeps: saved searches, documents opened last; and answers that curators pinned.
import { beneath } from "./addresses.js";
import { element, send, words } from "./parts.js";

const $ = (id) => document.getElementById(id);

export async function showShelf() {
  const { searches, opened } = await send("GET", "/api/v1/searches");
  const saved = searches.map(({ id, name, address }) => {
    const label = `${words.forget} ${name}`;
    const away = element("button",
      { type: "button", class: "quiet", "aria-label": label, title: words.forget }, "×");
    const row = element("li", {}, element("a", { href: beneath(address) }, name), away);
    away.addEventListener("click", async () => { await send("DELETE", `/api/v1/searches/${id}`); row.remove(); });
    return row;
  });
  const last = opened.map(({ id, title, source }) => element("li", {},
    element("a", { href: beneath(`/documents/${id}`) }, title),
    element("span", { class: "note" }, source)));
  fill("saved", saved);
  fill("opened", last);
  const isAsked = !document.body.classList.contains("first");  // meanwhile something was
  $("shelf").hidden = isAsked || !$("shelf").querySelector(":scope > div:not([hidden])");
}

function fill(id, rows) {
  $(id).querySelector("ul").replaceChildren(...rows);
  $(id).hidden = !rows.length;
}

export async function showPinned(question) {
  const { pins } = await send("GET", `/api/v1/pins?${new URLSearchParams({ q: question })}`);
  $("pinned").replaceChildren(...pins.map((pin) => element("article", { class: "pinned" },
    element("p", { class: "label" }, words.pinned),
    element("p", {}, pin.answer),
    element("p", { class: "where" }, element("a", { href: beneath(pin.address) }, pin.title), ` – ${pin.author}`))));
}

export function pinButton(question, passage) {
  if (!words.may_pin) return "";
  const button = element("button", { type: "button", class: "quiet right" }, words.pin);
  button.addEventListener("click", () => {
    const text = element("textarea", { rows: "3", maxlength: "2000", "aria-label": words.pin_text });
    text.value = passage.text.slice(0, 600);
    const keep = element("button", { type: "button", class: "button" }, words.pin_keep);
    const form = element("div", { class: "comment" }, text, keep);
    keep.addEventListener("click", async () => {
      try {
        await send("POST", "/api/v1/pins", { question, answer: text.value, passage_id: passage.passage_id });
        form.replaceWith(element("p", { class: "note", role: "status" }, words.pin_kept));
        await showPinned(question);
      } catch (error) { form.append(element("p", { class: "banner bad", role: "alert" }, error.message)); }
    });
    button.replaceWith(form);
    text.focus();
  });
  return button;
}

$("save")?.addEventListener("click", async () => {
  const name = $("q").value.trim();
  const address = new URL(location.href);
  for (const key of ["a", "c", "open"]) address.searchParams.delete(key);
  await send("POST", "/api/v1/searches", { name: name.slice(0, 200), address: `/${address.search}` });
  $("save").textContent = words.saved;
  $("save").disabled = true;
});
