// The run that the manifest's recipe describes: coarse to fine, at each scale the optimiser's steps.

import ort from 'onnxruntime-node';
import { UserError } from './errors.mjs';
import { inGrey, isGrey } from './picture.mjs';

/**
 * Make an image with the texture of `picture`.
 *
 * @param folder the exported folder
 * @param picture the exemplar, a tensor [1, 3, H, W]
 * @param given exemplarSize, size [height, width], seed, steps (an array); each may be undefined
 * @param report called after each scale with its height, width, losses and seconds
 * @returns the image, a tensor [1, 3, H, W]
 */
export async function synthesise(folder, picture, given, report) {
  const { recipe, minimum_size: least, size: fixed } = folder.manifest;
  const exemplarSize = given.exemplarSize ?? recipe.exemplar_size;
  const finest = await resized(folder, picture, scaledSides(sides(picture), exemplarSize));
  const output = outputSize(given.size, fixed) ?? sides(finest);
  checkSize('exemplar', sides(finest), least);
  checkSize('output', output, least);

  const seed = int64(given.seed ?? recipe.seed);
  let parameters = folder.has('discriminators') ? await folder.run('discriminators', { seed }) : {};
  const grey = isGrey(picture);
  let image;
  let coarser;
  for (const scale of usedScales(folder.manifest, Math.min(...sides(finest), ...output), given)) {
    const exemplar = await resized(folder, finest, shrunk(sides(finest), scale.factor));
    const goal = { exemplar, seed, output_size: int64(...shrunk(output, scale.factor)) };
    const start = coarser
      ? await finerImage(folder, goal, image, coarser)
      : (await folder.run('first_image', goal)).first_image;
    const done = await optimise(folder, scale, exemplar, start, parameters, seed);
    ({ image, parameters } = done);
    if (grey) image = inGrey(image); // the channels have moved apart
    const [height, width] = sides(image);
    report({ height, width, losses: done.losses, seconds: done.seconds });
    coarser = exemplar;
  }
  return image;
}

async function optimise(folder, scale, exemplar, start, parameters, seed) {
  const { recipe } = folder.manifest;
  const every = recipe.draw_every;
  const rival = recipe.discriminators;
  const runOfSteps = recipe.start_every ?? scale.steps;
  let state = { [recipe.result]: start };
  let learning = { ...parameters, ...zeroMoments(parameters), step: float32([1]) };
  let held = {};
  const losses = [];
  const seconds = [];
  for (let step = 0; step < scale.steps; step++) {
    const began = performance.now();
    if (step % runOfSteps === 0) {
      const count = Math.min(runOfSteps, scale.steps - step);
      state = await started(folder, state[recipe.result], exemplar, count);
    }
    if (step % (every ?? scale.steps) === 0) {
      const drawn = every ? await directions(folder, seed, 1 + step / every) : {};
      held = await statistics(folder, exemplar, start, drawn);
    }
    for (let again = 0; again < (rival?.steps ?? 0); again++) {
      const looked = { ...held, image: state.image };
      const { learning_rate } = rival;
      const done = await advance(folder, 'discriminator_step', learning, looked, learning_rate);
      learning = done.state;
    }
    const rate = fallingRate(recipe, scale, step);
    const others = { ...held, ...picked(learning, parameters) };
    const done = await advance(folder, recipe.step_graph, state, others, rate);
    state = done.state;
    const loss = done.outputs.loss.data[0];
    if (!Number.isFinite(loss)) {
      throw new UserError(`the loss is ${loss} at step ${step + 1} of ${scale.steps}`);
    }
    losses.push(loss);
    seconds.push((performance.now() - began) / 1000);
  }
  return { image: state[recipe.result], parameters: picked(learning, parameters), losses, seconds };
}

/** The optimiser's state before so many steps from an image. */
async function started(folder, image, exemplar, steps) {
  const given = { image, exemplar, steps: int64(steps) };
  const outputs = await folder.run(folder.manifest.recipe.start_graph, given);
  const entries = Object.entries(outputs).map(([name, value]) => [name.slice('next_'.length), value]);
  return Object.fromEntries(entries);
}

/** Run a step graph; return all outputs, and the state that follows `state`. */
async function advance(folder, graph, state, others, rate) {
  const outputs = await folder.run(graph, { ...others, ...state, learning_rate: float32([rate]) });
  const next = Object.keys(state).map((name) => [name, outputs[`next_${name}`]]);
  return { outputs, state: Object.fromEntries(next) };
}

/** The learning rate: even, then down half a cosine; where there is none, no graph takes it. */
function fallingRate(recipe, scale, step) {
  const from = recipe.learning_rate_falls_from;
  const fallen = Math.max(0, (step / scale.steps - from) / (1 - from));
  return (scale.learning_rate * (1 + Math.cos(Math.PI * fallen))) / 2;
}

/** What the image is held against, and the directions that it was measured along. */
async function statistics(folder, exemplar, image, drawn) {
  const goal = { exemplar, output_size: int64(...sides(image)), ...drawn };
  return { ...drawn, ...(await folder.run('targets', goal)) };
}

function directions(folder, seed, draw) {
  return folder.run('directions', { seed, draw: int64(draw) });
}

async function finerImage(folder, goal, image, coarser) {
  const coarser_exemplar_size = int64(...sides(coarser));
  return (await folder.run('finer_image', { ...goal, image, coarser_exemplar_size })).finer_image;
}

async function resized(folder, image, size) {
  return (await folder.run('resize', { image, size: int64(...size) })).resized;
}

/** Factor, steps and learning rate of each scale, coarsest first. */
function usedScales({ recipe, minimum_size: minimum }, shortest, { steps }) {
  const least = Math.max(recipe.coarsest_side, minimum);
  const used = recipe.scales
    .filter(({ factor }) => factor === 1 || Math.floor(shortest / factor) >= least)
    .reverse();
  if (steps && steps.length !== 1 && steps.length !== used.length) {
    throw new UserError(
      `--steps takes one number or ${used.length}, one for each scale, not ${steps.length}`,
    );
  }
  return used.map((scale, k) => {
    const atLeast = k === 0 ? recipe.least_steps_at_the_coarsest : 0;
    return { ...scale, steps: steps ? steps[k % steps.length] : Math.max(scale.steps, atLeast) };
  });
}

function outputSize(size, fixed) {
  if (!fixed) return size;
  if (size && (size[0] !== fixed.height || size[1] !== fixed.width)) {
    throw new UserError(`this folder makes ${fixed.width}x${fixed.height} pixels alone`);
  }
  return [fixed.height, fixed.width];
}

function checkSize(what, [height, width], least) {
  if (Math.min(height, width) < least) {
    throw new UserError(
      `the ${what} has ${width}x${height} pixels, and this folder needs ${least}x${least}`,
    );
  }
}

/** The sides in proportion, the shorter one of `shorterSide` pixels. */
function scaledSides(size, shorterSide) {
  const shorter = Math.min(...size);
  return size.map((side) => Math.floor((2 * side * shorterSide + shorter) / (2 * shorter)));
}

function shrunk(size, factor) {
  return size.map((side) => Math.max(1, Math.floor(side / factor)));
}

function sides(image) {
  return image.dims.slice(2);
}

/** What Adam starts from with each of the discriminators' parameters. */
function zeroMoments(parameters) {
  const entries = Object.entries(parameters).flatMap(([name, value]) => [
    [`first_moment.${name}`, zerosLike(value)],
    [`second_moment.${name}`, zerosLike(value)],
  ]);
  return Object.fromEntries(entries);
}

function zerosLike({ size, dims }) {
  return new ort.Tensor('float32', new Float32Array(size), dims);
}

/** The entries of `values` that `names` has too. */
function picked(values, names) {
  return Object.fromEntries(Object.keys(names).map((name) => [name, values[name]]));
}

function float32(numbers) {
  return new ort.Tensor('float32', numbers, [numbers.length]);
}

/** A vector of int64, which JavaScript keeps as BigInt. */
function int64(...numbers) {
  return new ort.Tensor('int64', BigInt64Array.from(numbers, BigInt), [numbers.length]);
}
