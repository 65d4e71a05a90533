// Values as a person reads them.

const NUMBER = new Intl.NumberFormat("en");
const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];
const ACRONYMS = new Set(["id", "cv", "doi", "pid", "url", "eo", "crs", "epsg", "mip", "drs"]);

export const number = (value) => NUMBER.format(value);

export const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

export function bytes(count) {
  if (typeof count !== "number" || !(count >= 0)) return "";
  const step = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), UNITS.length - 1);
  return `${(count / 1000 ** step).toLocaleString("en", { maximumFractionDigits: step ? 1 : 0 })} ${UNITS[step]}`;
}

/** The property that tells which nodes have copies; its counts are of files, not of records. */
export const NODES = "alternate:name";

/** A property's name in words: `cmip6:source_id` is "Source ID". */
export function title(name) {
  if (name === NODES) return "Data node";
  const words = String(name)
    .replace(/^properties\./, "")
    .split(":")
    .pop()
    .split(/[_.\s]+/)
    .filter(Boolean);
  const said = words.map((word) => (ACRONYMS.has(word.toLowerCase()) ? word.toUpperCase() : word)).join(" ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

const day = (instant) => (typeof instant === "string" ? instant.slice(0, 10) : "");

/** The time of a record: its start and end, or its one instant. */
export function span(properties) {
  const { start_datetime: start, end_datetime: end, datetime } = properties ?? {};
  if (start || end) return `${day(start) || "…"} to ${day(end) || "…"}`;
  return typeof datetime === "string" ? datetime.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC") : "";
}

export function interval(extent) {
  const [start, end] = extent?.temporal?.interval?.[0] ?? [];
  return start || end ? `${day(start) || "…"} to ${day(end) || "today"}` : "";
}

export const moment = (instant) =>
  typeof instant === "string" ? instant.slice(0, 19).replace("T", " ") + " UTC" : "";

function degrees(value, positive, negative) {
  const plain = Math.round(value * 100) / 100;
  return `${Math.abs(plain)}°${plain > 0 ? ` ${positive}` : plain < 0 ? ` ${negative}` : ""}`;
}

export const longitude = (value) => (Math.abs(value) === 180 ? "180°" : degrees(value, "E", "W"));
export const latitude = (value) => degrees(value, "N", "S");

/** A box of four or six numbers in words. */
export function place(box) {
  if (!Array.isArray(box) || (box.length !== 4 && box.length !== 6)) return "";
  const [west, south, east, north] = box.length === 4 ? box : [box[0], box[1], box[3], box[4]];
  const across = east - west >= 359.99 ? "all longitudes" : `${longitude(west)} to ${longitude(east)}`;
  const up = north - south >= 179.99 ? "all latitudes" : `${latitude(south)} to ${latitude(north)}`;
  return across + up === "all longitudesall latitudes" ? "the whole world" : `${across}, ${up}`;
}

/** Any JSON value as one text. */
export function text(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== "object"))
    return value.map(text).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
