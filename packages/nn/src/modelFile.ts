/**
 * Model files: one safetensors file that holds the whole model.
 *
 * Tensors are the parameters under their own names, f32. `__metadata__` has one key of ours, `rankwise`: the graph,
 * preprocessing, class names and fixed ranks as versioned JSON (modelJson.ts). Any safetensors reader can read the weights.
 *
 * | code                   | way for the JSON or the model to be wrong (others: readSafetensors) |
 * |------------------------|---------------------------------------------------------------------|
 * | `model-missing`        | a safetensors file without the key `rankwise`                       |
 * | `model-json`           | its text is not JSON                                                |
 * | `model-version`        | a version this reader does not know                                 |
 * | `model-field`          | a field is missing, unknown or of another type; an unknown op       |
 * | `model-dtype`          | a tensor is not of floats of up to 32 bits                          |
 * | `model-tensor-missing` | a node names a tensor that is not in the file                       |
 * | `model-tensor-extra`   | a tensor that no node reads                                         |
 * | `model-invalid`        | anything else validateModel refuses: shapes, NaN, attributes        |
 */

import {
  DomainError,
  FormatError,
  ShapeError,
  hasDType,
  readSafetensors,
  safetensorsParts,
  writeSafetensors,
} from '@rankwise/tensor';
import type { FileParts, Tensor } from '@rankwise/tensor';

import { createDecoder } from './decode.ts';
import type { Decoder } from './decode.ts';
import { parameterNames } from './graph.ts';
import type { Model } from './model.ts';
import { decodeModel, encodeModel, formatVersion } from './modelJson.ts';
import type { ModelGraph } from './modelJson.ts';
import { validateModel } from './validateModel.ts';

const metadataKey = 'rankwise';

/** The header, and with it the metadata, starts here in every safetensors file. */
const headerOffset = 8;

/**
 * The model as a file. Equal models give equal bytes, and saving a loaded model gives the bytes it was loaded from
 * if they were written by this function.
 * @throws ShapeError or DomainError when the model is not valid (see validateModel).
 * @example
 * import { loadModel, saveModel, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4]).conv('conv1', { filters: 2, kernel: 3 }).relu().build();
 * const copy = loadModel(saveModel(model));
 * copy.nodes.map((node) => node.name) // => ['conv1', 'relu1']
 */
export function saveModel(model: Model): Uint8Array {
  validateModel(model);
  return writeSafetensors(model.parameters, { [metadataKey]: encodeModel(model) });
}

/**
 * The bytes of saveModel's file in parts of a few megabytes, so that a large model is not in memory twice.
 * @throws as saveModel, at once.
 * @example
 * import { modelFileParts, saveModel, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4]).conv('conv1', { filters: 2, kernel: 3 }).build();
 * modelFileParts(model).byteLength === saveModel(model).length // => true
 */
export function modelFileParts(model: Model): FileParts {
  validateModel(model);
  return safetensorsParts(model.parameters, { [metadataKey]: encodeModel(model) });
}

/**
 * The model in a file; it has passed validateModel.
 * @param bytes - a whole file as written by saveModel
 * @throws FormatError with a code from the table above, or one of readSafetensors; nothing else.
 * @example
 * import { loadModel } from '@rankwise/nn';
 * loadModel(new Uint8Array(4)) // => throws FormatError
 */
export function loadModel(bytes: Uint8Array): Model {
  const { tensors, metadata } = readSafetensors(bytes);
  const text = Object.hasOwn(metadata, metadataKey) ? metadata[metadataKey] : undefined;
  if (text === undefined) throw refused('model-missing', `file: expected '${metadataKey}' in __metadata__, got none`);
  const graph = decodeGraph(text);
  const model: Model = { ...graph, parameters: matchTensors(graph, tensors) };
  try {
    validateModel(model);
  } catch (error) {
    if (error instanceof ShapeError || error instanceof DomainError) throw refused('model-invalid', error.message);
    throw error;
  }
  return model;
}

function decodeGraph(text: string): ModelGraph {
  const decode: Decoder = createDecoder((path, expected, got) =>
    refused('model-field', `${path}: expected ${expected}, got ${got}`),
  );
  const json = parseJson(text);
  const version = decode.number(decode.object(json, 'model').get('version'), 'version');
  if (version !== formatVersion) {
    throw refused('model-version', `version: expected ${formatVersion}, got ${version}`);
  }
  return decodeModel(json, decode);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused('model-json', `${metadataKey}: expected JSON, got text that is not`);
  }
}

/** The tensors the graph names, all of them and no others. */
function matchTensors(graph: ModelGraph, tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor<'f32'>> {
  const wanted = new Set(graph.nodes.flatMap((node) => parameterNames(node)));
  const found = new Map<string, Tensor<'f32'>>();
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!wanted.has(name)) throw refused('model-tensor-extra', `tensors: expected only what nodes read, got '${name}'`);
    if (!hasDType(tensor, 'f32')) throw refused('model-dtype', `tensor '${name}': expected f32, got ${tensor.dtype}`);
    found.set(name, tensor);
  }
  const missing = [...wanted].find((name) => !found.has(name));
  if (missing !== undefined) throw refused('model-tensor-missing', `tensors: expected '${missing}', got none`);
  return Object.fromEntries(found);
}

function refused(code: string, message: string): FormatError {
  return new FormatError(code, headerOffset, `loadModel: ${message}`);
}
