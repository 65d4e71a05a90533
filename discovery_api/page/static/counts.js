// Which properties records are counted by, and the counts.

import { collectionPath, get, post } from "./api.js";
import { NODES } from "./format.js";
import { searchBody } from "./state.js";

const NOT_ASKED = new Set(["title", "base_id", "description", "created", "updated", "license"]);
// What people narrow down by first, whatever the namespace; all others follow by name.
const FIRST = [
  NODES,
  "collection",
  "source_id",
  "experiment_id",
  "variable_id",
  "frequency",
  "table_id",
  "institution_id",
  "member_id",
  "variant_label",
  "activity_id",
  "realm",
  "grid_label",
  "nominal_resolution",
  "platform",
  "constellation",
  "instruments",
  "latest",
];
const TOTAL = "total_count";
const FACETS_MAX = 60;
const kept = new Map();

/**
 * The facets of a collection, or of all: {facets: [{name, property}], properties}, where `name` is what the API calls
 * the counts of a property, and `properties` are all that there are.
 */
export async function facetsOf(collection, signal) {
  if (!kept.has(collection)) {
    const path = collection ? `${collectionPath(collection)}/aggregations` : "aggregations";
    const { aggregations } = await get(path, signal);
    const listed = aggregations.filter(
      ({ property, data_type: type }) => property && type === "frequency_distribution",
    );
    kept.set(collection, {
      facets: listed
        .filter((one) => isFacet(one, collection))
        .sort(byRank)
        .slice(0, FACETS_MAX),
      properties: new Set(listed.map(({ property }) => property)),
    });
  }
  return kept.get(collection);
}

function isFacet({ property, frequency_distribution_data_type: of }, collection) {
  return of !== "datetime" && !NOT_ASKED.has(property) && !(collection && property === "collection");
}

function rank({ property }) {
  const at = [property, property.split(":").pop()]
    .map((name) => FIRST.indexOf(name))
    .find((place) => place >= 0);
  return at ?? FIRST.length;
}

const byRank = (one, other) => rank(one) - rank(other); // stable, so the others stay in their order

/** Counts by property: the buckets, and how many records there are. A property with a choice is counted without it, so that other values can be added. */
export async function counts(state, facets, signal) {
  const path = state.collection ? `${collectionPath(state.collection)}/aggregate` : "aggregate";
  const isChosen = ({ property }) => state.facets[property] || state.ranges[property];
  const chosen = facets.filter(isChosen);
  const others = facets.filter((facet) => !isChosen(facet));
  const asked = [[others, null], ...chosen.map((facet) => [[facet], facet.property])].filter(
    ([some]) => some.length,
  );
  const answers = await Promise.all(asked.map(([some, without]) => ask(path, state, some, without, signal)));
  return new Map(answers.flat());
}

async function ask(path, state, facets, without, signal) {
  const { collections, ...body } = searchBody(state, without);
  const told = state.collection ? body : { ...body, ...(collections && { collections }) };
  const answer = await post(
    path,
    { ...told, aggregations: [TOTAL, ...facets.map(({ name }) => name)] },
    signal,
  );
  const byName = new Map(answer.aggregations.map((one) => [one.name, one]));
  const total = byName.get(TOTAL)?.value;
  return facets.map(({ name, property }) => [
    property,
    { total, buckets: (byName.get(name)?.buckets ?? []).map(typed) },
  ]);
}

/** A bucket with its key as the property has it: on the wire every key is a text, with its type beside it. */
function typed({ key, data_type: type, frequency }) {
  if (type === "boolean") return { key: String(key) === "true", frequency };
  return { key: type === "numeric" ? Number(key) : key, frequency };
}
