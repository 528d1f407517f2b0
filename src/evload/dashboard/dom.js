// Makes elements, tables and downloads.

export const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

export const $ = (id) => document.getElementById(id);

export function save(href, name) {
  element("a", { href, download: name }).click();
}

export function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  save(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** `columns` have a name and a title; `shown` writes a value, or makes an element for it and its row. */
export function tableOf(columns, rows, title, foot) {
  const head = columns.map((column) => element("th", { scope: "col", textContent: column.title }));
  const line = (row) =>
    element("tr", {}, ...columns.map((column) => element("td", {}, column.shown(row[column.name], row))));
  return element(
    "table",
    {},
    element("caption", { className: "unseen", textContent: title }),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map(line)),
    ...(foot ? [element("tfoot", {}, line(foot))] : []),
  );
}
