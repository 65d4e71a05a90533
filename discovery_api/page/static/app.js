// The page: shows what its address says, and writes into the address what a person does.

import { Problem, collections, get, post, stale } from "./api.js";
import { chips } from "./chips.js";
import { counts, facetsOf } from "./counts.js";
import { byId, h } from "./dom.js";
import { Facets } from "./facets.js";
import { Form } from "./form.js";
import { collectionView, holdingsView } from "./holdings.js";
import { fetchItem, itemView } from "./item.js";
import { WorldMap } from "./map.js";
import { entry, follow, pager, tally } from "./results.js";
import { read, searchBody, write } from "./state.js";

let state = read(location.search);
let asked = null; // aborts what was asked for the last view
let title = "Catalogue";

const form = new Form({ now: () => state, go: (change, how) => go(change, how), complain });
const map = new WorldMap({
  label: "World map of the records found",
  onBox: (box) => form.go({ box }),
  onPick: pick,
});
const facets = new Facets(byId("facets"), (change) => form.go(change));

// Where we are --------------------------------------------------------------------------------------------------------

/** Show another state. A change of the search begins at its first page; links to other views keep what they carry. */
function go(change, { replace = false } = {}) {
  const sameView = !("view" in change) && !("item" in change);
  const base = change.view && !("item" in change) ? read("") : state;
  const leaves = sameView && state.item === "" && !("token" in change) ? { token: "" } : {};
  state = { ...base, ...leaves, ...change };
  history[replace ? "replaceState" : "pushState"](null, "", write(state) || location.pathname);
  show(sameView);
}

addEventListener("popstate", () => {
  form.typed = false;
  state = read(location.search);
  show(false);
});

async function show(sameView) {
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  const searching = state.view === "search" && !state.item;
  mark(searching);
  say("");
  complain(null);
  try {
    if (searching) await showSearch(signal);
    else await showOther(signal);
    if (!sameView && !searching) arrive(byId("other-view"));
  } catch (error) {
    if (stale(error) || signal.aborted) return;
    if (!(error instanceof Problem)) console.error(error);
    complain(error instanceof Problem ? error.message : "Something on this page went wrong.");
    failed(searching);
  }
}

function mark(searching) {
  byId("search-view").hidden = !searching;
  byId("other-view").hidden = searching;
  byId("skip-results").hidden = !searching;
  const here = searching || state.item ? "to-search" : "to-collections";
  for (const id of ["to-search", "to-collections"]) {
    if (id === here) byId(id).setAttribute("aria-current", "page");
    else byId(id).removeAttribute("aria-current");
  }
}

/** After a change of view a screen reader begins at its heading. */
function arrive(view) {
  scrollTo(0, 0);
  (view.querySelector("h1") ?? byId("main")).focus({ preventScroll: true });
}

function named(what) {
  document.title = what ? `${what} – ${title}` : title;
}

const say = (text) => byId("status").replaceChildren(text);

function complain(text) {
  byId("alert").replaceChildren(...(text ? [h("p", { class: "problem" }, text)] : []));
}

function failed(searching) {
  const nothing = h("p", {}, "There is nothing to show.");
  if (!searching)
    byId("other-view").replaceChildren(
      h("h1", { tabindex: "-1" }, "Not found"),
      nothing,
      h("p", {}, h("a", { href: "./" }, "To the search")),
    );
  else {
    byId("results").replaceChildren();
    byId("results-title").textContent = "Records";
    byId("pages").replaceChildren();
    byId("facets").removeAttribute("aria-busy");
    if (!byId("facets").querySelector("details")) byId("facets").replaceChildren();
  }
}

// The search ----------------------------------------------------------------------------------------------------------

async function showSearch(signal) {
  form.fill();
  map.setBox(state.box);
  byId("chosen").replaceChildren(...chips(state, (change) => form.go(change)));
  named(state.q ? `Search for ${state.q}` : "");
  if (!form.fine()) return failed(true);
  byId("results").setAttribute("aria-busy", "true");
  byId("facets").setAttribute("aria-busy", "true");
  narrow(signal);
  const body = { ...searchBody(state), limit: state.limit };
  if (state.sort)
    body.sortby = [{ field: state.sort.slice(1), direction: state.sort[0] === "-" ? "desc" : "asc" }];
  if (state.token) body.token = state.token;
  const answer = await post("search", body, signal);
  list(answer);
}

function list(answer) {
  const found = answer.features;
  const said = tally(answer);
  byId("results-title").textContent = said;
  say(`${said}.`);
  byId("results").removeAttribute("aria-busy");
  byId("results").replaceChildren(
    ...found.map((item, at) => {
      const lights = (on) => () => map.highlight(at, on);
      return h(
        "li",
        {
          id: `result-${at}`,
          mouseenter: lights(true),
          mouseleave: lights(false),
          focusin: lights(true),
          focusout: lights(false),
        },
        entry(item, state, go),
      );
    }),
  );
  if (!found.length)
    byId("results").replaceChildren(
      h("li", { class: "none" }, "No record fits. Take a filter away, or search for less."),
    );
  byId("pages").replaceChildren(
    ...pager(answer, (change) => {
      go(change);
      byId("results-title").focus();
    }),
  );
  map.setFootprints(found);
}

/** The counts beside the results: these never wait for them, and their failure leaves the results as they are. */
async function narrow(signal) {
  const at = { ...state };
  try {
    const there = await facetsOf(at.collection, signal);
    form.offerOrders(there.properties);
    const found = await counts(at, there.facets, signal);
    if (!signal.aborted) facets.show(at, there.facets, found);
  } catch (error) {
    if (signal.aborted || stale(error)) return;
    byId("facets").removeAttribute("aria-busy");
    byId("facets").replaceChildren(h("p", { class: "help" }, `There are no counts: ${error.message}`));
  }
}

function pick(at) {
  const entry_ = byId(`result-${at}`);
  entry_?.querySelector("a")?.focus();
  entry_?.scrollIntoView({ block: "nearest" });
}

// Other views ---------------------------------------------------------------------------------------------------------

async function showOther(signal, dataToo = false) {
  const place = byId("other-view");
  place.setAttribute("aria-busy", "true");
  try {
    const { view, said } = await other(signal, dataToo);
    place.replaceChildren(view);
    named(view.querySelector("h1").textContent);
    say(said);
  } finally {
    place.removeAttribute("aria-busy");
  }
}

async function other(signal, dataToo) {
  if (state.item) {
    const found = await fetchItem(state, dataToo, signal);
    const view = itemView(found, state, go, () =>
      showOther(signal, true).catch((error) => complain(error.message)),
    );
    return { view, said: `Record ${found.record.id}` };
  }
  return state.view === "collection"
    ? collectionView(state.collection, go, signal)
    : holdingsView(go, signal);
}

// The beginning -------------------------------------------------------------------------------------------------------

async function learn() {
  try {
    const catalogue = await get("./");
    title = catalogue.title || title;
    byId("home").textContent = title;
    if (!state.item && state.view === "search") named(state.q ? `Search for ${state.q}` : "");
  } catch {
    // The name of the catalogue is not worth a complaint: whatever else is asked for says what is wrong.
  }
}

async function learnCollections() {
  try {
    form.offerCollections(await collections());
  } catch {
    // One may still search all of them.
  }
}

function begin() {
  byId("map").append(map.element);
  byId("facets-part").open = matchMedia("(min-width: 56rem)").matches; // else the records come first
  for (const [id, view] of [
    ["home", "search"],
    ["to-search", "search"],
    ["to-collections", "collections"],
  ]) {
    byId(id).addEventListener("click", (event) => follow(event, () => go({ view })));
  }
  show(true);
  learn();
  learnCollections();
}

begin();
