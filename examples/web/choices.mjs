// What one chooses: a picture, an exported folder, sizes, steps; and what comes of it.

import { element, hint, refuse, threadText } from './elements.mjs';
import { fetchManifest, neededFiles } from './folder.mjs';
import { decode } from './pictures.mjs';
import {
  LARGEST_SIDE,
  parseSteps,
  planScales,
  scaledExemplar,
  sizeText,
  wholeNumber,
} from './recipe.mjs';
import { Refusal, inWords } from './refusal.mjs';
import { setProportions } from './stage.mjs';

const MODELS = new URL('./models/', import.meta.url).href;
const SAMPLES = [
  'stone.jpg',
  'maple_leaves.jpg',
  'hedgehog.jpg',
  'grass.jpg',
  'brick_gray.png',
  'van_gogh_cafe.jpg',
];
const MOST_THREADS = 8;

const chosen = {
  /** @type {?OffscreenCanvas} */ exemplar: null,
  exemplarName: '',
  /** @type {?import('./folder.mjs').Manifest} */ manifest: null,
  /** Why there is none. @type {Error} */ refusal: new Refusal('Choose an exported folder first.'),
  /** Whether the output's size was typed in. */ ownSize: false,
};

/**
 * What the worker is to do.
 *
 * @returns {Promise<object>}
 */
export async function request() {
  const { exemplar, exemplarName, manifest } = chosen;
  const scales = plan();
  const seed = wholeNumber(element('seed').value, 'Seed', 0, Number.MAX_SAFE_INTEGER);
  const { backend, why } = await chooseBackend();
  const { width, height } = exemplar;
  return {
    name: `${exemplarName.replace(/\.\w+$/, '')}-${element('folder').value}`,
    url: folderUrl(),
    manifest,
    exemplar: exemplar.getContext('2d').getImageData(0, 0, width, height),
    scales,
    seed,
    backend,
    why,
    threads: threadCount(),
  };
}

/** @returns {import('./recipe.mjs').Scale[]} */
function plan() {
  const { exemplar, manifest, refusal } = chosen;
  if (!manifest) throw refusal;
  if (!exemplar) throw new Refusal('Choose a picture first.');
  const side = (id, what) => wholeNumber(element(id).value, what, 1, LARGEST_SIDE);
  const shorterSide = side('exemplar-size', 'Shorter side of the exemplar');
  const output = { height: side('height', 'Height'), width: side('width', 'Width') };
  const steps = parseSteps(element('steps').value);
  return planScales(manifest, scaledExemplar(exemplar, shorterSide), output, quality(), steps);
}

const quality = () => element('quality').value;

/** @returns {Promise<{backend: 'webgpu' | 'wasm', why: string}>} */
async function chooseBackend() {
  const choice = element('backend').value;
  if (choice === 'wasm') return { backend: 'wasm', why: 'as chosen' };
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (choice === 'webgpu') {
    if (adapter) return { backend: 'webgpu', why: 'as chosen' };
    throw new Refusal('This browser offers no WebGPU here. Choose the processor under “Runs on”.');
  }
  if (!adapter) return { backend: 'wasm', why: 'this browser offers no WebGPU here' };
  // It is slower than WebAssembly.
  if (adapter.info?.isFallbackAdapter) {
    return { backend: 'wasm', why: 'the processor only imitates a graphics card here' };
  }
  return { backend: 'webgpu', why: 'there is a graphics card' };
}

function threadCount() {
  return crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS) : 1;
}

/** Shows the exemplar as it will be compared with, and what the run will do. */
function showPlan() {
  if (!chosen.exemplar || !chosen.manifest) return;
  try {
    const scales = plan();
    const { exemplar, output } = scales.at(-1);
    showExemplar(exemplar);
    setProportions(exemplar, output);
    const usual = planScales(chosen.manifest, exemplar, output, quality());
    element('steps').placeholder = usual.map(({ steps }) => steps).join(', ');
    const steps = scales.map((scale) => scale.steps).join(' + ');
    hint('plan', `${steps} steps at ${scales.map((scale) => sizeText(scale.output)).join(', ')}`);
  } catch (error) {
    hint('plan', inWords(error), true);
  }
}

function showExemplar({ width, height }) {
  const canvas = element('exemplar');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(chosen.exemplar, 0, 0, width, height);
  element('exemplar-size-text').textContent = sizeText(canvas);
}

// The exported folder

const folderUrl = () => `${MODELS}${encodeURIComponent(element('folder').value)}/`;

async function chooseFolder() {
  const url = folderUrl();
  const outcome = await fetchManifest(url).catch((error) => error);
  if (url !== folderUrl()) return; // another one has been chosen since
  chosen.manifest = outcome instanceof Error ? null : outcome;
  if (outcome instanceof Error) {
    chosen.refusal = outcome;
    hint('folder-hint', inWords(outcome), true);
    hint('plan', '');
    return;
  }
  const { recipe, size } = outcome;
  hint('folder-hint', describe(outcome));
  element('exemplar-size').value ||= recipe.exemplar_size;
  element('seed').value ||= recipe.seed;
  for (const side of ['width', 'height']) element(side).readOnly = size !== null;
  proposeSize();
}

function describe(manifest) {
  const { network, layers, losses, files, size } = manifest;
  const bytes = neededFiles(manifest).reduce((sum, name) => sum + (files[name]?.bytes ?? 0), 0);
  const parts = [
    losses.map(({ name }) => name).join(' + '),
    `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} of ` +
      network.architecture.replace('vgg', 'VGG-'),
    `${Math.ceil(bytes / 1e6)} MB`,
  ];
  if (network.weights_random) parts.push('random weights');
  if (size) parts.push(`${sizeText(size)} pixels only`);
  return parts.join(', ');
}

/** Fills the list of folders, and takes the first. */
export async function listFolders() {
  const response = await fetch(`${MODELS}folders.json`).catch(() => null);
  const names = response?.ok ? await response.json() : [];
  if (names.length === 0) {
    throw new Refusal(
      'The server has no exported folder. Run “texonnx export”, then reload this page.',
    );
  }
  element('folder').replaceChildren(...names.map((name) => new Option(name)));
  await chooseFolder();
}

/** The output is as large as the scaled exemplar until one says otherwise. */
function proposeSize() {
  const { exemplar, manifest, ownSize } = chosen;
  if (exemplar && manifest && (manifest.size || !ownSize)) {
    const shorterSide = Number(element('exemplar-size').value);
    const { width, height } = manifest.size ?? scaledExemplar(exemplar, shorterSide);
    element('width').value = width || '';
    element('height').value = height || '';
  }
  showPlan();
}

// The picture

async function chooseExemplar(blob, name) {
  refuse(null);
  try {
    chosen.exemplar = await decode(blob, name);
  } catch (error) {
    refuse(inWords(error));
    return;
  }
  chosen.exemplarName = name;
  for (const button of element('samples').children) {
    button.setAttribute('aria-pressed', String(button.dataset.name === name));
  }
  proposeSize();
}

async function chooseSample(name) {
  const response = await fetch(new URL(`./samples/${name}`, import.meta.url)).catch(() => null);
  if (response?.ok) await chooseExemplar(await response.blob(), name);
  else refuse(`The server does not have the sample ${name}.`);
}

/** Shows the samples, and takes the first. */
export async function listSamples() {
  for (const name of SAMPLES) {
    const title = name.replace(/\.\w+$/, '').replaceAll('_', ' ');
    const button = Object.assign(document.createElement('button'), { type: 'button', title });
    button.dataset.name = name;
    button.setAttribute('aria-pressed', 'false');
    button.append(Object.assign(new Image(), { src: `samples/${name}`, alt: title }));
    button.onclick = () => chooseSample(name);
    element('samples').append(button);
  }
  await chooseSample(SAMPLES[0]);
}

// Fields

export function listenToFields() {
  element('folder').onchange = chooseFolder;
  element('file').onchange = ({ target }) => {
    if (target.files[0]) chooseExemplar(target.files[0], target.files[0].name);
  };
  for (const side of ['width', 'height']) {
    element(side).oninput = () => {
      chosen.ownSize = true;
      showPlan();
    };
  }
  element('exemplar-size').oninput = proposeSize;
  element('steps').oninput = showPlan;
  element('quality').onchange = showPlan;
  listenForDrops();
}

function listenForDrops() {
  const dragging = (is) => document.body.classList.toggle('dragging', is);
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    dragging(true);
  });
  document.addEventListener('dragleave', () => dragging(false));
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    dragging(false);
    const file = event.dataTransfer.files[0];
    if (file && !element('choices').disabled) chooseExemplar(file, file.name);
  });
}

/** Says what the processor can do here, and refuses a page that can check no files. */
export function describeProcessor() {
  if (!isSecureContext) {
    throw new Refusal(
      'Open this page over https or from localhost: elsewhere a browser checks no files and lends ' +
        'no threads.',
    );
  }
  hint(
    'backend-hint',
    crossOriginIsolated
      ? `The processor gives ${threadText(threadCount())}.`
      : 'The processor gives one thread: the server does not send the headers COOP and COEP, ' +
          'without which a browser lends no more.',
  );
}
