// Draws the charts whose axes one may change, and answers to pointer and keys. Everything that is shown was computed before:
// here are no statistics.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const colors = 8;
  const byId = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const create = (name, attributes = {}, parent = null, text = null) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== null) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  };
  // Names often differ at their ends.
  const cut = (text, limit) => {
    const signs = [...text];
    if (signs.length <= limit) return text;
    const end = Math.floor((limit - 1) / 3);
    return signs.slice(0, limit - 1 - end).join("") + "…" + signs.slice(signs.length - end).join("");
  };
  // Whole numbers as they are, others with five digits, and three after the point.
  const format = (number) => {
    if (number === null || number === undefined) return "(absent)";
    if (typeof number !== "number") return String(number);
    const size = Math.abs(number);
    if (Number.isInteger(number) && size < 1e15) return String(number);
    if (size < 1e-4 || size >= 1e9) return number.toExponential(4).replace(/\.?0+e/, "e");
    return String(Number(number.toPrecision(Math.max(5, Math.floor(Math.log10(size)) + 4))));
  };

  // Axes

  const niceStep = (step) => {
    const power = 10 ** Math.floor(Math.log10(step));
    const fraction = step / power;
    return (fraction <= 1 ? 1 : fraction <= 2 ? 2 : fraction <= 5 ? 5 : 10) * power;
  };
  const scale = (axis, values, start, end) => {
    if (axis.names) {
      const count = Math.max(axis.names.length, 1);
      return {
        place: (value) => start + ((value + 0.5) / count) * (end - start),
        ticks: () => axis.names.map((text, value) => ({ value, text })),
        step: Math.abs(end - start) / count,
      };
    }
    const fits = (value) => value !== null && Math.abs(value) < 1e300 && (!axis.log || value > 0);
    const usable = values.filter(fits).map((value) => (axis.log ? Math.log10(value) : value));
    let low = Infinity;
    let high = -Infinity;
    for (const value of usable) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low > high) [low, high] = [0, 1];
    const margin = high > low ? (high - low) * 0.04 : axis.log ? 0.3 : Math.max(Math.abs(low) * 0.05, 1e-9);
    [low, high] = [low - margin, high + margin];
    const place = (value) => {
      if (!fits(value)) return null;
      return start + (((axis.log ? Math.log10(value) : value) - low) / (high - low)) * (end - start);
    };
    const linearTicks = (low, high, wanted) => {
      const found = [];
      const wish = (high - low) / Math.max(wanted, 2);
      const step = niceStep(axis.whole ? Math.max(wish, 1) : wish);
      for (let index = Math.ceil(low / step); index <= Math.floor(high / step) && found.length < 50; index++) {
        const value = Number((index * step).toPrecision(12));
        found.push({ value, text: Math.abs(value) >= 1e7 ? value.toExponential() : String(value) });
      }
      return found;
    };
    const ticks = (wanted) => {
      if (!axis.log) return linearTicks(low, high, wanted);
      const found = [];
      const steps = high - low < 1 ? [1, 2, 3, 5, 7] : high - low < 3 ? [1, 2, 5] : [1];
      const stride = Math.max(1, Math.floor((high - low) / Math.max(wanted, 1)));
      for (let exponent = Math.floor(low); exponent <= Math.ceil(high); exponent++) {
        if (exponent % stride !== 0) continue;
        for (const step of steps) {
          const value = step * 10 ** exponent;
          if (Math.log10(value) >= low && Math.log10(value) <= high) found.push({ value, text: format(value) });
        }
      }
      // In less than a decade there may be none.
      return found.length < 3 ? linearTicks(10 ** low, 10 ** high, wanted) : found;
    };
    const [least, most] = axis.log ? [10 ** low, 10 ** high] : [low, high];
    const nearest = (value) => (value === null ? null : place(Math.min(Math.max(value, least), most)));
    return { place, nearest, ticks, step: 0 };
  };

  // Charts

  let printing = false;
  const curves = byId("curve");
  const dashes = ["", "7 3", "2 3", "9 3 2 3"];
  const line = (points) => {
    let path = "";
    let isDown = false;
    for (const point of points) {
      if (point === null) {
        isDown = false;
        continue;
      }
      path += (isDown ? "L" : "M") + point[0].toFixed(1) + " " + point[1].toFixed(1);
      isDown = true;
    }
    return path;
  };
  const pair = (x, y) => (x === null || y === null ? null : [x, y]);

  const describe = (chart, index, series) => {
    const x = chart.x.names ? chart.x.names[series.x[index]] : format(series.x[index]);
    let text = `${chart.x.label} ${x}` + (chart.legend ? `, ${chart.legend} ${series.label}` : "");
    text += `: ${chart.y.label} ${format(series.mean[index])}`;
    if (series.low[index] !== null) text += ` (${format(series.low[index])} to ${format(series.high[index])})`;
    return `${text}, n = ${series.n[index]}`;
  };

  const drawChart = (holder, original, options = {}) => {
    const chart = { ...original, x: { ...original.x }, y: { ...original.y } };
    if (options.logY) chart.y.log = true;
    if (options.logX && !chart.x.names) {
      chart.x.log = true;
      if (chart.x.label === "iteration") {
        chart.x.label = "iteration, from 1";
        chart.series = chart.series.map((series) => ({ ...series, x: series.x.map((value) => value + 1) }));
      }
    }
    // On paper a page is about as wide as a large phone.
    const width = printing ? (holder === curves ? 680 : 330) : Math.max(280, Math.floor(holder.clientWidth || 640));
    const height = Math.round(Math.min(Math.max(width * 0.62, 260), 430));
    const svg = create("svg", { class: "plot", role: "img", tabindex: "0", viewBox: `0 0 ${width} ${height}`, "data-title": chart.title, "aria-label": `${chart.title}. ${chart.summary}` });
    // The legend, in lines.
    const legend = [];
    let at = 14;
    let lines = chart.legend ? 1 : 0;
    if (chart.legend) {
      for (const [text, index] of [[chart.legend, null], ...chart.series.map((series, index) => [series.label, index])]) {
        const needed = 6.6 * Math.min([...text].length, 24) * (index === null ? 1.15 : 1) + (index === null ? 14 : 36);
        if (at + needed > width - 10 && at > 14) {
          at = 14;
          lines++;
        }
        legend.push({ text, index, x: at, y: 14 + 18 * (lines - 1) });
        at += needed;
      }
    }
    // Intervals that are far wider than the means lie apart end at the edge.
    const means = [...chart.series.flatMap((series) => series.mean), ...(chart.points ? chart.points.y : [])].filter((value) => value !== null);
    const ends = chart.series.flatMap((series) => [...series.low, ...series.high]).filter((value) => value !== null);
    const [least, most] = [Math.min(...means), Math.max(...means)];
    const heights = [...means, ...(most > least ? ends.map((value) => Math.min(Math.max(value, 2 * least - most), 2 * most - least)) : ends)];
    const widths = [...chart.series.flatMap((series) => series.x), ...(chart.points ? chart.points.x : [])];
    const probe = scale(chart.y, heights, height, 0).ticks(height / 60);
    const left = 26 + 6.6 * Math.min(12, Math.max(1, ...probe.map((tick) => tick.text.length)));
    const top = 10 + 18 * lines;
    const names = chart.x.names || [];
    const isSlanted = names.some((name) => 6.6 * Math.min([...name].length, 14) > (width - left - 14) / names.length - 6);
    const bottom = height - (isSlanted ? 100 : 40);
    const x = scale(chart.x, widths, left, width - 14);
    const y = scale(chart.y, heights, bottom, top);
    const write = (text, attributes, limit = 24) => {
      const element = create("text", attributes, svg, cut(text, limit));
      if (element.textContent !== text) element.dataset.tip = text;
      return element;
    };
    for (const tick of probe) {
      const place = y.place(tick.value);
      create("line", { x1: left, x2: width - 14, y1: place, y2: place, class: "grid" }, svg);
      write(tick.text, { x: left - 6, y: place + 4, class: "small", "text-anchor": "end" }, 12);
    }
    let taken = -Infinity;
    for (const tick of x.ticks(width / 80)) {
      const place = x.place(tick.value);
      create("line", { x1: place, x2: place, y1: bottom, y2: bottom + 4, class: "axis" }, svg);
      const half = (6.6 * Math.min([...tick.text].length, 14)) / 2;
      // Texts do not run into each other, or out of the picture.
      if (!isSlanted && (place - half <= taken || place + half >= width)) continue;
      taken = place + half + 4;
      if (isSlanted) write(tick.text, { x: place + 3, y: bottom + 14, class: "small", "text-anchor": "end", transform: `rotate(-40 ${place + 3} ${bottom + 14})` }, 14);
      else write(tick.text, { x: place, y: bottom + 16, class: "small", "text-anchor": "middle" }, 14);
    }
    create("line", { x1: left, x2: width - 14, y1: bottom, y2: bottom, class: "axis" }, svg);
    write(chart.x.label, { x: (left + width - 14) / 2, y: height - 6, class: "strong", "text-anchor": "middle" }, 40);
    write(chart.y.label, { x: 12, y: (top + bottom) / 2, class: "strong", "text-anchor": "middle", transform: `rotate(-90 12 ${(top + bottom) / 2})` }, 30);
    if (chart.points) {
      chart.points.x.forEach((value, index) => {
        const shift = names.length ? (((index * 37) % 101) / 100 - 0.5) * Math.min(x.step * 0.5, 40) : 0;
        const point = pair(x.place(value), y.place(chart.points.y[index]));
        if (point) create("circle", { cx: (point[0] + shift).toFixed(1), cy: point[1].toFixed(1), r: 2.5, class: `point s${chart.points.series[index] % colors}` }, svg);
      });
    }
    chart.series.forEach((series, index) => {
      const shift = chart.kind === "lines" || chart.series.length < 2 ? 0 : (index - (chart.series.length - 1) / 2) * (chart.kind === "strips" ? 9 : 3);
      const at = (value, number) => {
        const point = pair(x.place(value), y.place(number));
        return point && [point[0] + shift, point[1]];
      };
      const end = (value, number) => {
        const point = pair(x.place(value), y.nearest(number));
        return point && [point[0] + shift, point[1]];
      };
      const means = series.x.map((value, place) => at(value, series.mean[place]));
      const group = create("g", { class: `s${index % colors}`, "data-series": index }, svg);
      if (chart.kind === "lines") {
        let upper = [];
        let lower = [];
        const close = () => {
          if (upper.length > 1) create("path", { d: line([...upper, ...lower.reverse()]) + "Z", class: "band" }, group);
          [upper, lower] = [[], []];
        };
        series.x.forEach((value, place) => {
          const [low, high] = [end(value, series.low[place]), end(value, series.high[place])];
          if (low && high) {
            upper.push(high);
            lower.push(low);
          } else close();
        });
        close();
      }
      if (chart.kind !== "strips") {
        create("path", { d: line(means), class: "line", "stroke-dasharray": dashes[Math.floor(index / 2) % 4] || "none" }, group);
      }
      if (chart.kind === "lines" && series.x.length > 30) return;
      means.forEach((mean, place) => {
        if (!mean) return;
        if (chart.kind !== "lines") {
          const [low, high] = [end(series.x[place], series.low[place]), end(series.x[place], series.high[place])];
          if (low && high) create("line", { x1: mean[0], x2: mean[0], y1: low[1], y2: high[1], class: "bar" }, group);
        }
        const dot = create("circle", { cx: mean[0].toFixed(1), cy: mean[1].toFixed(1), r: chart.kind === "lines" ? 2.5 : 4, class: "dot" }, group);
        if (chart.kind !== "lines") dot.dataset.tip = describe(chart, place, series);
      });
    });
    for (const entry of legend) {
      if (entry.index === null) {
        write(entry.text, { x: entry.x, y: entry.y, class: "strong" });
        continue;
      }
      const group = create("g", { class: `s${entry.index % colors}` }, svg);
      create("path", { d: line([[entry.x, entry.y - 4], [entry.x + 18, entry.y - 4]]), class: "line", "stroke-dasharray": (chart.kind !== "strips" && dashes[Math.floor(entry.index / 2) % 4]) || "none" }, group);
      write(entry.text, { x: entry.x + 23, y: entry.y });
    }
    if (chart.kind === "lines") addGuide(svg, chart, x, { left, right: width - 14, top, bottom });
    holder.replaceChildren(svg);
    const note = holder.parentElement.querySelector(".note");
    if (note) {
      const hidden = options.logY ? chart.series.flatMap((series) => series.mean).filter((mean) => mean !== null && mean <= 0).length : 0;
      note.textContent = [...chart.notes, ...(hidden ? [`${hidden} means are not positive, and not on a logarithmic axis.`] : [])].join(" ");
    }
    const caption = holder.parentElement.querySelector("figcaption");
    if (caption) caption.textContent = chart.summary;
  };

  // Along a curve, what all of them say at the place nearest to the pointer.
  const addGuide = (svg, chart, x, box) => {
    const places = [...new Set(chart.series.flatMap((series) => series.x))].sort((a, b) => a - b);
    if (!places.length) return;
    const guide = create("line", { class: "guide", y1: box.top, y2: box.bottom, visibility: "hidden" }, svg);
    const area = create("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top, class: "area", fill: "transparent" }, svg);
    let current = -1;
    const show = (index, near) => {
      current = index;
      const at = x.place(places[index]);
      guide.setAttribute("x1", at);
      guide.setAttribute("x2", at);
      guide.setAttribute("visibility", "visible");
      const lines = chart.series.flatMap((series) => {
        const place = series.x.indexOf(places[index]);
        if (place < 0) return [];
        const interval = series.low[place] === null ? "" : ` (${format(series.low[place])} to ${format(series.high[place])})`;
        return [`${chart.legend ? cut(series.label, 40) + ": " : ""}${format(series.mean[place])}${interval}, n = ${series.n[place]}`];
      });
      const frame = svg.getBoundingClientRect();
      const point = near || [frame.left + (at / svg.viewBox.baseVal.width) * frame.width, frame.top + 30];
      showTip([`${chart.x.label} ${format(places[index])}`, ...lines].join("\n"), point, !near);
    };
    area.addEventListener("pointermove", (event) => {
      const frame = svg.getBoundingClientRect();
      const at = ((event.clientX - frame.left) / frame.width) * svg.viewBox.baseVal.width;
      let best = 0;
      places.forEach((value, index) => {
        const here = x.place(value);
        if (here !== null && Math.abs(here - at) < Math.abs((x.place(places[best]) ?? Infinity) - at)) best = index;
      });
      show(best, [event.clientX, event.clientY]);
    });
    const hide = () => {
      guide.setAttribute("visibility", "hidden");
      hideTip();
    };
    area.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
    });
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      show(Math.min(Math.max(current + step, 0), places.length - 1), null);
    });
  };

  // What a mark says, by pointer and by keys

  const tip = byId("tip");
  const spoken = byId("spoken");
  const showTip = (text, [left, top], isSpoken) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(left + 12, innerWidth - box.width - 4))}px`;
    tip.style.top = `${top + 14 + box.height > innerHeight ? Math.max(4, top - box.height - 10) : top + 14}px`;
    if (isSpoken) spoken.textContent = text;
  };
  const hideTip = () => (tip.hidden = true);
  // Titles would be shown twice.
  const takeTitles = (within) => {
    for (const title of all("svg.plot title", within)) {
      title.parentElement.dataset.tip = title.textContent;
      title.remove();
    }
  };
  document.addEventListener("pointerover", (event) => {
    const mark = event.target.closest ? event.target.closest("[data-tip]") : null;
    if (mark) showTip(mark.dataset.tip, [event.clientX, event.clientY], false);
  });
  document.addEventListener("pointerout", (event) => {
    if (event.target.closest && event.target.closest("[data-tip]")) hideTip();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hideTip();
    const svg = event.target.closest && event.target.closest("svg.plot");
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!svg || !step) return;
    const marks = all("[data-tip]", svg).filter((mark) => mark.tagName !== "text");
    if (!marks.length) return;
    event.preventDefault();
    const now = marks.indexOf(svg.marked);
    if (svg.marked) svg.marked.classList.remove("lit");
    svg.marked = marks[Math.min(Math.max(now + step, 0), marks.length - 1)];
    svg.marked.classList.add("lit");
    const box = svg.marked.getBoundingClientRect();
    showTip(svg.marked.dataset.tip, [box.left + box.width / 2, box.top + box.height / 2], true);
  });

  // Pictures as files: what is to be seen, on white, with its title above and its notes below

  const save = (figure) => {
    const shown = figure.querySelector("svg.plot");
    if (!shown) return;
    const { width, height } = shown.viewBox.baseVal;
    const notes = all(".note", figure).map((note) => note.textContent).filter((note) => note !== "");
    const full = height + 40 + 18 * notes.length;
    const file = create("svg", { viewBox: `0 0 ${width} ${full}`, width, height: full, role: "img" });
    create("title", {}, file, shown.dataset.title);
    create("desc", {}, file, shown.getAttribute("aria-label"));
    create("style", {}, file, data.style);
    create("rect", { width: "100%", height: "100%", fill: "#fff" }, file);
    create("text", { x: 14, y: 22, class: "strong" }, file, cut(shown.dataset.title, Math.floor(width / 8)));
    const content = create("g", { transform: "translate(0 34)" }, file);
    content.append(...shown.cloneNode(true).childNodes);
    for (const mark of all(".brush, .extent, .guide, .area", content)) mark.remove();
    for (const mark of all("[data-tip]", content)) {
      mark.prepend(create("title", {}, null, mark.dataset.tip));
      delete mark.dataset.tip;
    }
    notes.forEach((note, index) => create("text", { x: 14, y: 46 + height + 18 * index, class: "small faint" }, file, cut(note, Math.floor(width / 6))));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(file)], { type: "image/svg+xml" }));
    link.download = `${figure.closest("section").id} ${shown.dataset.title}`.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80) + ".svg";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };
  const addSaving = () => {
    for (const figure of all("figure.panel")) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "save", textContent: "Save as SVG" });
      button.addEventListener("click", () => save(figure));
      figure.append(button);
    }
  };

  // Curves

  const drawCurves = () => {
    if (!curves) return;
    const name = byId("curve-of") ? byId("curve-of").value : "0";
    const group = byId("curve-by") ? byId("curve-by").value : "0";
    const chart = data.curves[name][group];
    if (!chart) {
      curves.replaceChildren("No experiment that is done or running has such a curve.");
      for (const text of all("figcaption, .note", curves.parentElement)) text.textContent = "";
    } else drawChart(curves, chart, { logX: byId("curve-log-x").checked, logY: byId("curve-log-y").checked });
  };
  for (const id of ["curve-of", "curve-by", "curve-log-x", "curve-log-y"]) {
    if (byId(id)) byId(id).addEventListener("change", drawCurves);
  }

  // Parameters

  const drawEffects = () => {
    const result = byId("effect-of") ? byId("effect-of").value : "";
    const color = byId("effect-by") ? byId("effect-by").value : "auto";
    for (const figure of all("[data-effect]")) {
      const effect = data.effects[figure.dataset.effect];
      figure.hidden = result !== "" && String(effect.of) !== result;
      if (figure.hidden) continue;
      const chart = effect.charts[color === "auto" ? effect.auto : color] || effect.charts.none;
      const title = figure.querySelector("h3");
      title.textContent = chart.title;
      drawChart(figure.querySelector(".chart"), chart, { logY: byId("effect-log-y").checked });
    }
  };
  for (const id of ["effect-of", "effect-by", "effect-log-y"]) {
    if (byId(id)) byId(id).addEventListener("change", drawEffects);
  }

  // Pictures of which one is shown

  for (const select of all("select[data-shows]")) {
    const show = () => {
      for (const figure of all(`[data-of="${select.dataset.shows}"]`)) figure.hidden = figure.dataset.choice !== select.value;
      if (select.dataset.shows === "parallel") resetBrush();
    };
    select.addEventListener("change", show);
  }

  // Configs

  const table = byId("config-table");
  const configs = data.configs;
  if (configs) {
    const { cells, texts } = configs.columns.at(-1);
    configs.ids = cells.map((cell) => texts[cell]);
  }
  let order = configs ? configs.ids.map((_, index) => index) : [];
  const known = new Set(configs ? configs.ids : []);
  let sorted = configs ? { column: configs.sorted, descending: configs.descending } : null;
  let shown = 100;
  let brushed = null;
  const text = (column, row) => {
    const cell = column.cells[row];
    return column.texts ? column.texts[cell] ?? "" : cell === null ? "" : column.kind === "number" ? format(cell) : String(cell);
  };
  const raw = (column, row) => (column.texts ? column.texts[column.cells[row]] ?? null : column.cells[row]);
  // The filter takes the conditions that --where takes, and words to look for in all columns; between two of them stands "and",
  // or nothing.
  const notFinite = { nan: NaN, "-nan": NaN, inf: Infinity, "+inf": Infinity, "-inf": -Infinity };
  // Whole numbers that are too long for the language stand as texts.
  const isLong = (cell) => typeof cell === "string" && /^-?\d+$/.test(cell);
  const number = (cell) => (typeof cell === "number" ? cell : isLong(cell) ? Number(cell) : notFinite[cell] ?? null);
  const read = (column, row) => {
    const [cell, value] = [column.cells[row], raw(column, row)];
    // Of what was saved, nothing and null come to the same.
    const isNull = cell === null ? Boolean(column.margins) : cell === column.null || (!column.texts && cell === "null");
    const isMissing = cell === null || isNull;
    const size = number(column.texts ? column.sizes && column.sizes[cell] : cell);
    const isFlag = Boolean(column.flags && column.flags.includes(cell));
    const name = column.names ? column.names[row] : null;
    // Names of functions and the like have no order.
    const hasText = !isMissing && size === null && !isFlag && !(column.named && column.named.includes(cell));
    return { written: String(value), shown: text(column, row), size, text: hasText ? value : null, name, isMissing, isNull, isFlag, isLong: isLong(value) };
  };
  const typed = ({ kind, text }) => {
    const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
    // The cells have nine digits, too, but for whole numbers.
    const rounded = (number) => (Number.isInteger(number) ? number : Number(number.toPrecision(9)));
    const size = isNumber ? rounded(Number(text)) : Object.hasOwn(notFinite, text) ? notFinite[text] : null;
    const digits = text.split(/e/i)[0].replace(/(\.\d*?)0+$/, "$1").replace(/\D/g, "").replace(/^0+/, "").length;
    return { written: text, size, digits, isNull: kind === "word" && /^(null|nil)$/.test(text) };
  };
  // Whether a number, rounded to the digits that are typed, but at least the five that tables show, is the one typed.
  const isSame = (first, wanted) => {
    const second = wanted.size;
    if (first === second || (Number.isNaN(first) && Number.isNaN(second))) return true;
    if (!Number.isFinite(first) || !Number.isFinite(second) || !first || !second) return false;
    const exponent = Math.floor(Math.log10(Math.abs(first)));
    const digits = Math.min(Math.max(wanted.digits, 5, exponent < 15 ? exponent + 1 : 0), 9);
    return Math.abs(first - second) <= 0.5 * 10 ** (exponent - digits + 1) + Math.abs(first) * 2.3e-16 && !(Number.isInteger(first) && Math.abs(first) >= 1e9);
  };
  // Lists in lists, some deep.
  let list = "\\[[^\\[\\]]*\\]";
  for (let depth = 0; depth < 4; depth++) list = `\\[(?:[^\\[\\]]|${list})*\\]`;
  const pattern = new RegExp(`(&&|,)|(\\|\\|)|(<=|>=|!=|==|=|<|>)|(!)|(\\()|(\\))|"([^"]*)"|'([^']*)'|(${list})|([^\\s&|,()<>=!]+)|(\\S)`, "g");
  const tokens = (filter) => {
    const kinds = ["and", "or", "sign", "not", "open", "close", "quoted", "quoted", "word", "word"];
    return [...filter.matchAll(pattern)].map((match) => {
      const place = match.findIndex((text, index) => index > 0 && text !== undefined) - 1;
      const text = match[place + 1];
      if (!kinds[place]) throw `unexpected '${text}'`;
      if (kinds[place] === "word" && /^["']/.test(text)) throw "a quote is not closed";
      const joint = kinds[place] === "word" && text.toLowerCase();
      return { kind: ["and", "or", "not"].includes(joint) ? joint : kinds[place], text };
    });
  };
  const condition = (filter) => {
    const list = tokens(filter);
    let at = 0;
    const peek = (ahead = 0) => list[at + ahead] || { kind: "end" };
    const take = (...kinds) => (kinds.includes(peek().kind) ? list[at++] : null);
    const isWord = (token, ...words) => token.kind === "word" && words.includes(token.text.toLowerCase());
    const fail = (expected) => {
      throw `expected ${expected}, found ${peek().kind === "end" ? "the end" : `'${peek().text}'`}`;
    };
    const value = (after) => typed(take("word", "quoted") || fail(`a value after '${after}'`));
    const values = () => {
      if (peek().kind === "word" && peek().text.startsWith("[")) {
        return tokens(take("word").text.slice(1, -1)).filter((token) => token.kind !== "and").map(typed);
      }
      if (!take("open")) fail("values in parentheses after 'in'");
      const found = [];
      do found.push(value(found.length ? "," : "(")); while (take("and"));
      if (!take("close")) fail("',' or ')'");
      return found;
    };
    const equals = (cell, wanted) => {
      if (cell.name !== null && cell.name === wanted.written) return true;
      if (cell.isMissing) return wanted.isNull && cell.isNull;
      if (cell.isLong && isLong(wanted.written)) return cell.written === wanted.written;
      if (cell.size !== null) return wanted.size !== null && isSame(cell.size, wanted);
      if (cell.isFlag) return new RegExp(`^(${cell.written}|${cell.written.toUpperCase()}|${cell.written[0].toUpperCase()}${cell.written.slice(1)})$`).test(wanted.written);
      const plain = (text) => (/^[[{]/.test(text) ? text.replace(/\s+/g, "") : text);
      return !wanted.isNull && plain(cell.written) === plain(wanted.written);
    };
    // Each has a size, or a text, or, if it is missing, neither. What is equal by its digits is neither smaller nor larger.
    const ordered = (holds) => (cell, wanted) => {
      if (cell.size !== null && wanted.size !== null) {
        if (Number.isNaN(cell.size) || Number.isNaN(wanted.size)) return false;
        return isSame(cell.size, wanted) ? holds(0, 0) : holds(cell.size, wanted.size);
      }
      return cell.text !== null && !wanted.isNull && holds(cell.text, wanted.written);
    };
    const compare = {
      "==": equals,
      "=": equals,
      "!=": (cell, wanted) => !equals(cell, wanted),
      "<": ordered((first, second) => first < second),
      ">": ordered((first, second) => first > second),
      "<=": ordered((first, second) => first <= second),
      ">=": ordered((first, second) => first >= second),
    };
    const negate = (holds) => (row) => !holds(row);
    const relation = (name) => {
      const called = (column) => (column.others || []).includes(name.text);
      const column = configs.columns.find((column) => column.name === name.text) || configs.columns.find(called);
      const sign = take("sign");
      if (!column && sign) throw `there is no column '${name.text}'`;
      if (sign) {
        const wanted = value(sign.text);
        return (row) => compare[sign.text](read(column, row), wanted);
      }
      const isNegated = peek().kind === "not" && isWord(peek(1), "in", "contains");
      if (!column || !isWord(peek(isNegated ? 1 : 0), "in", "contains", "is")) {
        const word = name.text.toLowerCase();
        return (row) => configs.columns.some((column) => text(column, row).toLowerCase().includes(word));
      }
      if (isNegated) at++;
      const verb = take("word").text.toLowerCase();
      if (verb === "is") {
        const isNot = take("not");
        const what = isWord(peek(), "missing", "nan") ? take("word").text.toLowerCase() : fail("'missing' or 'nan' after 'is'");
        const holds = what === "missing" ? (row) => read(column, row).isMissing : (row) => Number.isNaN(read(column, row).size);
        return isNot ? negate(holds) : holds;
      }
      const wanted = verb === "in" ? values() : value("contains");
      const holds = (row) => {
        const cell = read(column, row);
        if (verb === "in") return wanted.some((one) => equals(cell, one));
        const texts = [cell.written, cell.shown, cell.name || ""];
        return !cell.isMissing && texts.some((text) => text.includes(wanted.written));
      };
      return isNegated ? negate(holds) : holds;
    };
    const one = () => {
      if (take("not")) return negate(one());
      if (take("open")) {
        const holds = any();
        if (!take("close")) fail("')'");
        return holds;
      }
      return relation(take("word", "quoted") || fail("a name or a word"));
    };
    const every = () => {
      const parts = [one()];
      while (take("and") || ["word", "quoted", "not", "open"].includes(peek().kind)) parts.push(one());
      return (row) => parts.every((holds) => holds(row));
    };
    const any = () => {
      const parts = [every()];
      while (take("or")) parts.push(every());
      return (row) => parts.some((holds) => holds(row));
    };
    if (!list.length) return () => true;
    const holds = any();
    if (peek().kind !== "end") fail("'and' or 'or'");
    return holds;
  };
  // What cannot be read, mostly because it is not all there yet, leaves the rows as they are.
  let isWanted = () => true;
  let problem = "";
  const readFilter = () => {
    const input = byId("config-filter");
    try {
      isWanted = condition(input.value);
      problem = "";
    } catch (reason) {
      if (typeof reason !== "string") throw reason;
      problem = reason;
    }
    input.setAttribute("aria-invalid", String(problem !== ""));
  };
  const fill = () => {
    if (!configs) return;
    const rows = order.filter((row) => (!brushed || brushed.has(configs.ids[row])) && isWanted(row));
    const body = document.createElement("tbody");
    for (const row of rows.slice(0, shown)) {
      const line = body.insertRow();
      for (const column of configs.columns) {
        const cell = line.insertCell();
        if (column.kind === "number") cell.className = "number";
        cell.append(text(column, row));
        if (column.margins && column.margins[row] !== null && typeof column.cells[row] === "number") {
          const margin = document.createElement("span");
          margin.className = "margin";
          margin.textContent = ` ± ${format(Number(column.margins[row].toPrecision(2)))}`;
          cell.append(margin);
        }
      }
    }
    table.tBodies[0].replaceWith(body);
    byId("config-count").textContent = (problem ? `${problem}; still ` : "") + `${rows.length} of ${configs.ids.length} configs` + (rows.length > shown ? `, the first ${shown} shown` : "");
    byId("config-more").hidden = rows.length <= shown;
    if (!brushed) {
      const kept = new Set(rows.map((row) => configs.ids[row]));
      // Of very many configs some are not in the table.
      for (const path of all("path[data-id]")) path.classList.toggle("off", known.has(path.dataset.id) && !kept.has(path.dataset.id));
    }
  };
  const sort = () => {
    if (sorted.column === null) return;
    const column = configs.columns[sorted.column];
    const sign = sorted.descending ? -1 : 1;
    // Numbers by size, then texts, then what is missing; NaN before that.
    const keys = configs.ids.map((_, row) => {
      const { size, text, written, isLong } = read(column, row);
      return { rank: size !== null && !Number.isNaN(size) ? 0 : text !== null ? 1 : size !== null ? 2 : 3, size: isLong ? BigInt(written) : size, text };
    });
    order.sort((first, second) => {
      const [a, b] = [keys[first], keys[second]];
      if (a.rank !== b.rank) return a.rank - b.rank;
      const difference = a.rank === 0 ? (a.size > b.size) - (a.size < b.size) : a.rank === 1 ? String(a.text).localeCompare(String(b.text), "en", { numeric: true }) : 0;
      return difference * sign || first - second;
    });
    all("th", table).forEach((head, index) => {
      if (index === sorted.column) head.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };
  if (configs) {
    all("th button", table).forEach((button, index) =>
      button.addEventListener("click", () => {
        sorted = { column: index, descending: sorted.column === index ? !sorted.descending : false };
        sort();
        fill();
      })
    );
    byId("config-filter").addEventListener("input", () => {
      shown = 100;
      readFilter();
      fill();
    });
    byId("config-more").addEventListener("click", () => {
      shown += 500;
      fill();
    });
  }

  // Brushing: what lies between two places of an axis

  const extents = new Map();
  const brush = () => {
    const svg = all("[data-of=parallel]").find((figure) => !figure.hidden);
    if (!svg) return;
    const chosen = new Set();
    const paths = all("path[data-id]", svg);
    for (const path of paths) {
      const places = path.dataset.y.split(" ");
      const isIn = [...extents].every(([axis, [top, bottom]]) => places[axis] !== "" && places[axis] >= top && places[axis] <= bottom);
      path.classList.toggle("off", !isIn);
      if (isIn) chosen.add(path.dataset.id);
    }
    brushed = extents.size ? chosen : null;
    byId("brush-count").textContent = brushed ? `${chosen.size} of ${paths.length} configs ${paths.length < configs.ids.length ? "that are drawn " : ""}chosen; the table below shows them` : "";
    byId("brush-reset").hidden = !brushed;
    fill();
  };
  const resetBrush = () => {
    extents.clear();
    for (const mark of all(".extent")) mark.remove();
    brush();
  };
  for (const dimension of all(".dimension")) {
    const svg = dimension.closest("svg");
    const axis = Number(dimension.dataset.axis);
    const rule = dimension.querySelector("line");
    const [x, top, bottom] = ["x1", "y1", "y2"].map((name) => Number(rule.getAttribute(name)));
    const area = create("rect", { class: "brush", x: x - 18, y: top - 8, width: 36, height: bottom - top + 16 }, dimension);
    const place = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return Math.min(Math.max(point.y, top - 6), bottom + 6);
    };
    let start = null;
    let mark = null;
    area.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      area.setPointerCapture(event.pointerId);
      start = place(event);
      if (mark) mark.remove();
      mark = create("rect", { class: "extent", x: x - 8, width: 16, y: start, height: 0 }, dimension);
    });
    area.addEventListener("pointermove", (event) => {
      if (start === null) return;
      const now = place(event);
      mark.setAttribute("y", Math.min(start, now));
      mark.setAttribute("height", Math.abs(now - start));
    });
    const end = (event) => {
      if (start === null) return;
      const now = place(event);
      if (Math.abs(now - start) < 3) {
        mark.remove();
        extents.delete(axis);
      } else extents.set(axis, [Math.min(start, now), Math.max(start, now)]);
      start = null;
      brush();
    };
    area.addEventListener("pointerup", end);
    area.addEventListener("pointercancel", end);
  }
  if (byId("brush-reset")) byId("brush-reset").addEventListener("click", resetBrush);

  takeTitles(document);
  addSaving();
  for (const control of all(".controls[hidden]")) control.hidden = false;
  drawCurves();
  drawEffects();
  if (configs) {
    sort();
    readFilter();
    fill();
  }
  let width = innerWidth;
  let waiting = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      drawCurves();
      drawEffects();
    }, 150);
  });
  for (const [event, isPrinting] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      printing = isPrinting;
      drawCurves();
      drawEffects();
    });
  }
  document.documentElement.dataset.ready = "yes";
})();
