/**
 * Images and labels in array files: one array of a .npy file, or the tensors `images` and `labels` of a safetensors file.
 *
 * | what   | shape                                        | element type            |
 * |--------|----------------------------------------------|-------------------------|
 * | images | [n, h, w], [n, h, w, c] or [n, c, h, w]      | u8 as stored, f32 ready |
 * | labels | [n]                                          | u8 or i32               |
 *
 * i64 labels become i32 and f16 images f32, as the readers of @rankwise/tensor do it.
 */

import {
  DomainError,
  FormatError,
  ShapeError,
  formatShape,
  hasDType,
  readNpy,
  readSafetensors,
} from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

import type { ImageSet, Labels } from './imageSet.ts';

const npyMagic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const prefixBytes = 8;
const openingBrace = 0x7b;

/** True when the bytes start as a .npy file does. */
export function looksLikeNpy(bytes: Uint8Array): boolean {
  return bytes.length >= npyMagic.length && npyMagic.every((byte, index) => bytes[index] === byte);
}

/** True when the bytes start with a length that fits in them and an opening brace, as safetensors files do. */
export function looksLikeSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length <= prefixBytes || bytes[prefixBytes] !== openingBrace) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset, prefixBytes).getBigUint64(0, true);
  return length <= BigInt(bytes.length - prefixBytes);
}

/**
 * Images from the bytes of a .npy file.
 * @throws FormatError from readNpy.
 * @throws ShapeError when the array has neither 3 nor 4 axes.
 * @throws DomainError when its elements are neither u8 nor f32.
 */
export function readNpyImages(bytes: Uint8Array): ImageSet {
  return { images: asImages(readNpy(bytes)) };
}

/**
 * Images, and labels if there are any, from the bytes of a safetensors file.
 * @throws FormatError from readSafetensors, or `no-images` when no tensor is called `images`.
 * @throws ShapeError when the images have neither 3 nor 4 axes, or the labels not 1.
 * @throws DomainError when the images are neither u8 nor f32, or the labels no integers.
 */
export function readSafetensorsImages(bytes: Uint8Array): ImageSet {
  const { images, labels } = readSafetensors(bytes).tensors;
  if (images === undefined) {
    throw new FormatError('no-images', 0, "readSafetensorsImages: bytes: expected a tensor called 'images', got none");
  }
  return { images: asImages(images), ...(labels === undefined ? {} : { labels: asLabels(labels) }) };
}

/**
 * The tensor as labels.
 * @throws ShapeError when it has not one axis.
 * @throws DomainError when its elements are no integers.
 */
export function asLabels(tensor: Tensor): Labels {
  if (tensor.shape.length !== 1) {
    throw new ShapeError(`labels: expected one axis, [images], got ${formatShape(tensor.shape)}`);
  }
  if (hasDType(tensor, 'u8') || hasDType(tensor, 'i32')) return tensor;
  throw new DomainError(`labels: expected integers (u8 or i32), got ${tensor.dtype}`);
}

/**
 * The tensor as images.
 * @throws ShapeError when it has neither 3 nor 4 axes.
 * @throws DomainError when its elements are neither u8 nor f32.
 */
export function asImages(tensor: Tensor): ImageSet['images'] {
  if (tensor.shape.length !== 3 && tensor.shape.length !== 4) {
    const expected = '[n, h, w], [n, h, w, c] or [n, c, h, w]';
    throw new ShapeError(`images: expected ${expected}, got ${formatShape(tensor.shape)}`);
  }
  if (hasDType(tensor, 'u8') || hasDType(tensor, 'f32')) return tensor;
  throw new DomainError(`images: expected u8 or f32, got ${tensor.dtype}`);
}
