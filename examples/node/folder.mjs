// An exported folder: its manifest, checked, and its graphs.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import ort from 'onnxruntime-node';
import { UserError } from './errors.mjs';

const SCHEMA_VERSION = 4;

/** The graphs of an exported folder; each is loaded when it first runs. */
export class Folder {
  #sessions = new Map();

  static async open(place) {
    const folder = new Folder();
    folder.path = place;
    folder.manifest = await readManifest(place);
    return folder;
  }

  has(graph) {
    return graph in this.manifest.graphs;
  }

  /** Feed a graph the inputs that it names; return its outputs by name. */
  async run(graph, values) {
    if (!this.#sessions.has(graph)) this.#sessions.set(graph, await this.#load(graph));
    const session = this.#sessions.get(graph);
    const feed = Object.fromEntries(session.inputNames.map((name) => [name, values[name]]));
    return session.run(feed);
  }

  async #load(graph) {
    const file = path.join(this.path, this.manifest.graphs[graph].file);
    const options = {
      executionProviders: ['cpu'],
      enableMemPattern: false, // sizes change from scale to scale
      logSeverityLevel: 4, // failures come back as exceptions
    };
    try {
      return await ort.InferenceSession.create(file, options);
    } catch (error) {
      const reason = error.message.split('\n')[0];
      throw new UserError(
        `ONNX Runtime ${ort.env.versions.node} cannot load '${file}': ${reason}`,
      );
    }
  }
}

async function readManifest(folder) {
  const manifest = parse(folder, await manifestText(folder));
  if (manifest.schema_version !== SCHEMA_VERSION) {
    throw new UserError(
      `'${folder}' is of schema version ${manifest.schema_version}, not ${SCHEMA_VERSION}`,
    );
  }
  if (manifest.recipe === null) {
    throw new UserError(`'${folder}' is for style transfer: it holds no recipe for a texture`);
  }
  for (const [name, { sha256 }] of Object.entries(manifest.files)) {
    await checkFile(path.join(folder, name), sha256);
  }
  return manifest;
}

async function manifestText(folder) {
  try {
    return await readFile(path.join(folder, 'manifest.json'), 'utf8');
  } catch {
    throw new UserError(`'${folder}' is not an exported folder: no manifest.json`);
  }
}

function parse(folder, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`'${path.join(folder, 'manifest.json')}' is not JSON`);
  }
}

async function checkFile(file, sha256) {
  const there = await stat(file).catch(() => null);
  if (!there?.isFile()) throw new UserError(`'${file}' is missing; export the folder again`);
  const digest = createHash('sha256');
  await pipeline(createReadStream(file), digest);
  if (digest.digest('hex') !== sha256) {
    throw new UserError(`'${file}' was altered: its SHA-256 is not the manifest's`);
  }
}
