// The one API that this page talks to: its own, by addresses relative to the document.

const BASE = new URL(".", document.baseURI);
const WAIT_MS = 60_000;
const PAGES_MAX = 20;

/** What the API said, or that it could not be asked, as a sentence. */
export class Problem extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

export const get = (path, signal) => ask(path, { method: "GET" }, signal);

export const post = (path, body, signal) =>
  ask(
    path,
    { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
    signal,
  );

async function ask(path, request, signal) {
  const signals = [AbortSignal.timeout(WAIT_MS), ...(signal ? [signal] : [])];
  const headers = { ...request.headers, accept: "application/json, application/geo+json" };
  let answer;
  let text;
  try {
    answer = await fetch(new URL(path, BASE), { ...request, headers, signal: AbortSignal.any(signals) });
    text = await answer.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(
      error.name === "TimeoutError" ? "The server took too long to answer." : "The server cannot be reached.",
    );
  }
  const value = decoded(text);
  if (!answer.ok) throw new Problem(sentence(value, answer.status), answer.status);
  if (value === undefined)
    throw new Problem("The server gave an answer that this page cannot read.", answer.status);
  return value;
}

function decoded(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentence(problem, status) {
  const said = problem?.detail ?? problem?.description ?? problem?.title;
  const text = typeof said === "string" && said ? said : `The server answered with status ${status}`;
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

/** True of an error that only says: something newer is being asked. */
export const stale = (error) => error?.name === "AbortError";

const part = encodeURIComponent;

export const itemPath = (collection, item) => `collections/${part(collection)}/items/${part(item)}`;

export const collectionPath = (collection) => `collections/${part(collection)}`;

/** The place that a link to another page of results carries, or null. */
export function token(answer, rel) {
  const link = (answer.links ?? []).find(
    (one) => one.rel === rel || (rel === "prev" && one.rel === "previous"),
  );
  if (!link) return null;
  return link.body?.token ?? new URL(link.href, BASE).searchParams.get("token");
}

/** All Collections, over as many pages as there are. */
export async function collections(signal) {
  const found = [];
  let path = "collections";
  for (let page = 0; path && page < PAGES_MAX; page += 1) {
    const answer = await get(path, signal);
    found.push(...answer.collections);
    const next = (answer.links ?? []).find((link) => link.rel === "next");
    path = next ? `collections${new URL(next.href, BASE).search}` : null;
  }
  return found;
}

/** The collection and id in the address of an item, or null. */
export function namedItem(href) {
  const found = /\/collections\/([^/?#]+)\/items\/([^/?#]+)$/.exec(href ?? "");
  return found ? { of: decodeURIComponent(found[1]), item: decodeURIComponent(found[2]) } : null;
}
