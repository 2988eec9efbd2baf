/**
 * HTML and SVG elements as values, escaped by construction.
 *
 * Text enters markup in one way only: as a string child or attribute of `element`, which escapes it. A `Markup` is text
 * that has been through it already. Elements are written in the XML way (every tag closed), which HTML reads alike for
 * void elements and inside svg.
 */

import { escapeText } from './escape.ts';

/** Finished markup, told from plain text by its type. */
export interface Markup {
  readonly markup: string;
}

export type Child = Markup | string | null | readonly Child[];

/** A number that is not finite, null and false leave the attribute out; true writes it bare of meaning (`open="open"`). */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** Elements that HTML never closes with a tag of their own. */
const voidElements = new Set(['meta', 'link', 'br', 'hr', 'col']);

/**
 * One element of HTML or SVG with its attributes and children; text in either is escaped.
 * @example
 * import { element } from '@rankwise/approx';
 * element('p', { class: 'note' }, 'a < b', element('b', {}, '!')).markup // => '<p class="note">a &lt; b<b>!</b></p>'
 */
export function element(name: string, attributes: Attributes = {}, ...children: readonly Child[]): Markup {
  let tag = name;
  for (const [key, value] of Object.entries(attributes)) {
    const text = attributeText(key, value);
    if (text !== null) tag += ` ${key}="${escapeText(text)}"`;
  }
  const inside = childMarkup(children);
  const closed = inside === '' && (voidElements.has(name) || svgShapes.has(name));
  return { markup: closed ? `<${tag}/>` : `<${tag}>${inside}</${name}>` };
}

/**
 * Several pieces as one.
 * @example
 * import { element, fragment } from '@rankwise/approx';
 * fragment('a & b', element('br')).markup // => 'a &amp; b<br/>'
 */
export function fragment(...children: readonly Child[]): Markup {
  return { markup: childMarkup(children) };
}

const svgShapes = new Set(['path', 'line', 'rect', 'circle', 'polyline']);

function childMarkup(child: Child): string {
  if (child === null) return '';
  if (typeof child === 'string') return escapeText(child);
  return 'markup' in child ? child.markup : child.map(childMarkup).join('');
}

function attributeText(key: string, value: string | number | boolean | null): string | null {
  if (value === null || value === false) return null;
  if (value === true) return key;
  if (typeof value === 'string') return value;
  return Number.isFinite(value) ? coordinate(value) : null;
}

/** A number as SVG writes it: two decimals, a hundredth of a pixel, and never an exponent. */
export function coordinate(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return Math.abs(rounded) < 1e15 ? String(rounded === 0 ? 0 : rounded) : '0';
}
