// The run: from an exemplar to a texture, scale by scale, with nothing but the folder's graphs.

import { inGrey, isGrey } from './pictures.mjs';
import { learningRate } from './recipe.mjs';

/**
 * @typedef {import('onnxruntime-web').Tensor} Tensor
 * @typedef {Record<string, Tensor>} Tensors
 *
 * @typedef {object} Step one step of the image
 * @property {number} scale counted from 0, the coarsest
 * @property {number} step counted from 0 within the scale
 * @property {number} loss of the image before the step
 * @property {number} seconds that it took
 * @property {Tensor} image after the step
 */

/**
 * Makes a texture; every step is yielded as it is done, and the image lives until the next one.
 *
 * @param {import('./folder.mjs').Graphs} graphs
 * @param {Tensor} original the exemplar in its own size
 * @param {import('./recipe.mjs').Scale[]} scales coarsest first
 * @param {number} seed
 * @returns {AsyncGenerator<Step>}
 */
export async function* synthesize(graphs, original, scales, seed) {
  const { ort, manifest } = graphs;
  const { recipe } = manifest;
  const exemplar = await resized(graphs, original, scales.at(-1).exemplar);
  const seedTensor = int64(ort, [seed]);
  let parameters = recipe.discriminators
    ? await graphs.run('discriminators', { seed: seedTensor })
    : {};
  const grey = isGrey(original.data);
  let coarser = null;

  for (const [index, scale] of scales.entries()) {
    const run = {
      graphs,
      recipe,
      exemplar: await resized(graphs, exemplar, scale.exemplar),
      output_size: size(ort, scale.output),
      seed: seedTensor,
    };
    const opponents = recipe.discriminators && new Discriminators(run, parameters);
    const runOfSteps = recipe.start_every ?? scale.steps;
    let state = { [recipe.result]: await startOf(run, coarser, scales[index - 1]) };
    let statistics = recipe.draw_every ? null : await targets(run, {});

    for (let step = 0; step < scale.steps; step++) {
      const began = performance.now();
      if (step % runOfSteps === 0) {
        state = await started(run, state, Math.min(runOfSteps, scale.steps - step));
      }
      if (recipe.draw_every && step % recipe.draw_every === 0) {
        dispose(statistics);
        statistics = await targets(run, await directions(run, 1 + step / recipe.draw_every));
      }
      await opponents?.train(state.image, statistics);
      const rate = learningRate(scale, step, recipe.learning_rate_falls_from);
      const outcome = await graphs.run(recipe.step_graph, {
        ...state,
        ...statistics,
        ...opponents?.parameters,
        learning_rate: float32(ort, [rate], [1]),
      });
      state = advanced(state, outcome);
      const seconds = (performance.now() - began) / 1000;
      const image = await shown(ort, state[recipe.result], grey);
      yield { scale: index, step, loss: outcome.loss.data[0], seconds, image };
    }
    coarser = await onProcessor(ort, await shown(ort, state[recipe.result], grey));
    parameters = opponents?.parameters;
    dispose({ ...state, ...statistics });
  }
}

/** An image without the colours that the steps gave it, if it is to have none. */
async function shown(ort, image, grey) {
  if (!grey) return image;
  const { data, dims } = await onProcessor(ort, image);
  return float32(ort, inGrey(data), dims);
}

/** Trains the discriminators of the loss `gan` as the image moves. */
class Discriminators {
  constructor({ graphs, recipe }, parameters) {
    const { ort } = graphs;
    this.graphs = graphs;
    this.steps = recipe.discriminators.steps;
    this.rate = float32(ort, [recipe.discriminators.learning_rate], [1]);
    this.parameters = parameters;
    this.progress = { step: float32(ort, [1], [1]) };
    for (const [name, { dims }] of Object.entries(parameters)) {
      this.progress[`first_moment.${name}`] = zeros(ort, dims);
      this.progress[`second_moment.${name}`] = zeros(ort, dims);
    }
  }

  async train(image, statistics) {
    for (let step = 0; step < this.steps; step++) {
      const outcome = await this.graphs.run('discriminator_step', {
        image,
        ...statistics,
        ...this.parameters,
        ...this.progress,
        learning_rate: this.rate,
      });
      this.parameters = advanced(this.parameters, outcome);
      this.progress = advanced(this.progress, outcome);
    }
  }
}

/** The optimiser's state before so many steps, from the result of `state`, which is let go. */
async function started({ graphs, recipe, exemplar }, state, steps) {
  const { [recipe.result]: image, ...others } = state;
  const outcome = await graphs.run(recipe.start_graph, {
    image: await onProcessor(graphs.ort, image),
    exemplar,
    steps: int64(graphs.ort, [steps]),
  });
  dispose({ image, ...others });
  const entries = Object.entries(outcome).map(([name, value]) => [name.slice('next_'.length), value]);
  return Object.fromEntries(entries);
}

/** The image where a scale starts. */
async function startOf({ graphs, exemplar, output_size, seed }, coarser, scaleBefore) {
  const { ort } = graphs;
  if (!coarser) return (await graphs.run('first_image', { exemplar, output_size, seed })).first_image;
  const outcome = await graphs.run('finer_image', {
    image: coarser,
    exemplar,
    coarser_exemplar_size: size(ort, scaleBefore.exemplar),
    output_size,
    seed,
  });
  return outcome.finer_image;
}

/** What an objective compares with: the exemplar's statistics, and what they were drawn with. */
async function targets({ graphs, exemplar, output_size }, drawn) {
  return { ...(await graphs.run('targets', { exemplar, output_size, ...drawn })), ...drawn };
}

function directions({ graphs, seed }, draw) {
  return graphs.run('directions', { seed, draw: int64(graphs.ort, [draw]) });
}

async function resized(graphs, image, { height, width }) {
  if (image.dims[2] === height && image.dims[3] === width) return image;
  const outcome = await graphs.run('resize', { image, size: size(graphs.ort, { height, width }) });
  return outcome.resized;
}

/** The next state, from the outputs called `next_` and the name; the old one is let go. */
function advanced(state, outcome) {
  dispose(state);
  return Object.fromEntries(Object.keys(state).map((name) => [name, outcome[`next_${name}`]]));
}

/** The graphics card's memory is freed by hand; what lies elsewhere goes with its last reader. */
function dispose(tensors) {
  for (const tensor of Object.values(tensors ?? {})) {
    if (tensor.location === 'gpu-buffer') tensor.dispose();
  }
}

/**
 * @param {typeof import('onnxruntime-web')} ort
 * @param {Tensor} tensor
 * @returns {Promise<Tensor>} that the processor can read
 */
export async function onProcessor(ort, tensor) {
  if (tensor.location === 'cpu') return tensor;
  return float32(ort, await tensor.getData(), tensor.dims);
}

const size = (ort, { height, width }) => int64(ort, [height, width]);
const int64 = (ort, values) =>
  new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);
const float32 = (ort, values, dims) => new ort.Tensor('float32', Float32Array.from(values), dims);
const zeros = (ort, dims) =>
  new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
