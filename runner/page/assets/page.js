'use strict';
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read('data'), theme = read('theme');
const make = (name, text, kind) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
};

// Figures. Colours are the page's own variables, so that light, dark and print need no drawing anew.
const fit = (width) => ({...theme, legend: {...theme.legend, columns: Math.max(1, Math.floor(width / 170))}});
const draw = (element, spec) => window.vegaEmbed(element, spec, {renderer: 'svg', actions: false, config: fit(element.clientWidth)})
  .catch((trouble) => { element.textContent = 'This figure could not be drawn: ' + trouble; });
const fitted = (spec, width) => {
  if (!spec.facet) return spec;
  const columns = Math.max(1, Math.min(spec.columns, Math.floor(width / 230)));
  return {...spec, columns, spec: {...spec.spec, width: Math.floor(width / columns) - 62}};
};
const figures = [...document.querySelectorAll('figure')];
const drawAll = () => Promise.all(figures.map((figure) => {
  const place = figure.querySelector('.drawn'), source = figure.querySelector('script');
  if (!source) return null;
  const spec = JSON.parse(source.textContent);
  figure.querySelector('.spec').textContent = JSON.stringify(spec, null, 1);
  return place && window.vegaEmbed ? draw(place, fitted(spec, place.clientWidth)) : null;
}));
let drawnAt = 0;
const redraw = () => {
  if (Math.abs(document.body.clientWidth - drawnAt) < 40) return;
  drawnAt = document.body.clientWidth;
  drawAll().then(() => { document.body.dataset.drawn = 'yes'; });
};
let waiting;
window.addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(redraw, 300); });

// Sorting: numbers by value, what is missing last.
const compare = (one, other, sign) => {
  const empty = (x) => x === null || x === undefined || x === '' || x === '–';
  if (empty(one) || empty(other)) return empty(one) - empty(other);
  const value = (x) => typeof x === 'string' ? Number(x.replaceAll(',', '')) : Number(x), a = value(one), b = value(other);
  return sign * (Number.isNaN(a) || Number.isNaN(b) ? String(one).localeCompare(String(other)) : a - b);
};
const sortable = (head, sort) => {
  [...head.children].forEach((th, column) => {
    const button = make('button', th.textContent);
    button.type = 'button';
    th.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = th.getAttribute('aria-sort') === 'ascending';
      [...head.children].forEach((other) => other.removeAttribute('aria-sort'));
      th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      sort(column, down ? -1 : 1);
    });
  });
};
for (const table of document.querySelectorAll('table.sortable')) {
  sortable(table.tHead.rows[0], (column, sign) => {
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => compare(a.cells[column].textContent, b.cells[column].textContent, sign)));
  });
}

// Cells.
const kPage = 100;
const table = document.getElementById('rows'), count = document.getElementById('count'), more = document.getElementById('more');
const find = document.getElementById('find'), state = document.getElementById('state');
const last = data.columns.length - 1, stateColumn = data.columns.indexOf('state');
let rows = data.rows, order = null, shown = kPage;
for (const name of [...new Set(data.rows.map((row) => row[stateColumn]))].sort()) state.append(make('option', name));
const failed = data.rows.some((row) => row[last] !== null);
const columns = data.columns.map((_, i) => i).filter((i) => i !== last || failed);
const numeric = columns.map((i) => data.rows.some((row) => typeof row[i] === 'number'));
const details = (row) => {
  const cell = make('td');
  cell.colSpan = columns.length;
  const own = {};
  data.columns.forEach((name, i) => { if (i > 6 && i !== last && row[i] !== null) own[name] = row[i]; });
  if (row[last] !== null) cell.append(make('pre', row[last]));
  const all = make('details'), lines = {...own, ...data.common};
  all.append(make('summary', 'Whole configuration'),
    make('pre', Object.keys(lines).sort().map((key) => key + ' = ' + JSON.stringify(lines[key])).join('\n')));
  const curves = data.curves[row[0]] || {}, place = make('div', undefined, 'curves');
  cell.append(place, all);
  for (const metric of Object.keys(curves)) {
    const one = make('div');
    place.append(one);
    const values = curves[metric].map(([epoch, value]) => ({epoch, value}));
    if (window.vegaEmbed) draw(one, {$schema: 'https://vega.github.io/schema/vega-lite/v6.json', width: 170, height: 90, data: {values},
      mark: {type: 'line', tooltip: true}, encoding: {x: {field: 'epoch', type: 'quantitative'},
        y: {field: 'value', type: 'quantitative', title: metric, scale: {zero: false}}}});
    else one.textContent = metric + ': ' + values.map((point) => point.value).join(' ');
  }
  if (data.every > 1) cell.append(make('p', 'Of the curves one epoch in ' + data.every + ' is here.', 'facts'));
  const line = make('tr');
  line.append(cell);
  return line;
};
const head = make('thead'), body = make('tbody'), titles = make('tr');
columns.forEach((i, k) => { const th = make('th', data.columns[i], numeric[k] ? 'n' : ''); th.scope = 'col'; titles.append(th); });
head.append(titles);
table.append(make('caption', 'Cells', 'heard'), head, body);
const show = () => {
  body.replaceChildren();
  for (const row of rows.slice(0, shown)) {
    const line = make('tr');
    columns.forEach((i, k) => {
      const value = row[i], td = make('td', undefined, numeric[k] ? 'n' : i === last ? 'long' : '');
      if (i === 0) {
        const button = make('button', value);
        button.type = 'button';
        button.setAttribute('aria-expanded', 'false');
        button.addEventListener('click', () => {
          const open = button.getAttribute('aria-expanded') === 'true';
          button.setAttribute('aria-expanded', String(!open));
          if (open) line.nextSibling.remove(); else line.after(details(row));
        });
        td.append(button);
      } else td.textContent = value === null ? '–' : typeof value === 'number' && !Number.isInteger(value) ? String(+value.toPrecision(4)) : String(value);
      if (i === stateColumn) td.classList.add('state-' + value);
      line.append(td);
    });
    body.append(line);
  }
  count.textContent = rows.length + ' of ' + data.rows.length + ' cells' + (rows.length > shown ? ', the first ' + shown + ' shown' : '');
  more.hidden = rows.length <= shown;
};
const filter = () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  rows = data.rows.filter((row) => (!state.value || row[stateColumn] === state.value) &&
    words.every((word) => row.some((value) => value !== null && String(value).toLowerCase().includes(word))));
  if (order) rows.sort((a, b) => compare(a[order[0]], b[order[0]], order[1]));
  show();
};
sortable(titles, (column, sign) => { order = [columns[column], sign]; filter(); });
find.addEventListener('input', () => { shown = kPage; filter(); });
state.addEventListener('change', () => { shown = kPage; filter(); });
document.querySelector('#cells form').addEventListener('submit', (event) => event.preventDefault());
more.addEventListener('click', () => { shown += 5 * kPage; show(); });
filter();
redraw();
