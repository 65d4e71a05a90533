// Properties to choose from, each value with the number of records that choosing it would leave.

import { h } from "./dom.js";
import { NODES, many, number, text, title } from "./format.js";
import { ranged, toggled } from "./state.js";

const VALUES_SHOWN = 8;
const VALUES_MAX = 500;
const SEARCHABLE = 15; // from so many values on there is a field to find one
const OPEN = 4;

export class Facets {
  /** `go` is given what is to change in the state. */
  constructor(container, go) {
    this.container = container;
    this.go = go;
    this.opened = new Map(); // property -> open or closed, as a person has left it
    this.wide = new Map(); // property -> all values shown
    this.sought = new Map(); // property -> text that the values hold
  }

  /** Show these counts; what has the focus keeps it. */
  show(state, facets, found) {
    this.last = [state, facets, found];
    const focused = document.activeElement?.dataset?.focus;
    const useful = facets.filter(
      ({ property }) =>
        state.facets[property] || state.ranges[property] || tells(property, found.get(property)),
    );
    const parts = useful.map(({ property }, at) =>
      this.facet(property, found.get(property)?.buckets ?? [], state, at),
    );
    this.container.replaceChildren(
      ...(parts.length ? parts : [h("p", { class: "help" }, "Nothing to narrow down by.")]),
    );
    this.container.removeAttribute("aria-busy");
    if (focused) this.container.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  again() {
    this.show(...this.last);
  }

  facet(property, buckets, state, at) {
    const chosen = state.facets[property] ?? [];
    const missing = chosen.filter((value) => !buckets.some(({ key }) => key === value));
    const all = [...missing.map((key) => ({ key, frequency: 0 })), ...buckets];
    const name = title(property);
    const range = state.ranges[property];
    const isRange =
      range !== undefined ||
      (!chosen.length && all.length > SEARCHABLE && all.every(({ key }) => typeof key === "number"));
    const open = this.opened.get(property) ?? (chosen.length > 0 || range !== undefined || at < OPEN);
    const said = range ? "a range" : chosen.length ? `${chosen.length} chosen` : many(all.length, "value");
    const content = isRange
      ? [this.range(property, all, state)]
      : [this.finder(property, all), ...this.values(property, all, chosen)];
    const toggle = (event) => this.opened.set(property, event.currentTarget.open);
    return h(
      "details",
      { class: "facet", open, toggle },
      h(
        "summary",
        { "data-focus": `${property} summary`, title: property },
        name,
        " ",
        h("span", { class: "count" }, said),
      ),
      h("fieldset", {}, h("legend", { class: "hidden" }, name), ...content),
    );
  }

  /** Two numbers instead of a long list of them. */
  range(property, all, state) {
    const ends = state.ranges[property] ?? [null, null];
    const there = all.map(({ key }) => key);
    const field = (said, at, limit) => {
      const change = (event) => {
        const value = event.currentTarget.valueAsNumber;
        const changed = ends.with(at, Number.isNaN(value) ? null : value);
        this.go({ ranges: ranged(state.ranges, property, changed) });
      };
      return h(
        "div",
        {},
        h(
          "label",
          {},
          said,
          h("input", {
            type: "number",
            step: "any",
            value: ends[at],
            placeholder: limit,
            change,
            "data-focus": `${property} ${said}`,
          }),
        ),
      );
    };
    return h(
      "div",
      { class: "pair" },
      field("At least", 0, Math.min(...there)),
      field("At most", 1, Math.max(...there)),
    );
  }

  finder(property, all) {
    if (all.length < SEARCHABLE) return null;
    const input = (event) => {
      this.sought.set(property, event.currentTarget.value);
      this.again();
    };
    return h("input", {
      type: "search",
      class: "finder",
      placeholder: "Find a value",
      "aria-label": `Find a value of ${title(property)}`,
      value: this.sought.get(property) ?? "",
      "data-focus": `${property} finder`,
      input,
      autocomplete: "off",
    });
  }

  values(property, all, chosen) {
    const sought = (this.sought.get(property) ?? "").toLowerCase();
    const fitting = all.filter(({ key }) => text(key).toLowerCase().includes(sought) || chosen.includes(key));
    const limit = this.wide.get(property) ? VALUES_MAX : VALUES_SHOWN;
    const shown = fitting.filter(({ key }, at) => at < limit || chosen.includes(key));
    const list = h(
      "ul",
      { class: "values" },
      shown.map((bucket) => this.value(property, bucket, chosen)),
    );
    const click = () => {
      this.wide.set(property, !this.wide.get(property));
      this.again();
    };
    const more =
      fitting.length > VALUES_SHOWN &&
      h(
        "button",
        { type: "button", class: "quiet", click, "data-focus": `${property} more` },
        this.wide.get(property) ? "Fewer" : `${number(fitting.length - shown.length)} more`,
      );
    return [
      list,
      more,
      fitting.length > VALUES_MAX &&
        this.wide.get(property) &&
        h("p", { class: "help" }, `The first ${VALUES_MAX} are shown.`),
    ];
  }

  value(property, { key, frequency }, chosen) {
    const change = (event) =>
      this.go({ facets: toggled(this.last[0].facets, property, key, event.currentTarget.checked) });
    const box = h("input", {
      type: "checkbox",
      checked: chosen.includes(key),
      change,
      "data-focus": `${property} ${JSON.stringify(key)}`,
    });
    return h(
      "li",
      {},
      h(
        "label",
        { class: frequency ? "check" : "check none" },
        box,
        h("span", { class: "key" }, text(key)),
        h("span", { class: "count" }, ...counted(property, frequency)),
      ),
    );
  }
}

function counted(property, frequency) {
  if (property === NODES) return [many(frequency, "file")];
  return [number(frequency), h("span", { class: "hidden" }, frequency === 1 ? " record" : " records")];
}

/** Whether counts help to choose: not where all records have the same value, or each one of its own. */
function tells(property, { buckets = [], total } = {}) {
  const [first, ...others] = buckets;
  if (!first || (!others.length && (first.frequency === total || property === NODES))) return false;
  return buckets.length <= SEARCHABLE || buckets.some(({ frequency }) => frequency > 1);
}
