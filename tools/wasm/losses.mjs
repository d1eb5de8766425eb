// The first losses of exported folders, by the WebAssembly build of ONNX Runtime, without a browser.
//
//     node losses.mjs EXAMPLE SIDE STEPS FOLDER...
//
// EXAMPLE is examples/web with its packages installed. The exemplar is a pattern of SIDE pixels each
// way; a line of JSON is printed for each folder.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [example, side, steps, ...folders] = process.argv.slice(2);
const module = (name) => import(pathToFileURL(path.resolve(example, name)).href);
const runtime = 'node_modules/onnxruntime-web/dist';
const ort = await module(`${runtime}/ort.node.min.mjs`);
const { Graphs } = await module('folder.mjs');
const { synthesize } = await module('synthesis.mjs');
ort.env.wasm.numThreads = 1; // images are small, and threads that wait take the processor

for (const folder of folders) {
  const answer = await losses(folder).catch((error) => ({ problem: error.message }));
  console.log(JSON.stringify({ folder, ...answer }));
}
async function losses(folder) {
  const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
  const graphs = new Graphs(ort, manifest, await sessions(folder, manifest));
  const size = { height: Number(side), width: Number(side) };
  const rate = manifest.recipe.scales[0].learning_rate;
  const scale = { exemplar: size, output: size, steps: Number(steps), learningRate: rate };
  const found = [];
  for await (const { loss } of synthesize(graphs, pattern(Number(side)), [scale], 0)) {
    found.push(loss);
  }
  return { losses: found };
}

async function sessions(folder, manifest) {
  const weights = await readFile(path.join(folder, 'weights.bin'));
  const opened = {};
  for (const [name, { file }] of Object.entries(manifest.graphs)) {
    const model = await readFile(path.join(folder, file));
    const external = model.includes('weights.bin');
    opened[name] = await ort.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      ...(external && { externalData: [{ path: 'weights.bin', data: weights }] }),
    });
  }
  return opened;
}

/** Waves of three lengths, one a channel, in [0, 1]: the same numbers in every language. */
function pattern(side) {
  const values = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const place = (channel * side + y) * side + x;
        values[place] = 0.5 + 0.5 * Math.sin((0.7 + channel) * x + 0.4 * y);
      }
    }
  }
  return new ort.Tensor('float32', values, [1, 3, side, side]);
}
