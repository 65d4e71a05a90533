// Lines of equal longitude and latitude over a part of the world, and their names.

import { svg } from "./dom.js";
import { latitude, longitude } from "./format.js";
import { turned } from "./geometry.js";

const STEPS = [90, 60, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05];
const LINE_PX = 70; // the least distance between two lines
const NAME_PX = 11;
const GAP_PX = 3;

/** The lines as a path, and the names as elements. `left` and `top` in degrees, `scale` in degrees per pixel. */
export function graticule({ left, top, wide, high, scale }) {
  const step = STEPS.findLast((one) => one / scale >= LINE_PX) ?? STEPS[0];
  const decimals = step < 1 ? 2 : 0;
  const [gap, size] = [GAP_PX * scale, NAME_PX * scale];
  const [bottom, ceiling] = [Math.max(-90, top - high), Math.min(90, top)];
  const lines = [];
  const names = [];
  const name = (text, x, y) => names.push(svg("text", { x, y, "font-size": size }, text));
  for (let lon = Math.ceil(left / step) * step; lon <= left + wide; lon += step) {
    lines.push(`M${lon} ${-ceiling}V${-bottom}`);
    name(longitude(Number(turned(lon).toFixed(decimals))), lon + gap, -bottom - gap);
  }
  for (let lat = Math.ceil(bottom / step) * step; lat <= ceiling; lat += step) {
    lines.push(`M${left} ${-lat}h${wide}`);
    if (lat > bottom + 2 * size) name(latitude(Number(lat.toFixed(decimals))), left + gap, -lat - gap);
  }
  return { lines: lines.join(""), names };
}
