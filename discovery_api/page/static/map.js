// A map of the world, one degree as wide as high: footprints, and a box to search in. By mouse, touch and keyboard.

import { h, svg } from "./dom.js";
import { flatBox, outlines, path, spread, turned } from "./geometry.js";
import { many, place } from "./format.js";
import { listen } from "./gestures.js";
import { graticule } from "./graticule.js";

const COPIES = [-360, 0, 360];
const NEAREST = 0.0005; // degrees per pixel
const WIDE = 270; // degrees; a wider footprint is drawn as its outline, or many of them would hide the map
const AROUND = 60; // degrees around small footprints, so that one sees where on the earth they are
let land = null;

/** The outlines of land, asked for once; where they are missing the graticule is enough. */
function outline() {
  land ??= fetch(new URL("page/land.json", document.baseURI))
    .then((answer) => answer.json())
    .then(outlines)
    .catch(() => "");
  return land;
}

export class WorldMap {
  /** `onBox` is called with a box that a person has drawn; without it the map only shows. */
  constructor({ label, onBox = null, onPick = null }) {
    this.onBox = onBox;
    this.onPick = onPick;
    this.centre = { lon: 0, lat: 0 };
    this.scale = null; // degrees per pixel; null: the whole world
    this.drawing = false;
    this.shown = 0;
    this.follows = true; // the records, until a person moves the map
    this.makeDrawing(label);
    this.element = h("div", { class: "map" }, this.svg, this.makeTools(), this.text);
    listen(this);
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  makeDrawing(label) {
    const id = `map-${Math.random().toString(36).slice(2)}`;
    this.world = svg("path", { class: "land" });
    this.lines = svg("path", { class: "graticule" });
    this.names = svg("g", { class: "degrees", "aria-hidden": "true" });
    this.prints = svg("g", { class: "prints" });
    this.box = svg("path", { class: "box" });
    this.text = h("p", { class: "help", id });
    const parts = [this.world, this.lines, this.prints, this.box];
    this.svg = svg(
      "svg",
      {
        class: "world",
        tabindex: "0",
        role: "application",
        "aria-roledescription": "map",
        "aria-label": label,
        "aria-describedby": id,
        preserveAspectRatio: "xMidYMid slice",
      },
      ...parts,
      this.names,
    );
    outline().then((d) => this.world.setAttribute("d", d && COPIES.map((lon) => shifted(d, lon)).join("")));
  }

  makeTools() {
    const button = (name, text, does) =>
      h("button", { type: "button", title: name, "aria-label": name, click: does }, text);
    const draws = this.onBox
      ? [
          (this.drawButton = h(
            "button",
            { type: "button", "aria-pressed": "false", click: () => this.draws(!this.drawing) },
            "Draw a box",
          )),
          h("button", { type: "button", click: () => this.onBox(this.view()) }, "Search this view"),
        ]
      : [];
    return h(
      "div",
      { class: "tools", role: "group", "aria-label": "Map tools" },
      button("Zoom in", "+", () => this.zoom(0.5)),
      button("Zoom out", "−", () => this.zoom(2)),
      button("Whole world", "⤢", () => this.whole()),
      h("button", { type: "button", click: () => this.fit(0) }, "Footprints"),
      draws,
    );
  }

  // What is shown ------------------------------------------------------------------------------------------------

  /** Show the footprints of these records: `id`, `geometry`, `bbox`. */
  setFootprints(records) {
    this.places = [];
    this.shown = 0;
    this.prints.replaceChildren();
    records.forEach((record, at) => {
      const d = path(record.geometry, record.bbox);
      if (d === null) return;
      this.shown += 1;
      const box = flatBox(record.bbox);
      if (box) this.places.push(spread(box));
      const kind = box && box[2] - box[0] > WIDE ? "print wide" : "print";
      for (const lon of COPIES) {
        this.prints.append(
          svg("path", {
            class: kind,
            d,
            transform: `translate(${lon})`,
            "data-at": at,
            click: () => this.onPick?.(at),
          }),
        );
      }
    });
    this.records = records.length;
    if (this.follows) this.fit();
    this.say();
  }

  setBox(box) {
    this.chosen = box;
    const { west, east, south, north } = box ? spread(box) : {};
    const one = (lon) => `M${west + lon} ${-south}V${-north}H${east + lon}V${-south}Z`;
    this.box.setAttribute("d", box ? COPIES.map(one).join("") : "");
    if (box) this.follows = false;
    this.say();
  }

  highlight(at, on) {
    for (const print of this.prints.children) {
      if (Number(print.dataset.at) === at) print.classList.toggle("lit", on);
    }
  }

  say() {
    if (!this.svg.clientWidth) return;
    const said = [`Shown is ${place(this.view())}.`];
    if (this.records !== undefined)
      said.push(`${many(this.shown, "footprint")} of ${many(this.records, "record")}.`);
    if (this.chosen) said.push(`Search box: ${place(this.chosen)}.`);
    this.text.textContent = said.join(" ");
    this.svg.setAttribute(
      "aria-description",
      `${this.text.textContent} Arrow keys move, plus and minus zoom, 0 shows the whole world${this.onBox ? ", B searches this view" : ""}.`,
    );
  }

  // The view -----------------------------------------------------------------------------------------------------

  size() {
    return { width: this.svg.clientWidth || 1, height: this.svg.clientHeight || 1 };
  }

  farthest() {
    const { width, height } = this.size();
    return Math.max(360 / width, 180 / height);
  }

  draw() {
    const { width, height } = this.size();
    const scale = Math.min(this.scale ?? this.farthest(), this.farthest());
    const wide = width * scale;
    const high = height * scale;
    const free = Math.max(0, 90 - high / 2);
    this.centre.lat = Math.min(free, Math.max(-free, this.centre.lat));
    this.centre.lon = turned(this.centre.lon);
    this.left = this.centre.lon - wide / 2;
    this.top = this.centre.lat + high / 2;
    this.now = scale;
    this.svg.setAttribute("viewBox", `${this.left} ${-this.top} ${wide} ${high}`);
    const { lines, names } = graticule({ left: this.left, top: this.top, wide, high, scale });
    this.lines.setAttribute("d", lines);
    this.names.replaceChildren(...names);
    this.say();
  }

  /** What is in view, as a box. */
  view() {
    const { width, height } = this.size();
    const south = Math.max(-90, this.top - height * this.now);
    return rounded(boxed(this.left, this.left + width * this.now, south, Math.min(90, this.top)), this.now);
  }

  whole() {
    this.follows = false;
    this.overview();
  }

  overview() {
    this.scale = null;
    this.centre = { lon: 0, lat: 0 };
    this.draw();
  }

  /** Show all footprints, and at least so many degrees. */
  fit(least = AROUND) {
    const only = this.places ?? [];
    if (!only.length) return this.overview();
    const { width, height } = this.size();
    const west = Math.min(...only.map((one) => one.west));
    const east = Math.max(...only.map((one) => one.east));
    const south = Math.min(...only.map((one) => one.south));
    const north = Math.max(...only.map((one) => one.north));
    this.centre = { lon: (west + east) / 2, lat: (south + north) / 2 };
    this.scale = Math.max(
      NEAREST * 4,
      1.3 * Math.max((east - west) / width, (north - south) / height, least / width),
    );
    return this.draw();
  }

  zoom(factor, at = this.centre) {
    this.follows = false;
    const scale = Math.min(this.farthest(), Math.max(NEAREST, this.now * factor));
    const ratio = scale / this.now;
    this.centre = {
      lon: at.lon + (this.centre.lon - at.lon) * ratio,
      lat: at.lat + (this.centre.lat - at.lat) * ratio,
    };
    this.scale = scale === this.farthest() ? null : scale;
    this.draw();
  }

  pan(right, up) {
    this.follows = false;
    this.centre = { lon: this.centre.lon + right, lat: this.centre.lat + up };
    this.draw();
  }

  draws(on) {
    this.drawing = on && this.onBox !== null;
    this.drawButton?.setAttribute("aria-pressed", String(this.drawing));
    this.svg.classList.toggle("drawing", this.drawing);
  }

  at(event) {
    const frame = this.svg.getBoundingClientRect();
    return {
      lon: this.left + (event.clientX - frame.left) * this.now,
      lat: this.top - (event.clientY - frame.top) * this.now,
    };
  }

  between(one, other) {
    const [south, north] = [one.lat, other.lat]
      .sort((a, b) => a - b)
      .map((lat) => Math.max(-90, Math.min(90, lat)));
    const [west, east] = [one.lon, other.lon].sort((a, b) => a - b);
    return rounded(boxed(west, east, south, north), this.now);
  }
}

function boxed(west, east, south, north) {
  return east - west >= 360 ? [-180, south, 180, north] : [turned(west), south, turned(east), north];
}

/** To about a pixel, so that the numbers stay short. */
function rounded(box, scale) {
  const decimals = Math.max(0, Math.min(4, Math.ceil(-Math.log10(scale))));
  return box.map((value) => Number(value.toFixed(decimals)));
}

function shifted(d, lon) {
  return lon ? d.replace(/([ML])(-?[\d.]+)/g, (_, letter, x) => letter + (Number(x) + lon)) : d;
}
