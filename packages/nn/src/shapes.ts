/**
 * The shape of every value of a model, without the images axis: [channels, height, width] or [features].
 *
 * This is also where the graph itself is checked: a model that passes can be executed. Values of parameters are not read
 * (validateModel does that), so a model whose weights are still placeholders passes.
 */

import { DomainError, ShapeError, formatShape } from '@rankwise/tensor';
import type { Shape } from '@rankwise/tensor';

import { describeNode } from './graph.ts';
import type { Model } from './model.ts';
import { nodeShape } from './operations/nodeShape.ts';

/**
 * The shape of the input and of every node's value, by name, in topological order.
 * @throws DomainError when names are empty or repeat, a node reads a value that does not stand before it, an attribute is out of
 *   range, a parameter does not exist, or the output is no value of the model.
 * @throws ShapeError when a node's inputs or parameters do not fit its operation; the message names the node.
 * @example
 * import { inferShapes, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 5, 5]).maxPool('pool1', { kernel: 2, stride: 2, ceil: true }).build();
 * inferShapes(model).get('pool1') // => [1, 3, 3]
 */
export function inferShapes(model: Model): Map<string, Shape> {
  const { name, shape } = model.input;
  if (shape.length !== 3 || !shape.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    const expected = 'three positive integers [channels, height, width]';
    throw new ShapeError(`inferShapes: input '${name}': expected ${expected}, got ${formatShape(shape)}`);
  }
  if (name === '') throw new DomainError('inferShapes: input: expected a name, got an empty one');
  const shapes = new Map<string, Shape>([[name, [...shape]]]);
  for (const node of model.nodes) {
    if (node.name === '') throw new DomainError(`inferShapes: nodes: expected a name, got an empty one (${node.op})`);
    if (shapes.has(node.name)) {
      throw new DomainError(`inferShapes: nodes: expected unique names, got '${node.name}' twice`);
    }
    const inputs = node.inputs.map((input) => {
      const known = shapes.get(input);
      if (known === undefined) {
        throw new DomainError(
          `inferShapes: ${describeNode(node)}: inputs: expected values made before it, got '${input}'`,
        );
      }
      return known;
    });
    shapes.set(node.name, nodeShape(node, inputs, model.parameters));
  }
  if (!shapes.has(model.output)) {
    throw new DomainError(`inferShapes: output: expected a value of model '${model.name}', got '${model.output}'`);
  }
  return shapes;
}
