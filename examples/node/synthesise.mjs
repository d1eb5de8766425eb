#!/usr/bin/env node
// node synthesise.mjs FOLDER EXEMPLAR OUT [--size WxH] [--seed N] [--steps N[,N...]]
//
// Makes more of a texture from a folder that `texonnx export` wrote.

import './private.mjs';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { UserError } from './errors.mjs';
import { Folder } from './folder.mjs';
import { readPicture, writePicture } from './picture.mjs';
import { synthesise } from './recipe.mjs';

const USAGE =
  'node synthesise.mjs FOLDER EXEMPLAR OUT [--size WxH] [--seed N] [--steps N[,N...]] ' +
  '[--exemplar-size N] [--losses FILE]';

async function main() {
  const { places, given, losses } = parse(process.argv.slice(2));
  const [place, exemplar, out] = places;
  const folder = await Folder.open(place);
  const history = [];
  const image = await synthesise(folder, await readPicture(exemplar), given, (scale) => {
    history.push(scale);
    const [first, last] = [scale.losses[0], scale.losses.at(-1)].map((loss) => loss.toPrecision(4));
    const { width, height } = scale;
    console.log(`${width}x${height}: ${scale.losses.length} steps, loss ${first} to ${last}`);
  });
  await writePicture(out, image);
  if (losses) await writeLosses(losses, history);
}

async function writeLosses(file, history) {
  try {
    await writeFile(file, JSON.stringify(history));
  } catch (error) {
    throw new UserError(`cannot write '${file}': ${error.message}`);
  }
}

function parse(words) {
  const text = { type: 'string' };
  const options = { size: text, seed: text, steps: text, 'exemplar-size': text, losses: text };
  let parsed;
  try {
    parsed = parseArgs({ args: words, options, allowPositionals: true });
  } catch (error) {
    throw new UserError(`${error.message}; usage: ${USAGE}`);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 3) throw new UserError(`usage: ${USAGE}`);
  return {
    places: positionals,
    losses: values.losses,
    given: {
      size: values.size && parseSize(values.size),
      seed: values.seed && wholeNumber('--seed', values.seed, 0),
      steps: values.steps?.split(',').map((number) => wholeNumber('--steps', number, 1)),
      exemplarSize:
        values['exemplar-size'] && wholeNumber('--exemplar-size', values['exemplar-size'], 1),
    },
  };
}

/** Height and width of N or WxH. */
function parseSize(text) {
  const sides = text.toLowerCase().split('x').map((side) => wholeNumber('--size', side, 1));
  if (sides.length > 2) throw new UserError(`--size takes N or WxH, not '${text}'`);
  const [width, height = width] = sides;
  return [height, width];
}

function wholeNumber(option, text, least) {
  const number = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(number) || number < least) {
    throw new UserError(`${option} takes whole numbers from ${least}, not '${text}'`);
  }
  return number;
}

main().catch((error) => {
  if (!(error instanceof UserError)) throw error;
  console.error(`synthesise: ${error.message}`);
  process.exitCode = 2;
});
