// Image files <-> tensors [1, 3, H, W], RGB, in [0, 1]. sharp decodes and encodes.

import ort from 'onnxruntime-node';
import sharp from 'sharp';
import { UserError } from './errors.mjs';

export async function readPicture(file) {
  let decoded;
  let opaque;
  try {
    ({ isOpaque: opaque } = await sharp(file).stats());
    decoded = await sharp(file)
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw new UserError(`cannot read the image '${file}': ${firstLine(error)}`);
  }
  if (!opaque) throw new UserError(`'${file}' is transparent in parts; crop it, or fill them`);
  const { width, height, channels } = decoded.info;
  const pixels = width * height;
  const values = new Float32Array(3 * pixels);
  for (let channel = 0; channel < 3; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      values[channel * pixels + pixel] = decoded.data[pixel * channels + channel] / 255;
    }
  }
  return new ort.Tensor('float32', values, [1, 3, height, width]);
}

/** Whether an image has no colour: all its channels are alike. */
export function isGrey({ data }) {
  const pixels = data.length / 3;
  return data.every((value, place) => value === data[place % pixels]);
}

/** The mean of an image's channels in each of them. */
export function inGrey({ data, dims }) {
  const pixels = data.length / 3;
  const grey = data.map((_, place) => {
    const pixel = place % pixels;
    return (data[pixel] + data[pixels + pixel] + data[2 * pixels + pixel]) / 3;
  });
  return new ort.Tensor('float32', grey, dims);
}

/** Clip, round, and write as the file's suffix says. */
export async function writePicture(file, image) {
  const [, , height, width] = image.dims;
  const pixels = width * height;
  const bytes = new Uint8ClampedArray(3 * pixels); // clamps and rounds what is put into it
  for (let channel = 0; channel < 3; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      bytes[pixel * 3 + channel] = Math.fround(image.data[channel * pixels + pixel] * 255);
    }
  }
  try {
    await sharp(bytes, { raw: { width, height, channels: 3 } }).toFile(file);
  } catch (error) {
    throw new UserError(`cannot write '${file}': ${firstLine(error)}`);
  }
}

function firstLine(error) {
  return error.message.split('\n')[0];
}
