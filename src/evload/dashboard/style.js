// How all charts look: the layout that they share, in the colours of page.css.

const COARSE = matchMedia("(pointer: coarse)");

const style = getComputedStyle(document.documentElement);

/** A colour or a font of page.css, light or dark as it is now. */
export const colour = (name) => style.getPropertyValue(`--${name}`).trim();

/** Plotly reads some HTML in texts; what users are called is none. */
export const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Whether the page is drawn for paper, which is narrower than a screen. */
export const isOnPaper = () => "print" in document.documentElement.dataset;

const axis = (more) => ({
  gridcolor: colour("grid"),
  linecolor: colour("line"),
  zeroline: false,
  separatethousands: true,
  exponentformat: "none",
  ...more,
  title: more.title && { text: more.title, standoff: 10, font: { size: 12 } },
});

export function layout({ xaxis, yaxis, ...more }) {
  const surface = colour("surface");
  return {
    paper_bgcolor: surface,
    plot_bgcolor: surface,
    margin: { l: 60, r: 8, t: 8, b: 40 },
    autosize: true,
    font: { family: colour("sans"), size: isOnPaper() ? 10 : 12, color: colour("muted") },
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("surface"), bordercolor: colour("line"), font: { color: colour("ink"), size: 12 } },
    showlegend: false,
    legend: {
      orientation: "h",
      x: 1,
      xanchor: "right",
      y: 1.02,
      yanchor: "bottom",
      itemclick: false,
      itemdoubleclick: false,
    },
    dragmode: COARSE.matches ? false : "zoom",
    xaxis: axis({ showgrid: false, ...xaxis }),
    yaxis: axis({ rangemode: "tozero", fixedrange: true, ticklabeloverflow: "allow", ...yaxis }),
    ...more,
  };
}
