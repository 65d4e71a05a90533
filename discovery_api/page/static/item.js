// One record: its versions, where its files are, what happened to it, its properties.

import { get, itemPath, namedItem } from "./api.js";
import { h, outside, webAddress } from "./dom.js";
import { bytes, moment, number, place, span, text, title } from "./format.js";
import { WorldMap } from "./map.js";
import { follow, marks } from "./results.js";
import { write } from "./state.js";

const FILES_SHOWN = 100;
const VERSION_LINKS = {
  "predecessor-version": "the version before",
  "successor-version": "the version after",
  "latest-version": "the latest version",
};
const OWN_LINKS = new Set(["self", "root", "parent", "collection", ...Object.keys(VERSION_LINKS)]);

/** The record and its history. A record whose history cannot be had is shown without one. */
export async function fetchItem({ of, item }, dataToo, signal) {
  const path = itemPath(of, item);
  const [record, history] = await Promise.all([
    get(dataToo ? `${path}?retracted=include` : path, signal),
    get(`${path}/history`, signal).catch((error) => {
      if (error.name === "AbortError") throw error;
      return { events: [], versions: [], missing: error.message };
    }),
  ]);
  return { record, history };
}

/** The view of a record; `go` leads to another place of this page, `showData` asks for the files of a retracted one. */
export function itemView({ record, history }, state, go, showData) {
  const inner = { record, history, state, go };
  const map = new WorldMap({ label: "Where this record is" });
  const properties = record.properties ?? {};
  const view = h(
    "article",
    { class: "item" },
    h("p", { class: "back" }, link({ ...state, item: "", of: "" }, "← Back to the search", go)),
    h("h1", { tabindex: "-1" }, properties.title || record.id),
    h("p", { class: "id" }, record.id),
    h("p", { class: "marks" }, marks(properties)),
    retraction(record, showData),
    h(
      "dl",
      { class: "short" },
      [
        ["Collection", link({ view: "collection", collection: record.collection }, record.collection, go)],
        ["Time", span(properties)],
        ["Place", place(record.bbox)],
        ["Changed", moment(properties.updated)],
      ]
        .filter(([, value]) => value)
        .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
    section("Versions", versions(inner)),
    section("Files and locations", files(record)),
    section("Place", map.element),
    section("What happened", events(history)),
    section("Properties", table(["Property", "Value"], propertyRows(properties), "pairs")),
    section("Links", links(record)),
    h("p", {}, h("a", { href: itemPath(record.collection, record.id) }, "This record as JSON")),
  );
  requestAnimationFrame(() => map.setFootprints([record])); // its size is known once it is shown
  return view;
}

function section(name, ...content) {
  const id = `part-${name.toLowerCase().replaceAll(" ", "-")}`;
  return h("section", { "aria-labelledby": id }, h("h2", { id }, name), ...content);
}

export function link(change, said, go) {
  return h(
    "a",
    {
      href: write({ view: "search", facets: {}, ranges: {}, ...change }) || "./",
      click: (event) => follow(event, () => go(change)),
    },
    said,
  );
}

function retraction(record, showData) {
  const { retracted, retraction_reason: reason } = record.properties ?? {};
  if (retracted !== true) return null;
  const hidden = Object.keys(record.assets ?? {}).length === 0;
  return h(
    "div",
    { class: "problem" },
    h("p", {}, `This record was retracted${reason ? `: ${reason}` : ""}.`),
    hidden && h("button", { type: "button", click: showData }, "Show its files nevertheless"),
  );
}

function versions({ record, history, state, go }) {
  const links = (record.links ?? [])
    .filter(({ rel }) => VERSION_LINKS[rel])
    .map(({ rel, href }) => {
      const other = namedItem(href);
      return other && h("li", {}, link({ ...state, ...other }, `To ${VERSION_LINKS[rel]}`, go));
    });
  const rows = (history.versions ?? []).map((one) => [
    one.id === record.id
      ? h("strong", {}, one.version ?? one.id)
      : link({ ...state, of: record.collection, item: one.id }, one.version ?? one.id, go),
    one.latest ? `${one.state}, latest` : one.state,
    one.owner,
    one.reason,
    one.id === record.id ? "shown here" : "",
  ]);
  return [
    h("ul", { class: "inline" }, links),
    rows.length
      ? table(["Version", "State", "Home", "Reason", ""], rows)
      : h("p", {}, history.missing ?? "There is one version."),
  ];
}

function files(record) {
  const all = Object.entries(record.assets ?? {});
  if (!all.length) return h("p", {}, "No file is listed.");
  const list = h(
    "ul",
    { class: "files" },
    all.slice(0, FILES_SHOWN).map(([key, file]) => fileEntry(key, file)),
  );
  const click = (event) => {
    list.append(...all.slice(FILES_SHOWN).map(([key, file]) => fileEntry(key, file)));
    event.currentTarget.remove();
  };
  const more =
    all.length > FILES_SHOWN &&
    h("button", { type: "button", click }, `Show all ${number(all.length)} files`);
  return [list, more];
}

function fileEntry(key, file) {
  const own = [file["alternate:name"] ?? "primary", file];
  const places = [
    own,
    ...Object.entries(file.alternate ?? {}).map(([node, copy]) => [copy["alternate:name"] ?? node, copy]),
  ];
  const facts = [
    file.title,
    file.description,
    file.type,
    (file.roles ?? []).join(", "),
    bytes(file["file:size"]),
  ];
  return h(
    "li",
    {},
    h("h3", {}, key),
    h(
      "p",
      { class: "facts" },
      facts.filter(Boolean).map((fact) => h("span", {}, String(fact))),
    ),
    table(
      ["Node", "Address", "Size", "Checksum"],
      places.map(([node, copy], at) => [
        at ? node : h("span", {}, node, h("span", { class: "hidden" }, " (primary)")),
        outside(copy.href, webAddress(copy.href) ? copy.href : String(copy.href ?? "")),
        bytes(copy["file:size"]),
        checksum(copy["file:checksum"]),
      ]),
    ),
  );
}

function checksum(value) {
  if (typeof value !== "string" || !value) return "";
  const [kind, digest] = value.startsWith("1220") ? ["sha-256", value.slice(4)] : ["", value];
  return h("code", { title: value }, kind ? `${kind} ` : "", digest);
}

function events(history) {
  if (!history.events?.length) return h("p", {}, history.missing ?? "Nothing is remembered.");
  return table(
    ["When", "What", "End", "Who"],
    history.events.map((one) => [
      moment(one.time),
      one.action,
      one.problem ? `${one.outcome}: ${one.problem.detail ?? one.problem.type}` : one.outcome,
      text(one.who),
    ]),
  );
}

function propertyRows(properties) {
  return Object.entries(properties)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, value]) => [
      h(
        "span",
        { title: name },
        title(name),
        name.includes(":") && h("span", { class: "space" }, ` ${name.split(":")[0]}`),
      ),
      webAddress(value) ? outside(value, value) : text(value),
    ]);
}

function links(record) {
  const others = (record.links ?? []).filter(({ rel }) => !OWN_LINKS.has(rel));
  if (!others.length) return h("p", {}, "None beside its collection and versions.");
  return h(
    "ul",
    {},
    others.map(({ rel, href, title: said }) => h("li", {}, `${rel}: `, outside(href, said || String(href)))),
  );
}

/** A table with a row of headings, which scrolls in itself where the window is narrow. */
export function table(heads, rows, kind = "") {
  return h(
    "div",
    {
      class: "scroll",
      tabindex: "0",
      role: "group",
      "aria-label": `Table: ${heads.filter(Boolean).join(", ")}`,
    },
    h(
      "table",
      { class: kind },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((head) => (head ? h("th", { scope: "col" }, head) : h("td", {}))),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            row.map((cell, at) => h(at ? "td" : "th", at ? {} : { scope: "row" }, cell ?? "")),
          ),
        ),
      ),
    ),
  );
}
