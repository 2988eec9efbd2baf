/**
 * Plain data (objects, lists, numbers, text, tensors, f64 arrays) as JSON text and named tensors, and back, to the last bit.
 *
 * | in the data             | in the JSON                                     |
 * |-------------------------|-------------------------------------------------|
 * | a tensor                | `{ "$tensor": "3" }`, the tensor of that name    |
 * | a Float64Array          | `{ "$array": "4" }`, likewise, with one axis    |
 * | NaN, ±Infinity, −0      | `{ "$number": "-Infinity" }`                    |
 * | an undefined field      | left out                                        |
 *
 * Anything else, a function or a class of its own, is refused: it would come back as something else.
 */

import { DomainError, contiguous, hasDType, tensorOf } from '@rankwise/tensor';
import type { DType, Tensor } from '@rankwise/tensor';

export interface EncodedData {
  readonly text: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/**
 * @throws DomainError when a part is not plain data.
 */
export function encodePlainData(data: unknown): EncodedData {
  const tensors: Record<string, Tensor> = {};
  const keep = (tensor: Tensor): string => {
    const name = `${Object.keys(tensors).length}`;
    tensors[name] = tensor;
    return name;
  };
  return { text: JSON.stringify(encoded(data, keep)), tensors };
}

/**
 * The data again; tensors are contiguous and have memory of their own.
 * @throws SyntaxError or DomainError when the text is not what encodePlainData makes.
 */
export function decodePlainData({ text, tensors }: EncodedData): unknown {
  return decoded(JSON.parse(text), (name) => {
    const tensor = typeof name === 'string' && Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (tensor === undefined) throw refusal('decodePlainData', 'a tensor that is there', String(name));
    return tensor;
  });
}

function encoded(data: unknown, keep: (tensor: Tensor) => string): unknown {
  if (data === null || typeof data === 'string' || typeof data === 'boolean') return data;
  if (typeof data === 'number') {
    return Number.isFinite(data) && !Object.is(data, -0) ? data : { $number: Object.is(data, -0) ? '-0' : `${data}` };
  }
  if (Array.isArray(data)) return data.map((element) => encoded(element, keep));
  if (data instanceof Float64Array) return { $array: keep(tensorOf(data, [data.length])) };
  if (typeof data !== 'object') throw refusal('encodePlainData', 'plain data', `a ${typeof data}`);
  if (isTensor(data)) return { $tensor: keep(contiguous(data)) };
  const prototype: unknown = Object.getPrototypeOf(data);
  if (prototype !== null && prototype !== Object.prototype) {
    throw refusal('encodePlainData', 'plain data', `an object of the class ${data.constructor.name}`);
  }
  const fields = Object.entries(data).filter(([, value]) => value !== undefined);
  const marked = fields.find(([name]) => name.startsWith('$'));
  if (marked !== undefined) throw refusal('encodePlainData', 'field names without $ in front', marked[0]);
  return Object.fromEntries(fields.map(([name, value]) => [name, encoded(value, keep)]));
}

function decoded(json: unknown, find: (name: unknown) => Tensor): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((element) => decoded(element, find));
  if ('$number' in json) return Number(json.$number);
  if ('$tensor' in json) return find(json.$tensor);
  if ('$array' in json) {
    const tensor = find(json.$array);
    if (!hasDType(tensor, 'f64')) throw refusal('decodePlainData', 'an f64 array', tensor.dtype);
    return tensor.data;
  }
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, decoded(value, find)]));
}

function isTensor(data: object): data is Tensor<DType> {
  return 'dtype' in data && 'strides' in data && 'data' in data && ArrayBuffer.isView(data.data);
}

function refusal(caller: string, expected: string, got: string): DomainError {
  return new DomainError(`${caller}: data: expected ${expected}, got ${got}`);
}
