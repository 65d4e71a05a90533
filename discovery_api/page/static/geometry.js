// GeoJSON as paths of SVG in degrees, longitude to the right and latitude upwards.

const POSITIONS_MAX = 2_000; // of one line or ring; longer ones are thinned out
const DEPTH_MAX = 5;

/** The path of a geometry, or null where it has none. `box` tells whether a ring goes over the 180th meridian. */
export function path(geometry, box) {
  const parts = [];
  walk(geometry, crossing(box), parts, 0);
  return parts.length ? parts.join("") : null;
}

/** A box whose west is greater than its east. */
export function crossing(box) {
  return Array.isArray(box) && box.length >= 4 && box[0] > box[box.length / 2];
}

function walk(geometry, crosses, parts, depth) {
  if (!geometry || depth > DEPTH_MAX) return;
  const { type, coordinates: at, geometries } = geometry;
  if (type === "GeometryCollection")
    (geometries ?? []).forEach((one) => walk(one, crosses, parts, depth + 1));
  else if (type === "Point") parts.push(dot(at));
  else if (type === "MultiPoint") parts.push(...at.map(dot));
  else if (type === "LineString") parts.push(line(at, crosses, ""));
  else if (type === "MultiLineString") parts.push(...at.map((one) => line(one, crosses, "")));
  else if (type === "Polygon") parts.push(...at.map((ring) => line(ring, crosses, "Z")));
  else if (type === "MultiPolygon") parts.push(...at.flat().map((ring) => line(ring, false, "Z"))); // has been cut
}

// A line of no length with round ends is a dot of the same size at every zoom.
const dot = ([lon, lat]) => `M${lon} ${-lat}h0`;

function line(positions, crosses, end) {
  const step = Math.ceil(positions.length / POSITIONS_MAX);
  // Where the box says that the ring goes over the 180th meridian, its western half continues behind the eastern one.
  const points = positions
    .filter((_, at) => at % step === 0)
    .map(([lon, lat]) => `${crosses && lon < 0 ? lon + 360 : lon} ${-lat}`);
  return `M${points.join("L")}${end}`;
}

/** A box as corners with west <= east, which may then be beyond 180. */
export function spread([west, south, east, north]) {
  return { west, south, north, east: east < west ? east + 360 : east };
}

/** A longitude from -180 to 180. */
export function turned(lon) {
  return lon >= -180 && lon <= 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** The box of a record, of four numbers, or null. */
export function flatBox(box) {
  if (!Array.isArray(box) || ![4, 6].includes(box.length) || !box.every(Number.isFinite)) return null;
  return box.length === 4 ? box : [box[0], box[1], box[3], box[4]];
}

/** Outlines of land from flat lists of longitudes and latitudes. */
export function outlines(rings) {
  return rings
    .map((ring) => {
      const points = [];
      for (let at = 0; at + 1 < ring.length; at += 2) points.push(`${ring[at]} ${-ring[at + 1]}`);
      return `M${points.join("L")}Z`;
    })
    .join("");
}
