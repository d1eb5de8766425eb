// What one sees of a run: the texture as it appears, its numbers, the loss as a curve.

import { drawCurve } from './curve.mjs';
import { element, say, timeText } from './elements.mjs';
import { sizeText } from './recipe.mjs';

/** The size of the texture on show, or of the one to come; null while there is none. */
let shownOutput = null;

/** A pixel of the exemplar is shown as large as one of the texture. */
export function setProportions(exemplar, output) {
  const { width, height } = shownOutput ?? output;
  element('exemplar').style.aspectRatio = `${exemplar.width} / ${exemplar.height}`;
  element('texture').style.aspectRatio = `${width} / ${height}`;
  const { style } = element('pictures');
  style.setProperty('--exemplar', exemplar.width);
  style.setProperty('--output', width);
  style.setProperty('--tallest', Math.max(exemplar.height, height));
}

/** @param {import('./recipe.mjs').Scale} finest of the run to come */
export function clearStage({ exemplar, output }) {
  shownOutput = output;
  setProportions(exemplar, output);
  Object.assign(element('texture'), { width: 1, height: 1 });
  element('texture-size-text').textContent = '';
  element('download').disabled = true;
  element('curve-figure').hidden = true;
  element('progress').value = 0;
  for (const number of document.querySelectorAll('dd')) number.textContent = '';
}

export function showDownload({ received, total }) {
  element('progress').value = received / total;
  if (received === total) say('Preparing the graphs');
}

/**
 * @param {import('./recipe.mjs').Scale[]} scales
 * @param {{scale: number, step: number, loss: number, seconds: number}[]} history
 */
export function showStep(scales, history) {
  const { scale, step, loss, seconds } = history.at(-1);
  const { output, steps } = scales[scale];
  if (step === 0) say(`Scale ${scale + 1} of ${scales.length}, ${sizeText(output)} pixels`);
  const left = whatIsLeft(scales, history);
  element('progress').value = 1 - left.share;
  element('scale').textContent = `${scale + 1} of ${scales.length}`;
  element('step').textContent = `${step + 1} of ${steps}`;
  element('loss').textContent = loss.toPrecision(4);
  element('pace').textContent = timeText(seconds);
  element('left').textContent = left.share > 0 ? timeText(left.seconds) : '';
  element('curve-figure').hidden = false;
  drawCurve(
    element('curve'),
    history,
    scales.reduce((sum, each) => sum + each.steps, 0),
  );
}

/** Share and seconds of what is left, taking a step's time as proportional to its pixels. */
function whatIsLeft(scales, history) {
  const { scale, step } = history.at(-1);
  const pixels = ({ output }) => output.height * output.width;
  const work = (some) => some.reduce((sum, each) => sum + each.steps * pixels(each), 0);
  const left = work(scales.slice(scale)) - (step + 1) * pixels(scales[scale]);
  const recent = history.slice(-5).filter((each) => each.scale === scale);
  const pace = recent.reduce((sum, { seconds }) => sum + seconds, 0) / recent.length;
  return { share: left / work(scales), seconds: (left / pixels(scales[scale])) * pace };
}

export function showPicture({ width, height, rgba }) {
  const canvas = element('texture');
  Object.assign(canvas, { width, height });
  canvas.getContext('2d').putImageData(new ImageData(rgba, width, height), 0, 0);
  element('texture-size-text').textContent = sizeText(canvas);
  element('download').disabled = false;
}

/** @param {string} name */
export async function downloadPicture(name) {
  const blob = await new Promise((done) => element('texture').toBlob(done, 'image/png'));
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement('a'), { href, download: `${name}.png` }).click();
  URL.revokeObjectURL(href);
}
