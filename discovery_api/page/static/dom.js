// Elements from plain values. Text stays text: nothing here, or anywhere on this page, parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element; attributes that are null or false are left out, functions are listeners, children are nodes or texts. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A link where the address is http or https; otherwise its text alone, since records may hold any address. */
export function outside(href, text) {
  const address = webAddress(href);
  return address === null ? h("span", {}, text) : h("a", { href: address, rel: "noopener noreferrer" }, text);
}

export function webAddress(href) {
  if (typeof href !== "string" || !/^https?:\/\//i.test(href.trim())) return null;
  try {
    return new URL(href.trim()).href;
  } catch {
    return null;
  }
}

/** Calls of it become one, so many milliseconds after the last. */
export function settled(wait_ms, call) {
  let timer = 0;
  const later = (...told) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...told), wait_ms);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
