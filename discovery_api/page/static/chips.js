// The filters in use, each as a button that takes it away.

import { h } from "./dom.js";
import { text, title } from "./format.js";
import { ranged, toggled } from "./state.js";

/** The filters in use, each a button that takes it away. */
export function chips(state, go) {
  const found = [];
  const chip = (said, change) =>
    found.push(
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "chip", "aria-label": `Remove: ${said}`, click: () => go(change) },
          said,
          h("span", { "aria-hidden": "true" }, " ×"),
        ),
      ),
    );
  if (state.q) chip(`“${state.q}”`, { q: "" });
  if (state.from || state.to) chip(`${state.from || "…"} to ${state.to || "…"}`, { from: "", to: "" });
  if (state.box) chip(`box ${state.box.join(", ")}`, { box: null });
  if (state.retracted) chip("retracted too", { retracted: false });
  for (const [property, values] of Object.entries(state.facets)) {
    for (const value of values) {
      chip(`${title(property)}: ${text(value)}`, { facets: toggled(state.facets, property, value, false) });
    }
  }
  for (const [property, [least, greatest]] of Object.entries(state.ranges)) {
    chip(`${title(property)}: ${least ?? "…"} to ${greatest ?? "…"}`, {
      ranges: ranged(state.ranges, property, [null, null]),
    });
  }
  if (found.length > 1) {
    const none = { q: "", from: "", to: "", box: null, retracted: false, facets: {}, ranges: {} };
    found.push(
      h("li", {}, h("button", { type: "button", class: "quiet", click: () => go(none) }, "Remove all")),
    );
  }
  return found;
}
