// Keys that work on every page, and the navigation that folds away on a narrow one.
function typing(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
function move(step) {
  const links = [...document.querySelectorAll("#hits a.title, .ledger tbody a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

// Esc leaves a box for searching, and what was typed stays: by itself the browser would erase it.
function leave(event) {
  if (event.key !== "Escape" || event.isComposing || event.target.type !== "search") return;
  event.preventDefault();
  event.target.blur();
  const seen = (id) => { const one = document.getElementById(id); return one?.offsetParent ? one : null; };
  (seen("answer") ?? seen("passages"))?.focus({ preventScroll: true });
}
document.addEventListener("keydown", (event) => {
  leave(event);
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const box = document.getElementById("q") ?? document.querySelector(".filters input[type=search]");
  if (event.key === "/" && box) { event.preventDefault(); box.focus(); box.select(); }
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "?") document.getElementById("keys")?.showModal();
});

const button = document.getElementById("nav-open");
const nav = document.getElementById("nav");
function unfold(open) {
  button.setAttribute("aria-expanded", String(open));
  nav.classList.toggle("open", open);
}
button?.addEventListener("click", () => unfold(!nav.classList.contains("open")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !nav?.classList.contains("open")) return;
  unfold(false);
  button.focus();
});

// Filters fold away on a narrow page, and so does what is seldom wanted.
const fold = document.getElementById("fold");
fold?.addEventListener("click", () => {
  fold.setAttribute("aria-expanded", String(document.body.classList.toggle("unfolded")));
});
// A form that was refused stands on its page: its address is that of the page, not of the form.
const refused = document.querySelector("form[data-at]");
if (refused) history.replaceState(null, "", refused.dataset.at);
