// What is searched and shown, to and from the query of the page's address.

export const LIMITS = [10, 20, 50, 100];
const LIMIT = 20;
// In the address, `p.NAME=text` is a text that a property equals, `v.NAME=json` a number or a truth value, and
// `r.NAME=least..greatest` a range of numbers, open where one is missing.
const TEXT = "p.";
const VALUE = "v.";
const RANGE = "r.";

export function read(query) {
  const given = new URLSearchParams(query);
  const limit = Number(given.get("limit"));
  return {
    view: ["collections", "collection"].includes(given.get("view")) ? given.get("view") : "search",
    item: given.get("item") ?? "",
    of: given.get("of") ?? "",
    collection: given.get("collection") ?? "",
    q: given.get("q") ?? "",
    from: given.get("from") ?? "",
    to: given.get("to") ?? "",
    box: readBox(given.get("box")),
    facets: readFacets(given),
    ranges: readRanges(given),
    retracted: given.get("retracted") === "yes",
    sort: given.get("sort") ?? "",
    limit: LIMITS.includes(limit) ? limit : LIMIT,
    token: given.get("token") ?? "",
  };
}

export function write(state) {
  const query = new URLSearchParams();
  for (const name of ["item", "of", "collection", "q", "from", "to", "sort", "token"]) {
    if (state[name]) query.set(name, state[name]);
  }
  if (state.view !== "search") query.set("view", state.view);
  if (state.box) query.set("box", state.box.join(","));
  if (state.retracted) query.set("retracted", "yes");
  if (state.limit !== LIMIT) query.set("limit", state.limit);
  for (const [name, values] of Object.entries(state.facets)) {
    for (const value of values) {
      if (typeof value === "string") query.append(TEXT + name, value);
      else query.append(VALUE + name, JSON.stringify(value));
    }
  }
  for (const [name, ends] of Object.entries(state.ranges))
    query.set(RANGE + name, ends.map((end) => end ?? "").join(".."));
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** Four numbers, or null where they are no box on the earth; longitudes may go to 360. */
export function readBox(text) {
  const parts = (text ?? "").split(",").map((part) => part.trim());
  const box = parts.map(Number);
  if (parts.length !== 4 || parts.includes("") || !box.every(Number.isFinite)) return null;
  const [west, south, east, north] = box;
  const inside =
    Math.abs(south) <= 90 && Math.abs(north) <= 90 && [west, east].every((lon) => lon >= -180 && lon <= 360);
  return inside && south <= north ? box : null;
}

function readFacets(given) {
  const found = {};
  for (const [key, text] of given) {
    const name = key.slice(TEXT.length);
    if (key.startsWith(TEXT)) (found[name] ??= []).push(text);
    else if (key.startsWith(VALUE)) {
      const value = parsed(text);
      if (["number", "boolean"].includes(typeof value)) (found[name] ??= []).push(value);
    }
  }
  return found;
}

function readRanges(given) {
  const found = {};
  for (const [key, text] of given) {
    const ends = text.split("..").map((end) => (end === "" ? null : Number(end)));
    const fine = ends.length === 2 && ends.some((end) => end !== null) && !ends.some(Number.isNaN);
    if (key.startsWith(RANGE) && fine) found[key.slice(RANGE.length)] = ends;
  }
  return found;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function toggled(facets, name, value, wanted) {
  const others = (facets[name] ?? []).filter((other) => other !== value);
  const values = wanted ? [...others, value] : others;
  const { [name]: _, ...rest } = facets;
  return values.length ? { ...rest, [name]: values } : rest;
}

/** Ranges with another one for this property, which goes where both ends are null. */
export function ranged(ranges, name, ends) {
  const { [name]: _, ...rest } = ranges;
  return ends.some((end) => end !== null) ? { ...rest, [name]: ends } : rest;
}

/** The body of a search. `without`: a property whose own choice is left out, as its counts want it. */
export function searchBody(state, without = null) {
  const body = {};
  if (state.collection) body.collections = [state.collection];
  if (state.q.trim()) body.q = words(state.q.trim());
  const time = timeRange(state.from, state.to);
  if (time) body.datetime = time;
  if (state.box) body.bbox = state.box;
  if (state.retracted) body.retracted = "hide-data";
  const filters = Object.entries(state.facets)
    .filter(([name]) => name !== without)
    .map(([name, values]) =>
      values.length === 1
        ? { op: "=", args: [{ property: name }, values[0]] }
        : { op: "in", args: [{ property: name }, values] },
    );
  for (const [name, [least, greatest]] of Object.entries(state.ranges)) {
    if (name === without) continue;
    if (least !== null) filters.push({ op: ">=", args: [{ property: name }, least] });
    if (greatest !== null) filters.push({ op: "<=", args: [{ property: name }, greatest] });
  }
  if (filters.length) {
    body["filter-lang"] = "cql2-json";
    body.filter = filters.length === 1 ? filters[0] : { op: "and", args: filters };
  }
  return body;
}

/** Words as people type them have to be there all; who writes operators, signs or quotes is taken at their word. */
export function words(text) {
  return /["(),]|(^|\s)([+-]|(AND|OR)(\s|$))/.test(text) ? text : text.split(/\s+/).join(" AND ");
}

export function timeRange(from, to) {
  if (!from && !to) return null;
  const start = from ? bound(from, false) : "..";
  const end = to ? bound(to, true) : "..";
  return start && end ? `${start}/${end}` : null;
}

/** The first or last instant of a year, month or day; null where the text is none of these. */
export function bound(text, last) {
  const found = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text.trim());
  if (!found) return null;
  const [, year, month = last ? "12" : "01", day = null] = found;
  const days = new Date(0);
  days.setUTCFullYear(Number(year), Number(month), 0);
  const length = days.getUTCDate();
  const chosen = Number(day ?? (last ? length : 1));
  if (Number(year) < 1 || Number(month) < 1 || Number(month) > 12 || chosen < 1 || chosen > length)
    return null;
  const clock = last ? "T23:59:59.999Z" : "T00:00:00Z";
  return `${year}-${month}-${String(chosen).padStart(2, "0")}${clock}`;
}
