// The list of records that a search finds.

import { token } from "./api.js";
import { h } from "./dom.js";
import { bytes, many, number, place, span } from "./format.js";
import { write } from "./state.js";

/** One record of the list. `open` shows it. */
export function entry(item, state, open) {
  const properties = item.properties ?? {};
  const target = { item: item.id, of: item.collection };
  const click = (event) => follow(event, () => open(target));
  const files = Object.values(item.assets ?? {});
  const facts = [item.collection, span(properties), !isWhole(item.bbox) && place(item.bbox), contents(files)];
  return h(
    "article",
    {},
    h("h3", {}, h("a", { href: write({ ...state, ...target }) || "./", click }, properties.title || item.id)),
    properties.title && properties.title !== item.id ? h("p", { class: "id" }, item.id) : null,
    h(
      "p",
      { class: "facts" },
      facts.filter(Boolean).map((fact) => h("span", {}, fact)),
    ),
    h(
      "p",
      { class: "marks" },
      marks(properties),
      nodes(files).map((name) => h("span", { class: "mark node" }, name)),
    ),
  );
}

/** What a reader has to know about a record before anything else. */
export function marks(properties) {
  const mark = (kind, text) => h("span", { class: `mark ${kind}` }, text);
  return [
    properties.retracted === true && mark("bad", "retracted"),
    properties.deprecated === true && mark("poor", "deprecated"),
    properties.latest === true && mark("good", "latest version"),
    properties.latest === false && properties.retracted !== true && mark("poor", "not the latest"),
    properties.version && mark("plain", `version ${properties.version}`),
  ].filter(Boolean);
}

/** The nodes that hold files, the primary one first. */
export function nodes(files) {
  const found = new Set(files.map((file) => file["alternate:name"]).filter(Boolean));
  files.forEach((file) => Object.keys(file.alternate ?? {}).forEach((name) => found.add(name)));
  return [...found];
}

function contents(files) {
  if (!files.length) return null;
  const size = files.reduce((sum, file) => sum + (Number(file["file:size"]) || 0), 0);
  return many(files.length, "file") + (size ? `, ${bytes(size)}` : "");
}

function isWhole(box) {
  return Array.isArray(box) && box.length === 4 && box[2] - box[0] > 350 && box[3] - box[1] > 170;
}

/** Buttons for the pages before and after, by the links of the answer. */
export function pager(answer, go) {
  const button = (rel, text) => {
    const place = token(answer, rel);
    return h("button", { type: "button", disabled: place === null, click: () => go({ token: place }) }, text);
  };
  return [button("prev", "← Previous page"), button("next", "Next page →")];
}

/** How many there are, as a sentence. */
export function tally(answer) {
  const all = answer.numberMatched ?? answer.numMatched;
  const here = answer.features.length;
  if (all === 0) return "No record found";
  if (all === undefined) return `${many(here, "record")} shown`;
  return here < all ? `${many(all, "record")} found, ${number(here)} shown` : `${many(all, "record")} found`;
}

/** A click without modifiers stays on this page; with them the browser does as it is asked. */
export function follow(event, does) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  does();
}
