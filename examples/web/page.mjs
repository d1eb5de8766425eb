// The page: starts runs, and stops them.

import {
  describeProcessor,
  listFolders,
  listSamples,
  listenToFields,
  request,
} from './choices.mjs';
import { element, refuse, say, threadText, timeText } from './elements.mjs';
import { inWords } from './refusal.mjs';
import { clearStage, downloadPicture, showDownload, showPicture, showStep } from './stage.mjs';

/** The newest run. @type {?Run} */
let newest = null;

/** For scripts that watch the page: what the newest run has left. */
window.texonnx = { lastRun: null };

/** A run, in a worker of its own that ends with it: so all of its memory is given back. */
class Run {
  /** @param {object} wanted from `request` */
  constructor(wanted) {
    this.wanted = wanted;
    this.history = [];
    this.started = performance.now();
    this.worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = () => this.end('failed', 'The run ended: its worker could not start.');
    this.worker.postMessage(wanted);
  }

  hear({ type, ...message }) {
    if (type === 'download') showDownload(message);
    if (type === 'picture') showPicture(message);
    if (type === 'failed') this.end('failed', message.sentence);
    if (type === 'finished') this.end(message.stopped ? 'stopped' : type, null, message.image);
    if (type === 'step') {
      this.history.push(message);
      showStep(this.wanted.scales, this.history);
    }
  }

  stop() {
    element('stop').disabled = true;
    say('Stopping after this step');
    this.worker.postMessage('stop');
  }

  end(state, error, image = null) {
    this.worker.terminate();
    const { backend, threads } = this.wanted;
    const { width, height } = element('texture');
    window.texonnx.lastRun = {
      state,
      history: this.history,
      width,
      height,
      image,
      backend,
      threads,
    };
    refuse(error);
    say(error ? '' : this.summary(state));
    showState(state);
  }

  summary(state) {
    const { backend, threads, why } = this.wanted;
    const seconds = (performance.now() - this.started) / 1000;
    const where = backend === 'webgpu' ? 'WebGPU' : threadText(threads);
    const verb = state === 'stopped' ? 'Stopped' : 'Finished';
    return `${verb}: ${this.history.length} steps in ${timeText(seconds)} with ${where} (${why}).`;
  }
}

async function start() {
  refuse(null);
  element('start').disabled = true;
  try {
    const wanted = await request();
    clearStage(wanted.scales.at(-1));
    say('Fetching the network');
    newest = new Run(wanted);
    showState('running');
  } catch (error) {
    refuse(inWords(error));
  }
  element('start').disabled = false;
}

/** @param {'running' | 'finished' | 'stopped' | 'failed'} state */
function showState(state) {
  const runs = state === 'running';
  const focused = runs || document.activeElement === element('stop');
  document.body.dataset.state = state;
  element('choices').disabled = runs;
  element('start').hidden = runs;
  element('stop').hidden = !runs;
  element('stop').disabled = false;
  if (focused) element(runs ? 'stop' : 'start').focus();
}

async function begin() {
  element('form').onsubmit = (event) => {
    event.preventDefault();
    start();
  };
  element('stop').onclick = () => newest.stop();
  element('download').onclick = () => downloadPicture(newest.wanted.name);
  listenToFields();
  try {
    describeProcessor();
    await Promise.all([listFolders(), listSamples()]);
  } catch (error) {
    refuse(inWords(error));
    element('start').disabled = true;
  }
}

begin();
