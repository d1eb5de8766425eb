// The recipe of an exported folder, without a network: sizes, scales, steps and learning rates.

import { Refusal } from './refusal.mjs';

/**
 * @typedef {{height: number, width: number}} Size in pixels
 *
 * @typedef {object} Recipe as it stands in manifest.json
 * @property {string} start_graph
 * @property {string} step_graph
 * @property {string} result the part of the state that is the result of a scale
 * @property {number} exemplar_size
 * @property {number} coarsest_side
 * @property {{factor: number, steps: number, learning_rate: ?number}[]} scales
 * @property {number} least_steps_at_the_coarsest
 * @property {Object<string, {steps: number[], least_steps_at_the_coarsest: number}>} qualities
 * @property {?number} learning_rate_falls_from
 * @property {number} seed
 * @property {?number} draw_every
 * @property {?number} start_every
 * @property {?{steps: number, learning_rate: number}} discriminators
 *
 * @typedef {object} Scale
 * @property {Size} exemplar
 * @property {Size} output
 * @property {number} steps
 * @property {?number} learningRate
 */

/** Larger outputs do not fit in a browser's memory. */
export const LARGEST_SIDE = 4096;

/**
 * The size of an exemplar whose shorter side is scaled to `shorterSide`.
 *
 * @param {Size} original
 * @param {number} shorterSide
 * @returns {Size}
 */
export function scaledExemplar({ height, width }, shorterSide) {
  const shorter = Math.min(height, width);
  const scaled = (side) => Math.floor((2 * side * shorterSide + shorter) / (2 * shorter));
  return { height: scaled(height), width: scaled(width) };
}

/**
 * The scales of a run, coarsest first.
 *
 * @param {{recipe: Recipe, minimum_size: number}} manifest
 * @param {Size} exemplar at the finest scale
 * @param {Size} output at the finest scale
 * @param {string} quality one of the recipe's, for where there are no steps
 * @param {?number[]} steps one number for every scale, or one for each; the quality's if null
 * @returns {Scale[]}
 */
export function planScales(manifest, exemplar, output, quality = 'good', steps = null) {
  const { minimum_size: minimum } = manifest;
  const recipe = withQuality(manifest.recipe, quality);
  checkSize('exemplar', exemplar, minimum);
  checkSize('output', output, minimum);
  const shortest = Math.min(exemplar.height, exemplar.width, output.height, output.width);
  const least = Math.max(recipe.coarsest_side, minimum);
  const tooSmall = ({ factor }) => factor > 1 && Math.floor(shortest / factor) < least;
  const end = recipe.scales.findIndex(tooSmall);
  const used = recipe.scales.slice(0, end < 0 ? undefined : end).reverse();
  const counts = steps ? onePerScale(steps, used.length) : usualSteps(recipe, used);
  return used.map(({ factor, learning_rate: learningRate }, index) => ({
    exemplar: shrunk(exemplar, factor),
    output: shrunk(output, factor),
    steps: counts[index],
    learningRate,
  }));
}

/**
 * The learning rate of a step, counted from 0: level, then half a cosine down to 0. Where there is
 * none, no graph takes it.
 *
 * @param {Scale} scale
 * @param {number} step
 * @param {?number} fallsFrom the share of the steps after which it falls
 */
export function learningRate(scale, step, fallsFrom) {
  const way = Math.max(0, (step / scale.steps - fallsFrom) / (1 - fallsFrom));
  return (scale.learningRate * (1 + Math.cos(Math.PI * way))) / 2;
}

/**
 * Reads "60", or "160, 80, 40"; nothing means the recipe's own.
 *
 * @param {string} text
 * @returns {?number[]}
 */
export function parseSteps(text) {
  if (text.trim() === '') return null;
  return text.split(',').map((part) => wholeNumber(part, 'Steps', 1, 10_000));
}

/**
 * @param {string} text
 * @param {string} what it is, to begin a sentence with
 * @param {number} least
 * @param {number} most
 */
export function wholeNumber(text, what, least, most) {
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    throw new Refusal(
      `${what}: a whole number from ${least} to ${most} is accepted, not “${text}”.`,
    );
  }
  return value;
}

/** @param {Size} size */
export const sizeText = ({ height, width }) => `${width} × ${height}`;

function checkSize(what, size, minimum) {
  if (Math.min(size.height, size.width) < minimum) {
    throw new Refusal(
      `The ${what} would have ${sizeText(size)} pixels, and the layers of this folder need at ` +
        `least ${minimum} × ${minimum}.`,
    );
  }
}

/** The recipe with a quality's numbers of steps. */
function withQuality(recipe, quality) {
  const other = recipe.qualities[quality];
  const scales = recipe.scales.map((scale, place) => ({ ...scale, steps: other.steps[place] }));
  return { ...recipe, ...other, scales };
}

function usualSteps(recipe, used) {
  const counts = used.map(({ steps }) => steps);
  counts[0] = Math.max(counts[0], recipe.least_steps_at_the_coarsest);
  return counts;
}

function onePerScale(steps, scales) {
  if (steps.length === 1) return Array(scales).fill(steps[0]);
  if (steps.length === scales) return steps;
  throw new Refusal(
    `There are ${steps.length} numbers of steps, and the run has ${scales} ` +
      `${scales === 1 ? 'scale' : 'scales'}; give one number, or one for each scale.`,
  );
}

function shrunk({ height, width }, factor) {
  const side = (pixels) => Math.max(1, Math.floor(pixels / factor));
  return { height: side(height), width: side(width) };
}
