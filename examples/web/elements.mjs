// The page's elements by name, and the words that it puts into them.

/** @type {(id: string) => any} */
export const element = (id) => document.getElementById(id);

/** Says what is going on; screen readers read it out. */
export function say(text) {
  element('status').textContent = text;
}

/** @param {?string} sentence that says what is wrong; null when nothing is any more */
export function refuse(sentence) {
  element('error').hidden = !sentence;
  element('error').textContent = sentence ?? '';
  if (sentence) element('error').scrollIntoView({ block: 'nearest' });
}

/** Writes what belongs to a field below it. */
export function hint(id, text, refused = false) {
  element(id).textContent = text;
  element(id).classList.toggle('refused', refused);
}

export function timeText(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${seconds.toPrecision(2)} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export const threadText = (count) => (count === 1 ? 'one thread' : `${count} threads`);
