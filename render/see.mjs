// Runs in the page: what is seen of each panel, in words, colours and places.
export function see() {
  const box = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) };
  };
  const background = (element) => {
    const style = getComputedStyle(element);
    return style.backgroundImage !== 'none' ? style.backgroundImage : style.backgroundColor;
  };
  const isCut = (element) =>
    [element, ...element.querySelectorAll('*')].some((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0);
  const cellOf = (cell) => ({
    text: cell.innerText.trim(),
    background: background(cell),
    color: getComputedStyle(cell).color,
    align: getComputedStyle(cell).justifyContent,
    hrefs: [...cell.querySelectorAll('a')].map((each) => each.getAttribute('href')),
    cut: isCut(cell),
    width: Math.round(cell.getBoundingClientRect().width),
  });
  const tableOf = (panel) => {
    const grid = panel.querySelector('[role=grid], [role=treegrid]');
    return (
      grid && {
        box: box(grid),
        columns: [...grid.querySelectorAll('[role=columnheader]')].map((each) => ({ ...cellOf(each), outside: box(each).x + box(each).width > box(grid).x + box(grid).width + 1 })),
        rows: [...grid.querySelectorAll('[role=row]')]
          .map((row) => [...row.querySelectorAll('[role=gridcell]')].map(cellOf))
          .filter((row) => row.length),
      }
    );
  };
  const timelineOf = (panel) => {
    const svg = panel.querySelector('svg[data-timeline]');
    return svg && { names: [...svg.querySelectorAll('[data-name]')].map((each) => ({ text: each.textContent, box: box(each) })) };
  };
  const panelOf = (section) => {
    const title = (section.querySelector('h2') ?? section.querySelector('h6'))?.innerText ?? '';
    const content = section.querySelector('[data-testid="data-testid panel content"]') ?? section;
    const values = [...content.querySelectorAll('[data-testid="data-testid Bar gauge value"], [data-testid="data-testid BigValue"]')];
    return {
      title,
      cut: [...section.querySelectorAll('h2, h2 *')].some((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0),
      box: box(section),
      text: content.innerText.trim(),
      empty: content.querySelector('[data-empty]') !== null,
      given: window.seen.given[title],
      ground: [...content.querySelectorAll('div')].map(background).filter((each) => each.startsWith('linear-gradient'))[0],
      values: values.map((each) => ({ text: each.innerText, color: getComputedStyle(each).color, box: box(each), cut: isCut(each) })),
      bars: [...content.querySelectorAll('div')].filter((each) => background(each).startsWith('linear-gradient(90deg')).map(box),
      legend: [...content.querySelectorAll('[data-testid^="data-testid VizLegend series"]')].map((each) => each.innerText.trim()),
      ticks: [...content.querySelectorAll('canvas')].flatMap((each) => each.written ?? []),
      plot: content.querySelector('.u-over') ? box(content.querySelector('.u-over')) : undefined,
      table: tableOf(content) ?? undefined,
      timeline: timelineOf(content) ?? undefined,
    };
  };
  return {
    asked: window.seen.asked,
    variables: window.seen.variables(),
    page: { width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight, window: window.innerWidth },
    controls: [...document.querySelectorAll('[data-testid^="data-testid Dashboard template variables submenu"], [class*=controls] > div')].map(box),
    rows: [...document.querySelectorAll('[data-testid^="data-testid dashboard-row-title"]')].map((each) => each.innerText),
    panels: [...document.querySelectorAll('section')].filter((each) => each.querySelector('h2, h6')).map(panelOf),
  };
}
