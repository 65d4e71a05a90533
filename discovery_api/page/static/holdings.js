// The Collections: what there is, and one collection's counts.

import { collectionPath, collections, get, post } from "./api.js";
import { h, outside } from "./dom.js";
import { NODES, interval, many, number, place, text, title } from "./format.js";
import { counts, facetsOf } from "./counts.js";
import { link, table } from "./item.js";
import { read } from "./state.js";

const VALUES_MAX = 12;

/** All Collections, each with the number of its records. */
export async function holdingsView(go, signal) {
  const found = await collections(signal);
  const view = h(
    "div",
    { class: "holdings" },
    h("h1", { tabindex: "-1" }, "Collections"),
    found.length ? null : h("p", {}, "There is no collection yet."),
    h(
      "ul",
      { class: "cards" },
      found.map((one) => card(one, go, signal)),
    ),
  );
  return { view, said: many(found.length, "collection") };
}

function card(one, go, signal) {
  const count = h("p", { class: "facts" }, "…");
  total(one.id, signal).then(
    (found) => count.replaceChildren(many(found, "record")),
    () => count.replaceChildren(""),
  );
  return h(
    "li",
    {},
    h("h2", {}, link({ view: "collection", collection: one.id }, one.title || one.id, go)),
    one.title && one.title !== one.id ? h("p", { class: "id" }, one.id) : null,
    one.description && one.description !== one.title ? h("p", {}, one.description) : null,
    count,
    h(
      "p",
      { class: "facts" },
      [interval(one.extent)].filter(Boolean).map((fact) => h("span", {}, fact)),
    ),
    h("p", {}, link({ view: "search", collection: one.id }, `Search ${one.title || one.id}`, go)),
  );
}

async function total(collection, signal) {
  const answer = await post("search", { collections: [collection], limit: 1 }, signal);
  return answer.numberMatched;
}

/** One Collection, with counts of its records by property. */
export async function collectionView(id, go, signal) {
  const [one, all] = await Promise.all([get(collectionPath(id), signal), total(id, signal)]);
  const numbers = h("div", { class: "counts", "aria-busy": "true" }, h("p", { class: "help" }, "Counting …"));
  fill(numbers, id, go, signal);
  const facts = [
    ["Records", number(all)],
    ["Time", interval(one.extent)],
    ["Place", place(one.extent?.spatial?.bbox?.[0])],
    ["Licence", one.license],
  ];
  const view = h(
    "article",
    { class: "item" },
    h("p", { class: "back" }, link({ view: "collections" }, "← All collections", go)),
    h("h1", { tabindex: "-1" }, one.title || one.id),
    h("p", { class: "id" }, one.id),
    one.description ? h("p", {}, one.description) : null,
    h(
      "dl",
      { class: "short" },
      facts.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
    h("p", {}, link({ view: "search", collection: id }, "Search this collection", go)),
    h("h2", {}, "Counts"),
    numbers,
    h("h2", {}, "Links"),
    h("ul", {}, [
      h("li", {}, h("a", { href: collectionPath(id) }, "This collection as JSON")),
      ...(one.links ?? [])
        .filter(({ rel }) => ["license", "about", "cite-as", "describedby"].includes(rel))
        .map(({ rel, href, title: said }) => h("li", {}, `${rel}: `, outside(href, said || String(href)))),
    ]),
  );
  return { view, said: `${one.title || one.id}: ${many(all, "record")}` };
}

async function fill(container, id, go, signal) {
  try {
    const state = { ...read(""), collection: id };
    const { facets } = await facetsOf(id, signal);
    const found = await counts(state, facets, signal);
    const parts = facets
      .filter(({ property }) => found.get(property)?.buckets.length)
      .map(({ property }) => numbersOf(property, found.get(property).buckets, id, go));
    container.replaceChildren(...(parts.length ? parts : [h("p", {}, "There is nothing to count.")]));
  } catch (error) {
    if (error.name !== "AbortError") container.replaceChildren(h("p", { class: "problem" }, error.message));
  }
  container.removeAttribute("aria-busy");
}

function numbersOf(property, buckets, id, go) {
  const most = Math.max(...buckets.map(({ frequency }) => frequency), 1);
  const rows = buckets.slice(0, VALUES_MAX).map(({ key, frequency }) => {
    const bar = h("span", { class: "amount", "aria-hidden": "true" });
    bar.style.width = `${Math.max(2, (100 * frequency) / most)}%`;
    return [
      link({ view: "search", collection: id, facets: { [property]: [key] } }, text(key), go),
      h("span", { class: "share" }, bar, number(frequency)),
    ];
  });
  const rest = buckets.length - rows.length;
  return h(
    "section",
    {},
    h("h3", { title: property }, title(property)),
    table(["Value", property === NODES ? "Files" : "Records"], rows, "numbers"),
    rest > 0 ? h("p", { class: "help" }, `and ${many(rest, "more value", "more values")}`) : null,
  );
}
