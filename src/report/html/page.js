'use strict';
(() => {
  const files = [...document.querySelectorAll('.file')];
  const filter = document.getElementById('filter');
  const count = document.getElementById('count');
  const toggles = [...document.querySelectorAll('.toggle')];
  const split = document.getElementById('split');
  const expand = document.getElementById('expand');
  const keys = document.getElementById('keys');
  document.querySelector('.controls').hidden = files.length === 0;

  // What is searched is read once, when it is first asked for.
  let words = null;
  const isOn = (button) => button.getAttribute('aria-pressed') === 'true';
  const shown = () => files.filter((file) => !file.hidden);

  function apply() {
    words ??= files.map((file) =>
      (file.querySelector('.path').textContent + ' ' + file.querySelector('.findings').textContent).toLowerCase());
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(toggles.filter((button) => !isOn(button)).map((button) => button.dataset.status));
    let left = 0;
    files.forEach((file, index) => {
      const statuses = file.dataset.statuses.split(' ').filter(Boolean);
      const isOut = statuses.length > 0 && statuses.every((status) => off.has(status));
      file.hidden = isOut || !wanted.every((word) => words[index].includes(word));
      if (!file.hidden) left += 1;
    });
    count.textContent = left === files.length ? `${left} files` : `${left} of ${files.length} files`;
  }

  // A unified diff as one of two sides: what goes beside what comes in its place.
  function turn(table) {
    for (const body of table.tBodies) {
      const rows = [...body.rows];
      const turned = [];
      let gone = [], come = [];
      const side = (row, kind) => {
        if (!row) return [document.createElement('td'), document.createElement('td')];
        const number = row.cells[kind === 'added' ? 1 : 0].cloneNode(true);
        const line = row.cells[3].cloneNode(true);
        if (row.className !== 'kept') { number.classList.add(kind); line.classList.add(kind); }
        return [number, line];
      };
      const add = (left, right) => {
        const row = document.createElement('tr');
        row.append(...side(left, 'removed'), ...side(right, 'added'));
        turned.push(row);
      };
      const flush = () => {
        for (let nth = 0; nth < Math.max(gone.length, come.length); nth += 1) add(gone[nth], come[nth]);
        gone = []; come = [];
      };
      for (const row of rows) {
        if (row.className === 'removed') gone.push(row);
        else if (row.className === 'added') come.push(row);
        else if (row.className === 'kept') { flush(); add(row, row); }
        else { flush(); turned.push(row.cloneNode(true)); }
      }
      flush();
      body.unified = rows;
      body.replaceChildren(...turned);
    }
    table.classList.add('split');
  }
  function turnBack(table) {
    for (const body of table.tBodies) body.replaceChildren(...body.unified);
    table.classList.remove('split');
  }
  // Only what is open is turned: a page may hold thousands.
  function side(file) {
    const table = file.querySelector(':scope > .scroll > .diff');
    if (!table || !file.open || isOn(split) === table.classList.contains('split')) return;
    if (isOn(split)) turn(table); else turnBack(table);
  }

  filter.addEventListener('input', apply);
  for (const button of toggles) {
    button.addEventListener('click', () => { button.setAttribute('aria-pressed', String(!isOn(button))); apply(); });
  }
  split.addEventListener('click', () => { split.setAttribute('aria-pressed', String(!isOn(split))); files.forEach(side); });
  for (const file of files) file.addEventListener('toggle', () => side(file));
  expand.addEventListener('click', () => {
    const open = !shown().every((file) => file.open);
    for (const file of shown()) file.open = open;
    expand.textContent = open ? 'Collapse all' : 'Expand all';
  });

  function step(by) {
    const list = shown();
    const at = list.findIndex((file) => file.contains(document.activeElement));
    const next = list[Math.min(list.length - 1, Math.max(0, at + by))];
    if (!next) return;
    const summary = next.querySelector('summary');
    summary.focus();
    summary.scrollIntoView({ block: 'center' });
  }
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    if (event.target === filter) {
      // Else the browser empties the box, and says so to nobody.
      if (event.key === 'Escape') { event.preventDefault(); filter.blur(); }
      return;
    }
    const act = {
      '/': () => filter.focus(),
      j: () => step(1),
      k: () => step(-1),
      o: () => { const file = document.activeElement.closest('.file'); if (file) file.open = !file.open; },
      e: () => expand.click(),
      s: () => split.click(),
      '?': () => keys.showModal(),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
})();
