// Users and locations as the API takes them in an address: lines of CSV, so that an id may hold a comma.

const QUOTED = /[",\r\n]/;
const ONE = /"((?:[^"]|"")*)"|([^",\r\n]+)/y;

/** What stands for the location of rows that name none. */
export const NOWHERE = "(none named)";

export const nameOf = (id) => id || NOWHERE;

const written = (id) => (id === "" || QUOTED.test(id) ? `"${id.replaceAll('"', '""')}"` : id);

/** Adds the ids to a query, each as a parameter of its own. */
export function addIds(query, name, ids) {
  for (const id of ids) query.append(name, written(id));
}

/** The ids of a parameter, sorted, each once; null if a value is no line of CSV. */
export function readIds(query, name) {
  const ids = new Set();
  for (const line of query.getAll(name)) {
    const found = idsOf(line);
    if (!found) return null;
    for (const id of found) ids.add(id);
  }
  return [...ids].sort();
}

function idsOf(line) {
  const ids = [];
  ONE.lastIndex = 0;
  while (ONE.lastIndex < line.length) {
    const found = ONE.exec(line);
    if (!found) return null;
    ids.push(found[1] !== undefined ? found[1].replaceAll('""', '"') : found[2]);
    if (ONE.lastIndex === line.length) return ids;
    if (line[ONE.lastIndex] !== "," || ONE.lastIndex === line.length - 1) return null;
    ONE.lastIndex++;
  }
  return ids;
}

/** "locations AdO1, AdO3 · user AdO3-4", or nothing where the whole site is meant. */
export function membersInWords({ locations, users }) {
  const some = (one, many, ids) => {
    if (!ids.length) return [];
    const named = ids.slice(0, 4).map(nameOf).join(", ");
    const more = ids.length > 4 ? ` and ${ids.length - 4} more` : "";
    return [`${ids.length === 1 ? one : many} ${named}${more}`];
  };
  return [...some("location", "locations", locations), ...some("user", "users", users)].join(" · ");
}
