/**
 * The style sheet of the report.
 *
 * Colours are custom properties, set once for light and once for dark screens; print is always light. No element has a
 * style of its own, so a page policy needs to allow this one sheet only.
 */

import { paletteCss, paper, seriesColours } from './palette.ts';

const light = `--paper:${paper.light};--ink:#16191d;--soft:#59616b;--faint:#e4e7eb;--rail:#9aa2ac;--wash:#f5f6f8;--before:#cdd5e0;--after:#2e40a3;--warn:#8a4b00;--yes:#1b6e3c;--no:#a32015;`;
const dark = `--paper:${paper.dark};--ink:#e9ebee;--soft:#a2a9b3;--faint:#2a2f37;--rail:#6b7480;--wash:#1c2027;--before:#3d4653;--after:#7ea6ff;--warn:#ffb454;--yes:#6fd08c;--no:#ff8f80;`;

const page = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1128px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:30px;line-height:1.2;margin:4px 0 6px;overflow-wrap:anywhere;letter-spacing:-.01em}
h2{font-size:20px;line-height:1.3;margin:52px 0 12px}
h3{font-size:16px;line-height:1.35;margin:0 0 4px}
h4{font-size:14px;line-height:1.35;margin:26px 0 8px}
p{margin:0 0 10px;max-width:70ch;overflow-wrap:anywhere}
a{color:inherit}
.eyebrow,.lead{color:var(--soft);margin:0}
.eyebrow{font-size:13px;letter-spacing:.04em}
.warned{margin:8px 0 0}.warned,.warned a{color:var(--warn)}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,220px),1fr));gap:24px 32px;margin:28px 0 0;padding:22px 0;border:solid var(--faint);border-width:1px 0}
.numbers div{display:flex;flex-direction:column}
.numbers dt{order:2;font-weight:600;margin-top:2px}
.numbers dd{margin:0}
.numbers .big{order:1;font-size:34px;line-height:1.1;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums;white-space:nowrap}
.numbers .big span{color:var(--soft);font-weight:400}
.numbers .detail{order:3;color:var(--soft);font-size:14px;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:0 -24px;padding:0 24px}
table{border-collapse:collapse;font-size:13.5px;line-height:1.35;font-variant-numeric:tabular-nums;min-width:100%}
th,td{padding:6px 0 6px 14px;text-align:left;vertical-align:baseline;white-space:nowrap;font-weight:400}
th:first-child,td:first-child{padding-left:0}
tbody th{position:sticky;left:0;background:var(--paper);font-weight:600}
thead th{color:var(--soft);font-size:12.5px;padding-bottom:5px;vertical-align:bottom;white-space:normal}
thead tr:last-child th{border-bottom:1px solid var(--rail)}
.groups th{padding-bottom:0;text-align:right}
.groups th span{display:block;border-bottom:1px solid var(--faint);padding-bottom:3px}
tbody th,tbody td{border-bottom:1px solid var(--faint)}
tfoot th,tfoot td{font-weight:600;padding-top:8px}
.n{text-align:right}
small{font-size:.86em;color:var(--soft);font-weight:400}
.remark{display:block}
details{margin:12px 0 0;font-size:14px}
summary{cursor:pointer;color:var(--soft);padding:4px 0}
details p,details li{font-size:13.5px;color:var(--soft);max-width:90ch}
.wrap{display:block;white-space:normal;min-width:15em;max-width:70ch}
.verdict{font-weight:600;white-space:nowrap}.verdict.yes{color:var(--yes)}.verdict.no{color:var(--no)}.verdict.open{color:var(--soft)}
.claims{list-style:none;padding:0;margin:0 0 20px}.claims li{padding-left:12px;border-left:3px solid var(--faint);margin:0 0 8px}
.after{margin-top:12px;color:var(--soft);font-size:14px}
.headed h4{margin:0 0 4px}.headed{min-width:0;break-inside:avoid}
.charts svg:only-child{max-width:680px}
.quiet th,.quiet td{color:var(--soft)}
.chosen th,.chosen td{background:var(--wash)}
.figures{display:grid;grid-template-columns:1fr 1fr;gap:52px 40px;margin-top:52px}
figure{margin:0;min-width:0;grid-column:1/-1;break-inside:avoid}
figure.half{grid-column:auto}
figcaption{margin-bottom:14px}
figcaption p{color:var(--soft);font-size:14px;margin:0;max-width:75ch}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:28px 40px}
.aside{display:grid;grid-template-columns:minmax(0,560px) minmax(220px,1fr);gap:0 40px;align-items:start}
.aside figcaption{grid-column:2;grid-row:1;padding-top:22px}
.aside .charts{grid-column:1;grid-row:1}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr));gap:26px 28px}
.panel{break-inside:avoid;min-width:0}
.panel p{display:flex;justify-content:space-between;gap:10px;margin:0 0 4px;font-size:14px;font-variant-numeric:tabular-nums;white-space:nowrap}
.panel span{color:var(--soft)}
.terms{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:14px 32px;margin:0}
.terms dt{color:var(--soft);font-size:13px}
.terms dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
ul{margin:0;padding-left:20px}
li{margin:0 0 6px;max-width:75ch;overflow-wrap:anywhere}
.inline{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:6px}
.inline li{margin:0;background:var(--wash);border-radius:4px;padding:2px 8px;font-size:14px}`;

const plots = `
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-size:12px;fill:var(--ink);font-family:inherit;font-variant-numeric:tabular-nums}
svg .tick,svg .axis{fill:var(--soft)}
.grid{stroke:var(--faint);stroke-width:1}
.rail{stroke:var(--rail);stroke-width:1}
.rule{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 3}
svg .rule-name{fill:var(--soft)}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.mark{stroke:var(--paper);stroke-width:1}
.whisker{stroke-width:1.1;opacity:.5}
.leader{fill:none;stroke:var(--rail);stroke-width:.6}
.before{fill:var(--before)}.after{fill:var(--after)}
.join{stroke:var(--before);stroke-width:3}
.hollow{fill:var(--paper);stroke:var(--soft);stroke-width:1.8}
.filled{fill:var(--after)}
.catch{fill:transparent}`;

const narrow = `
@media (max-width:860px){.aside{display:block}.figures{grid-template-columns:minmax(0,1fr)}figure .charts{max-width:560px}}
@media (max-width:560px){main{padding:24px 16px 48px}.wrap{min-width:11em}h1{font-size:25px}h2{margin-top:40px}.figures{gap:44px;margin-top:40px}.scroll{margin:0 -16px;padding:0 16px}
.numbers{gap:22px}.numbers .big{font-size:31px}.panels{grid-template-columns:1fr 1fr;gap:24px 16px}.panel p{display:block}.panel b{display:block}
.terms{grid-template-columns:1fr 1fr;gap:12px 20px}}
@media print{body{font-size:11pt}main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}.scroll{overflow:visible;margin:0;padding:0}table{font-size:8.5pt}th,td{padding-left:9px}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}`;

/** The whole sheet; it refers to nothing outside itself. */
export function reportStyles(): string {
  const slots = seriesColours
    .map((_, slot) => `.line.s${slot}{stroke:var(--s${slot})}.mark.s${slot}{fill:var(--s${slot})}`)
    .join('');
  const themes =
    `:root{color-scheme:light;${light}${paletteCss('light')}}` +
    `@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${dark}${paletteCss('dark')}}}`;
  return `${themes}${page}${plots}\n${slots}${narrow}\n`;
}
