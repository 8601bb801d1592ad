// Filters beside the box: what there is, with counts; what is chosen, as chips. They live in the address.
import { beneath } from "./addresses.js";
import { element, languageName, words } from "./parts.js";

const $ = (id) => document.getElementById(id);
const KINDS = ["source", "type", "language", "year", "author", "name"];
let chosen = read();
let changed = () => {};

export function whenChanged(then) { changed = then; }

function read() {
  const query = new URL(location.href).searchParams;
  return Object.fromEntries(KINDS.map((kind) => [kind, query.getAll(kind)]));
}

export function fromAddress() { chosen = read(); }

// As the search interface takes them.
export function parameters() {
  const query = new URLSearchParams();
  for (const kind of KINDS) for (const value of chosen[kind]) query.append(kind, value);
  return query;
}

// As words, for a question: the answer is made from the same documents.
export function asWords() {
  const quoted = (value) => (/\s/.test(value) ? `"${value.replaceAll('"', "")}"` : value);
  const found = [...parameters()].map(([kind, value]) => `${kind}:${quoted(value)}`);
  return found.length ? ` ${found.join(" ")}` : "";
}

export function keepIn(address) {
  for (const kind of KINDS) {
    address.searchParams.delete(kind);
    for (const value of chosen[kind]) address.searchParams.append(kind, value);
  }
  return address;
}

function toggle(kind, value) {
  const there = chosen[kind].includes(value);
  chosen[kind] = there ? chosen[kind].filter((v) => v !== value) : [...chosen[kind], value];
  changed();
}

function shownValue(kind, value) {
  if (kind === "type") return words.types[value] ?? value;
  return kind === "language" ? languageName(value) : value;
}

// "All languages | German": the page's own language alone is one press away where there are others.
function languageSwitch(values) {
  const own = document.documentElement.lang;
  const others = chosen.language.length || values.some(({ value }) => value !== own);
  if (!others || !values.some(({ value }) => value === own)) return null;
  const button = (text, language) => {
    const pressed = chosen.language.join() === (language ?? "");
    const made = element("button", { type: "button", "aria-pressed": String(pressed) }, text);
    made.addEventListener("click", () => {
      chosen.language = language ? [language] : [];
      changed();
    });
    return made;
  };
  return element("span", { class: "one-language", role: "group", "aria-label": words.facets.language },
    button(words.all_languages), button(languageName(own), own));
}

function menu(kind, values) {
  const list = element("ul");
  for (const { value, count } of values) {
    const pressed = chosen[kind].includes(value);
    const button = element("button", { type: "button", "aria-pressed": String(pressed) },
      element("span", {}, shownValue(kind, value)),
      element("span", { class: "n" }, count.toLocaleString(document.documentElement.lang)));
    button.addEventListener("click", () => toggle(kind, value));
    list.append(element("li", {}, button));
  }
  const details = element("details", {}, element("summary", {}, words.facets[kind]), list);
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    for (const other of $("facets").querySelectorAll("details[open]")) if (other !== details) other.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
    event.stopPropagation();
  });
  return details;
}

function chip(kind, value) {
  const shown = shownValue(kind, value);
  const label = `${words.without} ${shown}`;
  const button = element("button", { type: "button", class: "chip", "aria-label": label }, `${shown} ×`);
  button.addEventListener("click", () => toggle(kind, value));
  return button;
}

export async function showFilters(question) {
  const query = parameters();
  query.set("q", question);
  const response = await fetch(beneath(`/api/v1/facets?${query}`));
  if (!response.ok) return;
  const { facets } = await response.json();
  const open = $("facets").querySelector("details[open] summary")?.textContent;
  const focused = $("facets").contains(document.activeElement) ? document.activeElement.textContent : null;
  const languages = languageSwitch(facets.language);
  const offered = KINDS.filter((kind) => facets[kind] && (facets[kind].length > 1 || chosen[kind].length));
  const menus = offered.map((kind) => menu(kind, facets[kind]));
  const chips = KINDS.flatMap((kind) => chosen[kind].map((value) => chip(kind, value)));
  $("facets").replaceChildren(...(languages ? [languages] : []), ...menus, ...chips);
  for (const details of $("facets").querySelectorAll("details")) {
    if (details.firstChild.textContent === open) details.open = true;
  }
  if (focused) [...$("facets").querySelectorAll("button, summary")].find((b) => b.textContent === focused)?.focus();
  $("facets").hidden = !languages && !menus.length && !chips.length;
}
