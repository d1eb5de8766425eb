// An exported folder: its manifest, its files checked against it, its graphs as sessions.

import { Refusal } from './refusal.mjs';

const SCHEMA_VERSION = 4;
const WEIGHTS = 'weights.bin';
/** The graphs that hold the network; the others prepare, and always run on the processor. */
const WITH_NETWORK = ['targets', 'adam_step', 'lbfgs_step', 'discriminator_step'];
/** In the folder too, for other uses. */
const NOT_NEEDED = ['objective', 'content_targets'];
const OPTIMIZERS = ['adam_start', 'adam_step', 'lbfgs_start', 'lbfgs_step'];

/**
 * @typedef {object} Manifest
 * @property {number} schema_version
 * @property {?import('./recipe.mjs').Recipe} recipe
 * @property {number} minimum_size
 * @property {?import('./recipe.mjs').Size} size
 * @property {object} network
 * @property {{name: string, weight: number}[]} layers
 * @property {{name: string, weight: number}[]} losses
 * @property {Record<string, {file: string, outputs: {name: string, shape: (number|string)[]}[]}>}
 *   graphs
 * @property {Record<string, {sha256: string, bytes: number}>} files
 */

/**
 * Fetches the manifest of a folder, and refuses what this page cannot run.
 *
 * @param {string} url of the folder, with a slash at its end
 * @returns {Promise<Manifest>}
 */
export async function fetchManifest(url) {
  const response = await fetchOrRefuse(`${url}manifest.json`);
  const manifest = await response.json().catch(() => null);
  if (manifest?.schema_version === undefined) {
    throw new Refusal('The folder is damaged: its manifest.json cannot be read.');
  }
  if (manifest.schema_version !== SCHEMA_VERSION) {
    throw new Refusal(
      `The folder is of schema version ${manifest.schema_version}, and this page reads ` +
        `${SCHEMA_VERSION}. Export it again.`,
    );
  }
  if (manifest.recipe === null) {
    throw new Refusal(
      'This folder was exported with content layers, for style transfer. This page makes ' +
        'textures: export one without --content-layers.',
    );
  }
  return manifest;
}

/**
 * @param {Manifest} manifest
 * @returns {string[]} the files that a run needs
 */
export function neededFiles(manifest) {
  return [...neededGraphs(manifest).map((name) => manifest.graphs[name].file), WEIGHTS];
}

/** Of the optimisers' graphs only those of the recipe. */
function neededGraphs({ graphs, recipe }) {
  const used = [recipe.start_graph, recipe.step_graph];
  const needed = (name) => !NOT_NEEDED.includes(name) && !OPTIMIZERS.includes(name);
  return Object.keys(graphs).filter((name) => needed(name) || used.includes(name));
}

/**
 * The graphs of a folder, ready to run.
 */
export class Graphs {
  /**
   * @param {typeof import('onnxruntime-web')} ort
   * @param {Manifest} manifest
   * @param {Record<string, import('onnxruntime-web').InferenceSession>} sessions
   */
  constructor(ort, manifest, sessions) {
    this.ort = ort;
    this.manifest = manifest;
    this.sessions = sessions;
  }

  /**
   * Runs a graph; of `feeds` it takes what it has inputs for.
   *
   * @param {string} name
   * @param {Record<string, import('onnxruntime-web').Tensor>} feeds
   */
  run(name, feeds) {
    const session = this.sessions[name];
    return session.run(
      Object.fromEntries(session.inputNames.map((input) => [input, feeds[input]])),
    );
  }
}

/**
 * Fetches what a run needs, checks it, and makes the sessions.
 *
 * @param {typeof import('onnxruntime-web')} ort
 * @param {string} url of the folder, with a slash at its end
 * @param {Manifest} manifest
 * @param {'webgpu' | 'wasm'} backend for the graphs that hold the network
 * @param {(received: number, total: number) => void} onProgress in bytes
 * @param {AbortSignal} signal
 */
export async function openFolder(ort, url, manifest, backend, onProgress, signal) {
  const files = await fetchFiles(url, manifest, onProgress, signal);
  const externalData = [{ path: WEIGHTS, data: files[WEIGHTS] }];
  const sessions = {};
  for (const name of neededGraphs(manifest)) {
    const graph = manifest.graphs[name];
    const onGpu = backend === 'webgpu' && WITH_NETWORK.includes(name);
    sessions[name] = await ort.InferenceSession.create(files[graph.file], {
      logSeverityLevel: 3, // or it would tell each time that some nodes stay on the processor
      executionProviders: [onGpu ? 'webgpu' : 'wasm'],
      ...(onGpu && { preferredOutputLocation: locations(graph.outputs) }),
      ...(WITH_NETWORK.includes(name) && { externalData }),
    });
    signal.throwIfAborted();
  }
  return new Graphs(ort, manifest, sessions);
}

/** What goes into the next step stays on the graphics card; losses and counts are read at once. */
function locations(outputs) {
  const stays = ({ name, shape }) =>
    (name.startsWith('next_') && shape.length > 1) || name.startsWith('target.');
  return Object.fromEntries(outputs.map((one) => [one.name, stays(one) ? 'gpu-buffer' : 'cpu']));
}

async function fetchFiles(url, manifest, onProgress, signal) {
  const names = neededFiles(manifest);
  const entries = names.map((name) => manifest.files[name]);
  if (entries.some((entry) => entry === undefined)) {
    throw new Refusal('The folder is damaged: its manifest does not list the files of a run.');
  }
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  let received = 0;
  const count = (bytes) => onProgress((received += bytes), total);
  const contents = await Promise.all(
    names.map((name, index) => fetchFile(url, name, entries[index], count, signal)),
  );
  return Object.fromEntries(names.map((name, index) => [name, contents[index]]));
}

async function fetchFile(url, name, { bytes, sha256 }, onBytes, signal) {
  const response = await fetchOrRefuse(url + name, signal);
  const content = new Uint8Array(bytes);
  let filled = 0;
  for await (const chunk of chunks(response.body)) {
    if (filled + chunk.length > bytes) throw notAsExported(name);
    content.set(chunk, filled);
    filled += chunk.length;
    onBytes(chunk.length);
  }
  if (filled < bytes || (await digest(content)) !== sha256) throw notAsExported(name);
  return content;
}

/** Safari cannot iterate a stream. */
async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function fetchOrRefuse(url, signal) {
  const file = decodeURIComponent(url.split('/').at(-1));
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(`The server does not answer; it was asked for ${file}.`);
  }
  if (!response.ok) {
    throw new Refusal(`The server does not have ${file} (it says ${response.status}).`);
  }
  return response;
}

async function digest(content) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const notAsExported = (name) =>
  new Refusal(
    `The folder is damaged: ${name} is not the file that was exported, its SHA-256 differs from ` +
      'the manifest’s. Export the folder again.',
  );
