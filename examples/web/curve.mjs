// The loss as a small curve, on a logarithmic axis; a line parts one scale from the next.

const NAMESPACE = 'http://www.w3.org/2000/svg';

/**
 * @param {SVGElement} svg
 * @param {{scale: number, loss: number}[]} history
 * @param {number} total how many steps there will be
 */
export function drawCurve(svg, history, total) {
  const heights = heightsOf(history.map(({ loss }) => loss));
  const across = Math.max(1, total - 1);
  const drawn = [];
  let path = '';
  history.forEach(({ scale }, index) => {
    const begins = index === 0 || history[index - 1].scale !== scale;
    path += `${begins ? 'M' : 'L'}${((index / across) * 100).toFixed(2)},${heights[index]}`;
    if (begins && index > 0) drawn.push(boundary(((index - 0.5) / across) * 100));
  });
  svg.setAttribute('viewBox', '0 0 100 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.replaceChildren(...drawn, element('path', { d: path }));
}

/** 0 for the largest loss, 100 for the smallest. */
function heightsOf(losses) {
  const logs = losses.map((loss) => Math.log(Math.max(loss, Number.MIN_VALUE)));
  const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const span = top - logs.reduce((a, b) => Math.min(a, b), Infinity) || 1;
  return logs.map((log) => (((top - log) / span) * 100).toFixed(2));
}

const boundary = (x) => element('line', { x1: x, x2: x, y1: 0, y2: 100 });

function element(name, attributes) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
