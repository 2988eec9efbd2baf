/**
 * A page around any content: the head, the style sheet, and a policy of its own.
 *
 * The page refers to nothing outside itself and has no script; its policy forbids both, so it may be opened or served anywhere.
 */

import { element } from './html.ts';
import type { Markup } from './html.ts';
import { reportStyles } from './reportStyles.ts';

const policy = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * A whole HTML document, in UTF-8 characters: light or dark as the reader's system has it, light on paper.
 * @param title - plain text
 * @param content - what stands in its main element
 * @example
 * import { element, reportPage } from '@rankwise/approx';
 * const page = reportPage('a & b', element('h1', {}, 'a & b'));
 * page.includes('<main><h1>a &amp; b</h1></main>') // => true
 */
export function reportPage(title: string, content: Markup): string {
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('meta', { name: 'color-scheme', content: 'light dark' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
    element('title', {}, title),
    // The sheet is a constant and holds no character that ends a style element.
    element('style', {}, { markup: reportStyles() }),
  );
  const body = element('body', {}, element('main', {}, content));
  return `<!DOCTYPE html>\n${element('html', { lang: 'en' }, head, body).markup}\n`;
}
