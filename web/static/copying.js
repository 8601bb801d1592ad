// Buttons that copy what a field holds.
import { copy } from "./clipboard.js";

for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copy(document.getElementById(button.dataset.copies).value);
    button.textContent = button.dataset.done;
  });
}
