// The viewer: scroll to what is marked, load page pictures as they come near.
const link = document.getElementById("copy-link");
link?.addEventListener("click", async () => {
  const address = new URL(location.href);
  address.searchParams.delete("embed");
  await navigator.clipboard.writeText(address.href);
  link.textContent = link.dataset.done;
});
const copy = document.getElementById("copy-address");
copy?.addEventListener("click", async () => {
  await navigator.clipboard.writeText(document.getElementById("address").textContent);
  copy.textContent = copy.dataset.done;
});
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    const image = entry.target.querySelector("image[data-href]");
    if (image) { image.setAttribute("href", image.dataset.href); delete image.dataset.href; }
    near.unobserve(entry.target);
  }
}, { rootMargin: "1200px" });
for (const leaf of document.querySelectorAll(".leaf")) if (leaf.querySelector("image[data-href]")) near.observe(leaf);
const page = new URL(location.href).searchParams.get("page");
const target = document.querySelector(".cited, mark") ?? (page && document.getElementById(`page-${page}`));
target?.scrollIntoView({ block: "center" });
// Beside an answer: Esc closes it, j and k go on in the list that it was opened from.
const TOLD = { Escape: "close", j: "j", k: "k" };
document.addEventListener("keydown", (event) => {
  if (window.parent === window || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in TOLD) window.parent.postMessage(TOLD[event.key], location.origin);
});
