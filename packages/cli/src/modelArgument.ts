/**
 * The MODEL argument: a model file, a network of the zoo, or a layer list with its weights.
 *
 * Model files and layer lists are told apart by their content. A layer list's weights are `<name>.safetensors` in its folder,
 * with the name from the description, or else the only safetensors file there.
 */

import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { FormatError, readSafetensors } from '@rankwise/tensor';
import { alexNet, loadModel, modelFromLayerList, sppNet7, vgg16 } from '@rankwise/nn';
import type { InitializeOptions, Model } from '@rankwise/nn';

import { looksLikeSafetensors } from './data/arrayFile.ts';
import { CommandError, UsageError, describeSystemError, namingFile } from './failures.ts';
import { readFileBytes } from './readFileBytes.ts';

const zooPrefix = 'zoo:';
const weightsEnding = '.safetensors';

export interface ModelFiles {
  readonly model: Model;
  /** None for a network of the zoo. */
  readonly files: readonly string[];
}

/** Networks that need no file, by the name after `zoo:`. */
const zoo: ReadonlyMap<string, (options: InitializeOptions) => Model> = new Map([
  ['sppnet7', sppNet7],
  ['alexnet', alexNet],
  ['vgg16', vgg16],
]);

/** True when the argument names a network of the zoo, whose weights are random. */
export function isZooModel(argument: string): boolean {
  return argument.startsWith(zooPrefix);
}

/**
 * The model an argument names.
 * @param options - for networks of the zoo: the seed of their random weights, or `initialize: false` for none
 * @throws UsageError when the zoo has no such network.
 * @throws CommandError, FormatError, ShapeError or DomainError when a file cannot be read or its content is refused; the message
 * begins with the file's name.
 * @example
 * import { openModel } from '@rankwise/cli';
 * (await openModel('zoo:sppnet7', { initialize: false })).name // => 'spp-net-7'
 */
export async function openModel(argument: string, options: InitializeOptions = {}): Promise<Model> {
  return (await openModelFiles(argument, options)).model;
}

/** As openModel, and the names of the files the model was read from. */
export async function openModelFiles(argument: string, options: InitializeOptions = {}): Promise<ModelFiles> {
  if (isZooModel(argument)) {
    const make = zoo.get(argument.slice(zooPrefix.length));
    if (make !== undefined) return { model: make(options), files: [] };
    const known = [...zoo.keys()].map((name) => zooPrefix + name).join(', ');
    throw new UsageError(`MODEL: expected a file or one of ${known}, got '${argument}'`);
  }
  const bytes = await readFileBytes(argument);
  if (isJsonText(bytes)) return openLayerList(argument, bytes);
  return { model: await namingFile(argument, () => loadModel(bytes)), files: [argument] };
}

async function openLayerList(path: string, bytes: Uint8Array): Promise<ModelFiles> {
  const description = await namingFile(path, () => parseJson(bytes));
  const weightsPath = await weightsBeside(path, description);
  const weights = await readFileBytes(weightsPath);
  const { tensors } = await namingFile(weightsPath, () => readSafetensors(weights));
  const model = await namingFile(path, () => modelFromLayerList(description, tensors));
  return { model, files: [path, weightsPath] };
}

/** JSON text begins with a brace, after white space; a safetensors file has one only as its ninth byte. */
function isJsonText(bytes: Uint8Array): boolean {
  if (looksLikeSafetensors(bytes)) return false;
  const first = bytes.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  return bytes[first] === 0x7b;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError('json', 0, `openModel: layer list: expected JSON, got text that is not: ${reason}`);
  }
}

async function weightsBeside(path: string, description: unknown): Promise<string> {
  const folder = dirname(path);
  const present = await weightFiles(folder);
  const name = nameIn(description);
  // The name comes from a file's content: it may not lead out of the folder.
  const own = name === undefined || basename(name) !== name ? undefined : `${name}${weightsEnding}`;
  const found = present.find((file) => file === own) ?? (present.length === 1 ? present[0] : undefined);
  if (found !== undefined) return join(folder, found);
  const wanted = own === undefined ? 'one .safetensors file' : `${own} or one other .safetensors file`;
  throw new CommandError(
    `${path}: expected ${wanted} beside it, got ${present.length === 0 ? 'none' : present.join(', ')}`,
  );
}

function nameIn(description: unknown): string | undefined {
  if (typeof description !== 'object' || description === null || !('name' in description)) return undefined;
  return typeof description.name === 'string' ? description.name : undefined;
}

async function weightFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => file.endsWith(weightsEnding)).toSorted();
  } catch (error) {
    throw new CommandError(`cannot read ${folder}: ${describeSystemError(error)}`, { cause: error });
  }
}
