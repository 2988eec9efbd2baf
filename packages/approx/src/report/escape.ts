/**
 * Text made safe to stand in HTML, SVG and attribute values.
 *
 * Five characters have meaning in markup and become entities. Characters that XML forbids, and those that turn the
 * direction of the text around them, become U+FFFD: a layer's name must not be able to break or to disguise the page it
 * is printed on.
 */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** C0 and C1 controls except tab and line feed, lone surrogates, bidirectional controls, non-characters. */
const refused = /(?![\t\n])\p{Cc}|\p{Surrogate}|[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** The text with everything that markup would act on replaced. */
export function escapeText(text: string): string {
  return text.replace(refused, '\ufffd').replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
