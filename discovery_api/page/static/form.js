// The form beside the list: what it holds becomes the state, and the state what it holds.

import { byId, h, settled } from "./dom.js";
import { LIMITS, bound, readBox } from "./state.js";

const TYPING_MS = 300;
const BOX = ["west", "south", "east", "north"];
const ORDERS = [
  ["", "as the catalogue has it"],
  ["+datetime", "earliest first"],
  ["-datetime", "most recent first"],
  ["+id", "name, A to Z"],
  ["-id", "name, Z to A"],
  ["-updated", "last changed first"],
];
const NO_BOX =
  "A box needs four numbers: west and east from -180 to 360, south and north from -90 to 90, south below north.";

export class Form {
  /** `now` gives the state, `go` takes what is to change in it, `complain` a sentence. */
  constructor({ now, go, complain }) {
    this.now = now;
    this.complain = complain;
    this.typing = false; // while what somebody types is taken over
    this.typed = false; // that was the last thing that happened
    this.go = (change, how) => {
      this.typed = false;
      go(change, how);
    };
    byId("sort").replaceChildren(...ORDERS.map(([value, said]) => h("option", { value }, said)));
    byId("limit").replaceChildren(...LIMITS.map((value) => h("option", { value }, value)));
    this.listen();
  }

  listen() {
    const typing = settled(TYPING_MS, () => this.take(true));
    const on = (id, event, does) => byId(id).addEventListener(event, does);
    on("filters", "submit", (event) => {
      event.preventDefault();
      typing.cancel();
      if (BOX.includes(document.activeElement?.id)) this.useBox();
      else this.take(false);
    });
    on("text", "input", typing);
    on("from", "change", () => this.take(false));
    on("to", "change", () => this.take(false));
    on("collection", "change", ({ target }) => this.go({ collection: target.value, facets: {}, ranges: {} }));
    on("retracted", "change", ({ target }) => this.go({ retracted: target.checked }));
    on("sort", "change", ({ target }) => this.go({ sort: target.value }));
    on("limit", "change", ({ target }) => this.go({ limit: Number(target.value) }));
    on("use-box", "click", () => this.useBox());
    on("clear-box", "click", () => this.go({ box: null }));
  }

  /** Show the state. */
  fill() {
    const state = this.now();
    for (const name of ["from", "to", "collection", "sort"]) this.put(name, state[name]);
    this.put("text", state.q);
    this.put("limit", String(state.limit));
    byId("retracted").checked = state.retracted;
    BOX.forEach((side, at) => this.put(side, state.box ? String(state.box[at]) : ""));
    byId("box-said").textContent = state.box ? "a box" : "anywhere";
  }

  /** What somebody is typing is left alone. */
  put(id, value) {
    const field = byId(id);
    if (this.typing && field === document.activeElement) return;
    if (id === "collection" && ![...field.options].some((option) => option.value === value)) {
      field.append(h("option", { value }, value));
    }
    if (field.value !== value) field.value = value;
  }

  /** The collections to choose from. */
  offerCollections(known) {
    const options = known.map((one) => h("option", { value: one.id }, one.title || one.id));
    byId("collection").replaceChildren(h("option", { value: "" }, "All collections"), ...options);
    this.put("collection", this.now().collection);
  }

  /** An order by a property that no record has would be refused. */
  offerOrders(properties) {
    for (const option of byId("sort").options) {
      const missing = option.value === "-updated" && !properties.has("updated");
      option.hidden = option.disabled = missing && this.now().sort !== option.value;
    }
  }

  /** Whether the state makes sense; what does not is marked and said. */
  fine() {
    const { from, to } = this.now();
    const wrong = [];
    for (const [id, text, last] of [
      ["from", from, false],
      ["to", to, true],
    ]) {
      const good = !text || bound(text, last) !== null;
      byId(id).toggleAttribute("aria-invalid", !good);
      if (!good) wrong.push(`“${text}” is not a year, a month or a day.`);
    }
    if (!wrong.length && from && to && bound(from, false) > bound(to, true))
      wrong.push("The time ends before it begins.");
    if (wrong.length) this.complain(wrong.join(" "));
    return wrong.length === 0;
  }

  /** Take over what the fields hold; all that is typed in one go is one step for the back button. */
  take(typing) {
    const change = { q: byId("text").value, from: byId("from").value.trim(), to: byId("to").value.trim() };
    if (Object.entries(change).every(([name, value]) => this.now()[name] === value)) return;
    const replace = typing && this.typed;
    this.typing = typing;
    this.go(change, { replace });
    this.typing = false;
    this.typed = typing;
  }

  useBox() {
    const box = readBox(BOX.map((side) => byId(side).value).join(","));
    if (box) this.go({ box });
    else this.complain(NO_BOX);
  }
}
