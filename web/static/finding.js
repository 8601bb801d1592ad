// Words found in a document: on pictures of pages by the server, in text here. Case counts nothing.
import { beneath } from "./addresses.js";
const SVG = "http://www.w3.org/2000/svg";
const MOST = 500;
export const findable = { text: "" };

export async function find(text, bar) {
  findable.text = text;
  for (const one of document.querySelectorAll(".found")) one.remove();
  CSS.highlights?.delete("found");
  const words = text.trim().split(/\s+/u).filter(Boolean);
  if (!words.length) return [];
  return bar.dataset.pictures ? onPages(text, bar.dataset.document) : inText(words);
}

async function onPages(text, id) {
  const response = await fetch(beneath(`/documents/${id}/find?${new URLSearchParams({ text })}`));
  if (!response.ok) throw new Error(response.status);
  if (findable.text !== text) return [];
  const { places } = await response.json();
  return places.map(({ page, boxes }) => boxes.map((box) => draw(page, box))[0]).filter(Boolean);
}

function draw(page, [left, top, right, bottom]) {
  const svg = document.querySelector(`#page-${page} svg`);
  if (!svg) return null;
  const { width, height } = svg.viewBox.baseVal;
  const rect = document.createElementNS(SVG, "rect");
  const at = { x: left * width - 1, y: top * height - 1, width: (right - left) * width + 2,
    height: (bottom - top) * height + 2, rx: 2, class: "found" };
  for (const [name, value] of Object.entries(at)) rect.setAttribute(name, value);
  svg.append(rect);
  return rect;
}

// Within a block, whatever stands between its pieces of text: marks, faces, cells.
function inText(words) {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const wanted = new RegExp(escaped.join("\\s+"), "giu");
  const found = [];
  for (const block of document.querySelectorAll(".prose.text :is(p, li, h2, h3, h4, h5, td, th)")) {
    found.push(...inBlock(block, wanted));
    if (found.length >= MOST) break;
  }
  CSS.highlights?.set("found", new Highlight(...found));
  return found.slice(0, MOST);
}

function inBlock(block, wanted) {
  const nodes = [];
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let length = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push({ node, start: length });
    length += node.data.length;
  }
  const text = nodes.map(({ node }) => node.data).join("");
  const place = (offset, isEnd) => {
    const one = nodes.findLast(({ start }) => (isEnd ? start < offset : start <= offset));
    return [one.node, offset - one.start];
  };
  return [...text.matchAll(wanted)].map((match) => {
    const range = document.createRange();
    range.setStart(...place(match.index, false));
    range.setEnd(...place(match.index + match[0].length, true));
    return range;
  });
}
