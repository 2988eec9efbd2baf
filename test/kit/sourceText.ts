/**
 * TypeScript source as text for the guards: comments, and on request the contents of strings, are replaced by spaces.
 *
 * Every other character keeps its offset and every line break stays, so a match in the blanked text has the line number
 * of the file. A slash opens a regular expression unless it follows a value (a name, a number, a closing bracket).
 */

export interface BlankOptions {
  /** Also blank what stands between quotes, in templates (not in their `${…}`) and in regular expressions. */
  readonly strings?: boolean;
}

/** Words after which a slash opens a regular expression although they look like names. */
const wordsBeforeExpression = new Set(
  'return typeof case in of do else void delete instanceof new throw yield await default'.split(' '),
);

/** The source with comments replaced by spaces. */
export function stripComments(source: string, options: BlankOptions = {}): string {
  const scanner = new Scanner(source, options.strings === true);
  scanner.code(false);
  return scanner.text();
}

/** The line, counted from 1, of the character at `offset`. */
export function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let i = source.indexOf('\n'); i !== -1 && i < offset; i = source.indexOf('\n', i + 1)) line++;
  return line;
}

/** Offset of the bracket that closes the one at `open`, in text without comments and strings; its length if none does. */
export function closingBracket(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    const c = code[i] ?? '';
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c) && --depth === 0) return i;
  }
  return code.length;
}

class Scanner {
  private readonly source: string;
  private readonly strings: boolean;
  private readonly out: string[];
  private at = 0;

  constructor(source: string, strings: boolean) {
    this.source = source;
    this.strings = strings;
    this.out = source.split('');
  }

  text(): string {
    return this.out.join('');
  }

  /** Code up to the end of the source or, in a template's `${…}`, past the closing brace. */
  code(inTemplate: boolean): void {
    let depth = 0;
    while (this.at < this.source.length) {
      const c = this.source[this.at] ?? '';
      const next = this.source[this.at + 1];
      if (c === '/' && next === '/') this.blankTo(this.find('\n', 0));
      else if (c === '/' && next === '*') this.blankTo(this.find('*/', 2));
      else if (c === "'" || c === '"') this.quoted(c);
      else if (c === '`') this.template();
      else if (c === '/' && this.expressionMayStart()) this.regularExpression();
      else {
        this.at++;
        if (c === '{') depth++;
        if (c === '}' && --depth < 0 && inTemplate) return;
      }
    }
  }

  private quoted(quote: string): void {
    let end = this.at + 1;
    while (end < this.source.length && this.source[end] !== quote && this.source[end] !== '\n') {
      end += this.source[end] === '\\' ? 2 : 1;
    }
    this.literal(end);
  }

  private regularExpression(): void {
    let end = this.at + 1;
    let inClass = false;
    for (; end < this.source.length; end++) {
      const c = this.source[end];
      if (c === '\n' || (c === '/' && !inClass)) break;
      if (c === '\\') end++;
      else if (c === '[') inClass = true;
      else if (c === ']') inClass = false;
    }
    this.literal(end);
  }

  private template(): void {
    this.at++;
    while (this.at < this.source.length) {
      const c = this.source[this.at];
      if (c === '`') {
        this.at++;
        return;
      }
      if (c === '$' && this.source[this.at + 1] === '{') {
        this.at += 2;
        this.code(true);
      } else {
        const end = this.at + (c === '\\' ? 2 : 1);
        if (this.strings) this.blankTo(end);
        else this.at = end;
      }
    }
  }

  /** Passes over a literal whose last character is at `last`; its contents are blanked when asked for. */
  private literal(last: number): void {
    this.at++;
    if (this.strings) this.blankTo(last);
    this.at = Math.min(last + 1, this.source.length);
  }

  private blankTo(end: number): void {
    for (; this.at < Math.min(end, this.source.length); this.at++) {
      if (this.source[this.at] !== '\n') this.out[this.at] = ' ';
    }
  }

  /** Offset past the next `text` (before it for a line break), or the end of the source. */
  private find(text: string, skip: number): number {
    const found = this.source.indexOf(text, this.at + skip);
    if (found === -1) return this.source.length;
    return text === '\n' ? found : found + text.length;
  }

  private expressionMayStart(): boolean {
    let end = this.at - 1;
    while (end >= 0 && /\s/.test(this.out[end] ?? '')) end--;
    if (end < 0) return true;
    if (/[)\]}"'`]/.test(this.out[end] ?? '')) return false;
    let start = end + 1;
    while (start > 0 && /[\w$]/.test(this.out[start - 1] ?? '')) start--;
    const word = this.out.slice(start, end + 1).join('');
    return word === '' || wordsBeforeExpression.has(word);
  }
}
