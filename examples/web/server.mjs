// Serves the page, ONNX Runtime, the exported folders and the samples, with the two headers
// without which a browser gives a page no threads.

import { createReadStream, existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = /^\/([a-z]+\.(html|css|mjs))?$/;
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
};
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'X-Content-Type-Options': 'nosniff',
  // Ask each time whether a file has changed; if it has not, the browser's copy will do.
  'Cache-Control': 'no-cache',
};

const options = readOptions();

const MOUNTS = {
  '/models/': resolve(options.models),
  '/onnxruntime-web/': join(HERE, 'node_modules', 'onnxruntime-web', 'dist'),
  '/samples/': resolve(HERE, '..', '..', 'images'),
};

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '8000' },
        models: { type: 'string', default: join(HERE, '..', '..', 'models') },
      },
    });
    if (/^\d+$/.test(values.port) && Number(values.port) < 65536) return values;
    return fail(`--port: 0 to 65535 is accepted, not '${values.port}'`);
  } catch (error) {
    return fail(error.message);
  }
}

/** The folders of /models/ that `texonnx export` wrote. */
async function exportedFolders() {
  const entries = await readdir(MOUNTS['/models/']).catch(() => []);
  const exported = (name) => existsSync(join(MOUNTS['/models/'], name, 'manifest.json'));
  return entries.filter(exported).sort();
}

/** The file that a path stands for, or null. */
function fileOf(path) {
  if (PAGE.test(path)) return join(HERE, path === '/' ? 'index.html' : path);
  for (const [prefix, folder] of Object.entries(MOUNTS)) {
    const file = join(folder, path.slice(prefix.length));
    if (path.startsWith(prefix) && file.startsWith(folder + sep)) return file;
  }
  return null;
}

async function answer(request, response) {
  const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
  if (path === '/models/folders.json') {
    response.writeHead(200, { ...HEADERS, 'Content-Type': TYPES['.json'] });
    response.end(JSON.stringify(await exportedFolders()));
    return;
  }
  const file = fileOf(path);
  const status = file && (await stat(file).catch(() => null));
  if (!status?.isFile()) {
    response.writeHead(404, HEADERS).end('There is no such file.\n');
    return;
  }
  const tag = `"${status.size}-${status.mtimeMs}"`;
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304, { ...HEADERS, ETag: tag }).end();
    return;
  }
  response.writeHead(200, {
    ...HEADERS,
    ETag: tag,
    'Content-Length': status.size,
    'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
  });
  if (request.method === 'HEAD') response.end();
  else pipeline(createReadStream(file), response, () => {});
}

function listen() {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(400, HEADERS).end('Bad request.\n'));
  });
  server.on('error', (error) => fail(`cannot listen on port ${options.port}: ${error.message}`));
  server.listen(Number(options.port), options.host, () => {
    console.log(`texonnx in a browser: http://${options.host}:${server.address().port}/`);
  });
}

function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}

if (!existsSync(MOUNTS['/onnxruntime-web/'])) {
  fail('onnxruntime-web is not installed; run: npm install');
}
listen();
