// Pictures: files to pixels, pixels to the float arrays that graphs take, and back.

import { Refusal } from './refusal.mjs';

const MOST_PIXELS = 100_000_000;

/**
 * Decodes an image file: upright, in sRGB; what is transparent in parts is refused.
 *
 * @param {Blob} file
 * @param {string} name
 * @returns {Promise<OffscreenCanvas>}
 */
export async function decode(file, name) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Refusal(
      `“${name}” cannot be read: it is damaged, or not an image that this browser knows. ` +
        'PNG, JPEG and WebP are.',
    );
  });
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    throw new Refusal(`“${name}” has ${width} × ${height} pixels; at most 100 megapixels will do.`);
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  for (let place = 3; place < data.length; place += 4) {
    if (data[place] < 255) {
      throw new Refusal(`“${name}” is transparent in parts. Crop it, or fill them.`);
    }
  }
  return canvas;
}

/**
 * @param {Float32Array} planes
 * @returns {boolean} whether the image has no colour: all its channels are alike
 */
export function isGrey(planes) {
  const count = planes.length / 3;
  return planes.every((value, place) => value === planes[place % count]);
}

/**
 * @param {Float32Array} planes
 * @returns {Float32Array} the mean of the channels in each of them
 */
export function inGrey(planes) {
  const count = planes.length / 3;
  return planes.map((_, place) => {
    const pixel = place % count;
    return (planes[pixel] + planes[count + pixel] + planes[2 * count + pixel]) / 3;
  });
}

/**
 * @param {Uint8ClampedArray} rgba
 * @returns {Float32Array} [1, 3, H, W] in [0, 1]
 */
export function toPlanes(rgba) {
  const count = rgba.length / 4;
  const planes = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) {
      planes[channel * count + i] = rgba[4 * i + channel] / 255;
    }
  }
  return planes;
}

/**
 * @param {Float32Array} planes [1, 3, H, W]; what is outside [0, 1] is clipped
 * @returns {Uint8ClampedArray} rounded to nearest
 */
export function toRgba(planes) {
  const count = planes.length / 3;
  const rgba = new Uint8ClampedArray(4 * count).fill(255);
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) {
      rgba[4 * i + channel] = planes[channel * count + i] * 255;
    }
  }
  return rgba;
}
