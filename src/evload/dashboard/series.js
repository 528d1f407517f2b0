// From an answer's rows to the points of a chart: pure, without Plotly and without the page.

import { DAY, toMs, toText } from "./format.js";

/** A step for each row. Between rows that do not follow each other the line breaks, or falls to `between`. */
export function steps(rows, { of, value, size, between = null }) {
  const [x, y] = [[], []];
  const point = (ms, value) => {
    x.push(toText(ms));
    y.push(value);
  };
  rows.forEach((row, index) => {
    const [begin, next] = [toMs(row[of]), index + 1 < rows.length ? toMs(rows[index + 1][of]) : Infinity];
    point(begin, row[value]);
    if (next <= begin + size) return; // the next one, or the same hour again when clocks are set back
    point(begin + size - 1000, row[value]);
    point(begin + size, between);
    if (between !== null && next < Infinity) point(next - 1000, between);
  });
  return { x, y };
}

/**
 * The mean of the observed days among the seven calendar days that end with each day, from the seventh day on. The card
 * "Last 7 days" is another figure: it counts seven days of hours back from the latest hour, which touch up to eight
 * calendar days, and says which.
 */
export function sevenDayMean(rows, value) {
  const means = [];
  let first = 0;
  rows.forEach((row, index) => {
    const now = toMs(row.day);
    while (toMs(rows[first].day) <= now - 7 * DAY) first++;
    const sum = rows.slice(first, index + 1).reduce((before, one) => before + one[value], 0);
    means.push(now - toMs(rows[0].day) < 6 * DAY ? null : Math.round((sum / (index - first + 1)) * 1000) / 1000);
  });
  return means;
}
