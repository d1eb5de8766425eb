// One run in a thread of its own, so that the page stays alive. The page ends it by 'stop'.

import { openFolder } from './folder.mjs';
import { toPlanes, toRgba } from './pictures.mjs';
import { Refusal, inWords } from './refusal.mjs';
import { onProcessor, synthesize } from './synthesis.mjs';

const RUNTIME = new URL('./onnxruntime-web/', import.meta.url).href;
const SECONDS_BETWEEN_PICTURES = 0.1;

const stop = new AbortController();

self.onmessage = ({ data }) => {
  if (data === 'stop') stop.abort();
  else work(data);
};

async function work(request) {
  try {
    const ort = await loadRuntime(request.backend, request.threads);
    const graphs = await open(ort, request);
    await run(ort, graphs, request);
  } catch (error) {
    if (stop.signal.aborted) post({ type: 'finished', stopped: true });
    else post({ type: 'failed', sentence: inWords(error) });
  }
}

/** The build with WebGPU is twice as large: it is loaded where it is used. */
async function loadRuntime(backend, threads) {
  const build = backend === 'webgpu' ? 'ort.webgpu.min.mjs' : 'ort.wasm.min.mjs';
  const ort = await import(RUNTIME + build).catch(() => {
    throw new Refusal('onnxruntime-web is not there. Run “npm install” in the example’s folder.');
  });
  ort.env.wasm.wasmPaths = RUNTIME;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return ort;
}

function open(ort, { url, manifest, backend }) {
  const onProgress = (received, total) => post({ type: 'download', received, total });
  return openFolder(ort, url, manifest, backend, onProgress, stop.signal);
}

async function run(ort, graphs, { exemplar, scales, seed }) {
  const { width, height, data } = exemplar;
  const original = new ort.Tensor('float32', toPlanes(data), [1, 3, height, width]);
  let shown = -Infinity;
  let last = null;
  for await (const { image, ...step } of synthesize(graphs, original, scales, seed)) {
    const ends = step.scale === scales.length - 1 && step.step === scales.at(-1).steps - 1;
    const stopped = stop.signal.aborted;
    if (!Number.isFinite(step.loss)) throw notFinite(step, scales);
    post({ type: 'step', ...step });
    if (ends || stopped || performance.now() - shown > 1000 * SECONDS_BETWEEN_PICTURES) {
      last = await onProcessor(ort, image);
      show(last, step, scales);
      shown = performance.now();
    }
    if (stopped) break;
    await messagesRead();
  }
  post({ type: 'finished', stopped: stop.signal.aborted, image: last.data });
}

function show({ data, dims }, step, scales) {
  if (!data.every(Number.isFinite)) throw notFinite(step, scales);
  const rgba = toRgba(data);
  post({ type: 'picture', height: dims[2], width: dims[3], rgba }, [rgba.buffer]);
}

function notFinite({ scale, step }, scales) {
  return new Refusal(
    `The image is no longer finite at step ${step + 1} of scale ${scale + 1} of ${scales.length}; ` +
      'the picture is the last one that was.',
  );
}

/** Lets 'stop' through: a run on the processor leaves the thread no pause of its own. */
function messagesRead() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}

const post = (message, transfer = []) => self.postMessage(message, transfer);
